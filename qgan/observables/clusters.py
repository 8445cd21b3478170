"""Connected clusters of a jet's pixels: two that are not empty belong together if they touch, corners included."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label

from ..data.grid import Grid
from .broad import FAMILIES, Family
from .moments import quotient

UNITS = {"clusters": "", "cluster_share": "", "cluster_pixels": "", "isolated": "", "isolated_share": "",
         "neighbours": ""}
#: Within an image pixels touch, from image to image they do not.
_TOUCH = np.zeros((3, 3, 3), bool)
_TOUCH[1] = True


def measure(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Of images (N, H, W), GeV, each (N,) float64; 0 for an image without pT.

    ``clusters`` is their number; ``cluster_share`` the share of the pT in the hardest and ``cluster_pixels`` the
    number of pixels in the largest; ``isolated`` pixels touch no other, and ``isolated_share`` of the pT is in them;
    ``neighbours`` is the mean number of pixels that one touches.
    """
    lit = images > 0
    found, count = label(lit, _TOUCH)
    first = np.nonzero(lit)[0]
    number = found[lit] - 1
    pixels = np.bincount(number, minlength=count)
    pt = np.bincount(number, images[lit].astype(np.float64), count)
    jet = np.zeros(count, np.int64)
    jet[number] = first
    largest, hardest = np.zeros(len(images)), np.zeros(len(images))
    np.maximum.at(largest, jet, pixels)
    np.maximum.at(hardest, jet, pt)
    alone = pixels == 1
    total, of_jet = np.bincount(jet, pt, len(images)), lit.sum((1, 2))
    touching = ((_around(lit) - lit) * lit).sum((1, 2))
    return {"clusters": np.bincount(jet, minlength=len(images)).astype(np.float64),
            "cluster_share": quotient(hardest, total, total > 0), "cluster_pixels": largest,
            "isolated": np.bincount(jet, alone, len(images)),
            "isolated_share": quotient(np.bincount(jet, alone * pt, len(images)), total, total > 0),
            "neighbours": quotient(touching, of_jet, of_jet > 0)}


def _around(lit: np.ndarray) -> np.ndarray:
    """How many of the nine pixels around each one are not empty, itself included, (N, H, W)."""
    padded = np.pad(lit, ((0, 0), (1, 1), (1, 1))).astype(np.int64)
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]


FAMILIES.add("clusters", Family(UNITS, measure))
