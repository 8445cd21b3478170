"""How far generated jets are from real ones: pure functions on arrays, one subject per module."""

from .closure import Closure, binned_wasserstein, closure
from .distributions import separation_edges, separation_power, wasserstein
from .frechet import drawn_frechet, extrapolated_frechet, frechet_distance, gaussian_frechet
from .image_classifier import ImageClassifier
from .kernel import kernel_distance, kernel_distances, mmd2, monomials
from .neighbours import memorising, nearest_distance, precision_recall
from .pictures import mean_image_difference, symmetry_violation, variance_ratio
from .resampling import disjoint_pairs, disjoint_parts, error_from_parts
from .two_sample import (
    Fit,
    Trial,
    TwoSampleTest,
    auc_p_value,
    auc_spread,
    boosted_trees,
    fit_network,
    fit_trees,
    one_trial,
    roc_auc,
    two_sample_test,
)

__all__ = [
    "Closure", "Fit", "ImageClassifier", "Trial", "TwoSampleTest", "auc_p_value", "auc_spread", "binned_wasserstein",
    "boosted_trees", "closure", "disjoint_pairs", "disjoint_parts", "drawn_frechet", "error_from_parts",
    "extrapolated_frechet", "fit_network", "fit_trees", "frechet_distance", "gaussian_frechet", "kernel_distance",
    "kernel_distances", "mean_image_difference", "memorising", "mmd2", "monomials", "nearest_distance", "one_trial",
    "precision_recall", "roc_auc", "separation_edges", "separation_power", "symmetry_violation", "two_sample_test",
    "variance_ratio", "wasserstein",
]
