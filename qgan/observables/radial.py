"""How a jet's pT lies around the frame's origin: angularities, rings, and one side against the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..data.grid import Grid
from .broad import FAMILIES, Family
from .moments import shares

#: Exponents of the angularities; 1 is the mean of p ΔR again.
EXPONENTS = (0.5, 2.0, 3.0)
#: Edges of the rings in half-widths of the image; the last one takes in its corners.
RINGS = (0.0, 0.1, 0.2, 0.4, 0.7, np.inf)
UNITS = {**{f"angularity_{k:g}": "" for k in EXPONENTS}, **{f"ring_{i}": "" for i in range(1, len(RINGS))},
         "asymmetry_eta": "", "asymmetry_phi": ""}


def measure(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Of images (N, H, W), GeV, each (N,) float64; 0 for an image without pT.

    With z the shares of the pT, and ΔR the distance to the frame's origin in half-widths of the image:
    ``angularity_k`` is Σ z ΔR^k (arXiv:1408.3122); ``ring_i`` the share of the pT between two of :data:`RINGS`;
    ``asymmetry_eta`` what lies at Δη > 0 less what lies at Δη < 0, ``asymmetry_phi`` the same in Δφ.
    """
    share, distance = shares(images), grid.delta_r.ravel() / grid.half_width
    weights = {f"angularity_{k:g}": distance**k for k in EXPONENTS}
    for i, (low, high) in enumerate(pairwise(RINGS)):
        weights[f"ring_{i + 1}"] = ((distance >= low) & (distance < high)).astype(np.float64)
    eta, phi = np.broadcast_arrays(_side(grid.eta)[:, None], _side(grid.phi)[None])
    weights |= {"asymmetry_eta": eta.ravel(), "asymmetry_phi": phi.ravel()}
    values = share @ np.stack(list(weights.values()), axis=1)
    return dict(zip(weights, values.T, strict=True))


def _side(centres: np.ndarray) -> np.ndarray:
    """1, 0 or −1; the centre of an odd number of pixels is 0 up to rounding."""
    return np.sign(np.round(centres, 9))


FAMILIES.add("radial", Family(UNITS, measure))
