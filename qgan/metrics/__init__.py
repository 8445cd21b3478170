"""How far generated jets are from real ones: pure functions on arrays, one subject per module."""

from .closure import Closure, binned_wasserstein, closure
from .distributions import separation_edges, separation_power, wasserstein
from .frechet import extrapolated_frechet, frechet_distance, gaussian_frechet
from .kernel import kernel_distance, mmd2, monomials
from .neighbours import memorising, nearest_distance, precision_recall
from .pictures import mean_image_difference, symmetry_violation, variance_ratio
from .resampling import disjoint_pairs, disjoint_parts, error_from_parts
from .two_sample import TwoSampleTest, auc_p_value, boosted_trees, roc_auc, two_sample_test

__all__ = [
    "Closure", "TwoSampleTest", "auc_p_value", "binned_wasserstein", "boosted_trees", "closure",
    "disjoint_pairs", "disjoint_parts", "error_from_parts", "extrapolated_frechet", "frechet_distance",
    "gaussian_frechet", "kernel_distance", "mean_image_difference", "memorising", "mmd2", "monomials",
    "nearest_distance", "precision_recall", "roc_auc", "separation_edges", "separation_power",
    "symmetry_violation", "two_sample_test", "variance_ratio", "wasserstein",
]
