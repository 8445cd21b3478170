"""``evaluate(real, fake)``: every metric with its error and its floor, as rows."""

from .rows import METRICS, Evaluation, Row
from .run import evaluate

__all__ = ["METRICS", "Evaluation", "Row", "evaluate"]
