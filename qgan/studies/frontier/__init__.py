"""At which size, if any, a circuit is the better generator of pixel shares."""

from .plot import frontier_plot
from .run import Plan, Point, study

__all__ = ["Plan", "Point", "frontier_plot", "study"]
