"""Where a jet's three hardest pixels lie, how far apart, and how they share."""

from __future__ import annotations

import numpy as np

from ..data.grid import Grid
from .broad import FAMILIES, Family
from .moments import centres, quotient

UNITS = {"hardest_eta": "rad", "hardest_phi": "rad", "hardest_r": "rad", "second_eta": "rad", "second_phi": "rad",
         "second_r": "rad", "third_r": "rad", "distance_12": "rad", "distance_13": "rad", "distance_23": "rad",
         "ratio_21": "", "ratio_32": ""}


def measure(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Of images (N, H, W), GeV, each (N,) float64.

    Places and distances from the frame's origin (``hardest_r``), distances of two pixels (``distance_12``), and the
    pT of the second over the first, of the third over the second. What needs a pixel that is empty is 0. Among equal
    pixels the one in the lower row, then column, comes first.
    """
    flat = images.reshape(len(images), -1)
    # Three passes over the pixels take a third of the time of sorting them.
    left, found = flat.copy(), np.empty((len(flat), 3), np.int64)
    for k in range(3):
        found[:, k] = left.argmax(1)
        np.put_along_axis(left, found[:, k, None], -1, axis=1)
    pt = np.take_along_axis(flat, found, 1).astype(np.float64)
    lit = pt > 0
    eta, phi = (np.where(lit, side[found], 0.0) for side in centres(grid))
    distances = np.hypot(eta, phi)
    apart = {f"distance_{i + 1}{j + 1}": np.where(lit[:, j], np.hypot(eta[:, i] - eta[:, j], phi[:, i] - phi[:, j]), 0)
             for i, j in ((0, 1), (0, 2), (1, 2))}
    return {"hardest_eta": eta[:, 0], "hardest_phi": phi[:, 0], "hardest_r": distances[:, 0], "second_eta": eta[:, 1],
            "second_phi": phi[:, 1], "second_r": distances[:, 1], "third_r": distances[:, 2], **apart,
            "ratio_21": quotient(pt[:, 1], pt[:, 0], lit[:, 0]), "ratio_32": quotient(pt[:, 2], pt[:, 1], lit[:, 1])}


FAMILIES.add("hardest", Family(UNITS, measure))
