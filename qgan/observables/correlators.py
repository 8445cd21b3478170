"""Two-point correlators of a jet's pixels: by their distance, and from neighbour to neighbour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..data.grid import Grid
from .broad import FAMILIES, Family
from .moments import centres, quotient, shares

#: Edges of the distances in half-widths of the image; a pixel is not paired with itself.
DISTANCES = (1e-9, 0.1, 0.2, 0.4, 0.8, np.inf)
UNITS = {**{f"pairs_{i}": "" for i in range(1, len(DISTANCES))}, "next_eta": "", "next_phi": "", "next_diagonal": ""}


def measure(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Of images (N, H, W), GeV, each (N,) float64; 0 for an image without pT.

    ``pairs_i`` is Σ z_a z_b over all ordered pairs of pixels whose distance lies between two of :data:`DISTANCES`,
    with z the shares of the pT (the energy-energy correlator, in bins). ``next_eta`` is Σ p_a p_b / Σ p² over the
    pairs of neighbours in a column, ``next_phi`` in a row, ``next_diagonal`` over a corner.
    """
    share = shares(images)
    eta, phi = centres(grid)
    apart = np.hypot(eta[:, None] - eta, phi[:, None] - phi) / grid.half_width
    z, squared = share.reshape(images.shape), (share**2).sum(1)
    single = share.astype(np.float32)
    found = {f"pairs_{i + 1}": ((single @ ((apart >= low) & (apart < high)).astype(np.float32)) * share).sum(1)
             for i, (low, high) in enumerate(pairwise(DISTANCES[:-1]))}
    # All pairs add up to (Σ z)² − Σ z², where what is left may be negative by rounding.
    rest = share.sum(1) ** 2 - squared - sum(found.values())
    found[f"pairs_{len(DISTANCES) - 1}"] = np.maximum(rest, 0)
    products = {"next_eta": z[:, 1:] * z[:, :-1], "next_phi": z[:, :, 1:] * z[:, :, :-1],
                "next_diagonal": z[:, 1:, 1:] * z[:, :-1, :-1] + z[:, 1:, :-1] * z[:, :-1, 1:]}
    return found | {name: quotient(p.sum((1, 2)), squared, squared > 0) for name, p in products.items()}


FAMILIES.add("correlators", Family(UNITS, measure))
