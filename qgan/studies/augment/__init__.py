"""What generated jets are good for: training a tagger with them, and filling histograms with them."""

from .plan import Results, StudyPlan
from .study import study
from .summary import summarise
from .table import as_text

__all__ = ["Results", "StudyPlan", "as_text", "study", "summarise"]
