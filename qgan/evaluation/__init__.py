"""``evaluate(real, fake)``: every metric with its error and its floor, as rows."""

from .controls import negative_controls
from .reference import Reference, evaluate
from .registry import METRICS, Headline, Metric, metric, register
from .result import Evaluation
from .rows import Curve, Row
from .sample import Sample

__all__ = ["METRICS", "Curve", "Evaluation", "Headline", "Metric", "Reference", "Row", "Sample", "evaluate", "metric",
           "negative_controls", "register"]
