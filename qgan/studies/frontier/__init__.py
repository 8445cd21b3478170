"""At which size, if any, a circuit is the better generator: of pixel shares, and as a GAN."""

from .gans import GanPlan, gans
from .plot import frontier_plot
from .run import Plan, Point, circuits_among, study

__all__ = ["GanPlan", "Plan", "Point", "circuits_among", "frontier_plot", "gans", "study"]
