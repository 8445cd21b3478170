"""The terms of the generator's and the discriminator's loss, each registered by name (:mod:`.registry`)."""

from .adversarial import ADVERSARIAL, Adversarial, FromLogits, r1_penalty
from .coding import Coding
from .matching import RememberedMatching, SortedMatching
from .picture import MeanImage, mean_image_targets
from .registry import TERMS, Setting, term
from .statistics import StatisticsKL
from .total import GeneratorBatch, Term, WeightedSum

__all__ = [
    "ADVERSARIAL", "TERMS", "Adversarial", "Coding", "FromLogits", "GeneratorBatch", "MeanImage", "RememberedMatching",
    "Setting", "SortedMatching", "StatisticsKL", "Term", "WeightedSum", "mean_image_targets", "r1_penalty", "term",
]
