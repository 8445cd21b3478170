"""The units of pixels: GeV, or a share of something; what has no GeV is cut at shares of the jet's pT."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Scale:
    """Images of any units as if they were in GeV, and back: what learns from jets knows cuts and sums in GeV alone.

    Attributes:
        units: of the images.
        factor: GeV of one of their units, where these are unknown but the same for all jets.

    >>> Scale("max").from_gev(np.array([[[100.0, 400.0]]]))
    array([[[0.25, 1.  ]]])
    """

    units: Units = "GeV"
    factor: float = 1.0

    @classmethod
    def of(cls, images: np.ndarray, units: Units) -> Scale:
        """For images (N, H, W); those of unknown units have :data:`NOMINAL_PT` in the middle."""
        if units != "unknown":
            return cls(units)
        total = images.sum((1, 2), dtype=np.float64)
        return cls(units, NOMINAL_PT / float(np.median(total[total > 0])))

    def to_gev(self, images: np.ndarray) -> np.ndarray:
        """Images as if in GeV; those that are shares add up to :data:`NOMINAL_PT`."""
        return images * np.float32(self.factor) if self.units == "unknown" else in_cut_units(images, self.units)

    def from_gev(self, images: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`to_gev`."""
        if self.units in ("GeV", "unknown"):
            return images if self.units == "GeV" else images / np.float32(self.factor)
        whole = images.sum((1, 2), keepdims=True) if self.units == "sum" else images.max((1, 2), keepdims=True)
        return np.divide(images, whole, out=np.zeros_like(images), where=whole > 0)


def title(unit: str, units: Units) -> str:
    """A unit of a table in which GeV is replaced by what the pixels are in.

    >>> title("ln GeV", "max")
    'ln share of the maximum'
    """
    return unit.replace("GeV", TITLES[units])


def without_softest(images: np.ndarray, units: Units) -> np.ndarray:
    """Pixels (N, H, W) with those under :data:`CUT` set to 0, as everything measures them."""
    return np.where(above_cut(images, units), images, np.float32(0))
