"""Scores that need no training: what any trained model has to beat.

Each grows with the number of particles, so that gluon jets score higher than quark jets.
"""

from __future__ import annotations

import numpy as np

from qgan.data.jets import JetImages
from qgan.observables import arrays as observables


def pixel_sum(images: np.ndarray) -> np.ndarray:
    """Sum of the pixels of max-normalised images (N, H, W): the pT in units of the hardest pixel, (N,)."""
    return images.sum((1, 2), dtype=np.float64)


def nnz(jets: JetImages) -> np.ndarray:
    """Number of pixels above 0.1 GeV, (N,)."""
    return observables.nnz(jets.images, jets.grid)


def minus_ptd(jets: JetImages) -> np.ndarray:
    """−√Σp² / Σp: high where the pT is spread over many pixels, (N,)."""
    return -observables.ptd(jets.images, jets.grid)
