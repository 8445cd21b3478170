"""Scores that need no training: what any trained model has to beat.

Each grows with the number of particles, so that gluon jets score higher than quark jets.
"""

from __future__ import annotations

import numpy as np

from qgan.data.jets import JetImages
from qgan.observables import arrays as observables

from .registry import TRIVIAL


@TRIVIAL.register("pixel sum / max")
def pixel_sum(jets: JetImages, scaled: np.ndarray) -> np.ndarray:
    """Sum of the pixels of max-normalised images: the pT in units of the hardest pixel, (N,)."""
    return scaled.sum((1, 2), dtype=np.float64)


@TRIVIAL.register("pixels above 0.1 GeV")
def nnz(jets: JetImages, scaled: np.ndarray) -> np.ndarray:
    """Number of pixels above 0.1 GeV, or that share of 500 GeV where images are not in GeV, (N,)."""
    return observables.observables(jets.images, jets.grid, ["nnz"], units=jets.units)["nnz"]


@TRIVIAL.register("-ptd")
def minus_ptd(jets: JetImages, scaled: np.ndarray) -> np.ndarray:
    """−√Σp² / Σp: high where the pT is spread over many pixels, (N,)."""
    return -observables.ptd(jets.images, jets.grid)
