"""Pictures of an evaluation, each a function that returns a figure; ``save_plots`` writes them all."""

from .closure import closure_plot
from .correlations import correlation_plot
from .gathered import Drawn, figures, save_figure, save_plots
from .histograms import observable_histograms, pixel_spectrum
from .pictures import gallery, mean_images
from .style import CLASS_NAMES, colour, to_png

__all__ = ["CLASS_NAMES", "Drawn", "closure_plot", "colour", "correlation_plot", "figures", "gallery", "mean_images",
           "observable_histograms", "pixel_spectrum", "save_figure", "save_plots", "to_png"]
