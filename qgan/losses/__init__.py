"""The terms of the generator's and the discriminator's loss."""

from .adversarial import (
    ADVERSARIAL,
    Adversarial,
    BinaryCrossEntropy,
    Hinge,
    Wasserstein,
    adversarial,
    r1_penalty,
)
from .picture import MeanImage, mean_image_targets
from .remembered import RememberedMatching
from .sparsity import SoftSparsity, UnpairedSparsity, soft_count
from .statistics import Coding, SortedMatching, StatisticsKL
from .total import GeneratorBatch, Term, WeightedSum

__all__ = [
    "ADVERSARIAL", "Adversarial", "BinaryCrossEntropy", "Coding", "GeneratorBatch", "Hinge", "MeanImage",
    "RememberedMatching", "SoftSparsity", "SortedMatching", "StatisticsKL", "Term", "UnpairedSparsity", "Wasserstein",
    "WeightedSum", "adversarial", "mean_image_targets", "r1_penalty", "soft_count",
]
