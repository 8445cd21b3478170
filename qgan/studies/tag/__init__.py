"""Which class a jet is of: several taggers on the same jets."""

from .figures import Figure, Figures, figures
from .study import Plan, Tagged, study

__all__ = ["Figure", "Figures", "Plan", "Tagged", "figures", "study"]
