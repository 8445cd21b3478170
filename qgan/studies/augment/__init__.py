"""What generated jets are good for: training a tagger with them, and filling histograms with them."""

from .plan import Plan, Results
from .study import study
from .summary import summarise
from .table import report

__all__ = ["Plan", "Results", "report", "study", "summarise"]
