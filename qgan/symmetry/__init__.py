"""Symmetries that are found: generators of what leaves jets, or a function of them, as they are, and their metric."""

from .algebra import Algebra, algebra, orthonormal, subalgebra
from .flows import Flows, flows, slope
from .liegan import LieGAN, liegan
from .metric import InvariantMetric, invariant_metric

__all__ = ["Algebra", "Flows", "InvariantMetric", "LieGAN", "algebra", "flows", "invariant_metric", "liegan",
           "orthonormal", "slope", "subalgebra"]
