"""``evaluate(real, fake)``: every metric with its error and its floor, as rows."""

from .controls import negative_controls
from .reference import Reference, evaluate
from .rows import METRICS, Curve, Evaluation, Row

__all__ = ["METRICS", "Curve", "Evaluation", "Reference", "Row", "evaluate", "negative_controls"]
