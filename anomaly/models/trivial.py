"""Scores that need no training: what any trained model has to beat.

Each grows with the number of particles, so that gluon jets score higher than quark jets.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qgan import observables
from qgan.data.jets import JetImages

from ..preprocess import prepare


def pixel_sum(jets: JetImages, size: int = 12) -> np.ndarray:
    """Sum of the pixels of the resized, max-normalised image: the pT in units of the hardest pixel, (N,)."""
    return prepare(jets, size, "max").sum((1, 2), dtype=np.float64)


def nnz(jets: JetImages, size: int = 12) -> np.ndarray:
    """Number of pixels above 0.1 GeV in the image as it is, (N,)."""
    return observables.nnz(jets.images, jets.grid)


def minus_ptd(jets: JetImages, size: int = 12) -> np.ndarray:
    """−√Σp² / Σp of the image as it is: high where the pT is spread over many pixels, (N,)."""
    return -observables.ptd(jets.images, jets.grid)


#: By name; each takes jets and the size to resize to, which only the first one does.
TRIVIAL: dict[str, Callable[[JetImages, int], np.ndarray]] = {
    "pixel sum / max": pixel_sum, "pixels above 0.1 GeV": nnz, "-ptd": minus_ptd}
