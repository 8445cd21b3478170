"""What TensorBoard shows of a training and of an evaluation: the same tags, pages and order for every run."""

from .evaluations import record_evaluation
from .training import Monitor

__all__ = ["Monitor", "record_evaluation"]
