"""``evaluate(real, fake)``: every metric with its error and its floor, as rows."""

from .controls import negative_controls
from .rows import METRICS, Curve, Evaluation, Row
from .run import evaluate

__all__ = ["METRICS", "Curve", "Evaluation", "Row", "evaluate", "negative_controls"]
