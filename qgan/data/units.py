"""The units of pixels: GeV, or a share of something; what has no GeV is cut at shares of the jet's pT."""

from __future__ import annotations

from typing import get_args

import numpy as np

from .reading import Units as Units

UNITS: tuple[Units, ...] = get_args(Units)
#: What stands in the place of GeV in a table.
TITLES: dict[Units, str] = {"GeV": "GeV", "sum": "share of the sum", "max": "share of the maximum", "unknown": "?"}
#: A cut in GeV is, of images without GeV, this part of the image's sum: that of a jet of 500 GeV.
NOMINAL_PT = 500.0
#: Median sums of images in GeV lie between these; others are no jets' pT, or are not in GeV.
PLAUSIBLE = (10.0, 20_000.0)
#: Pixels under this pT (GeV) are set to 0 before anything is measured.
CUT = 1e-3
_TOLERANCE = 2e-3


def scaled_to(images: np.ndarray) -> Units | None:
    """``sum`` or ``max`` where every image (N, H, W) that is not empty has this equal to 1; else None."""
    filled = images[images.reshape(len(images), -1).any(1)]
    if not len(filled):
        return None
    if np.allclose(filled.sum((1, 2), dtype=np.float64), 1.0, atol=_TOLERANCE):
        return "sum"
    return "max" if np.allclose(filled.max((1, 2)), 1.0, atol=1e-6) else None


def in_cut_units(images: np.ndarray, units: Units) -> np.ndarray:
    """Images (N, H, W) to which cuts in GeV apply: without GeV, scaled to a jet of :data:`NOMINAL_PT`.

    >>> in_cut_units(np.array([[[0.5, 0.5]]]), "sum")
    array([[[250., 250.]]])
    """
    if units == "GeV":
        return images
    total = images.sum((1, 2), keepdims=True, dtype=np.float64)
    scale = np.where(total > 0, NOMINAL_PT / np.where(total > 0, total, 1.0), 0.0)
    return (images * scale).astype(images.dtype, copy=False)


def above_cut(images: np.ndarray, units: Units) -> np.ndarray:
    """(N, H, W): which pixels are not under :data:`CUT`."""
    return in_cut_units(images, units) >= CUT


def title(unit: str, units: Units) -> str:
    """A unit of a table in which GeV is replaced by what the pixels are in.

    >>> title("ln GeV", "max")
    'ln share of the maximum'
    """
    return unit.replace("GeV", TITLES[units])
