"""The energy mover's distance: how far pT has to be carried to turn one image into another.

With shares of pT p_i, q_j at pixels (η_i, φ_i), EMD = min Σ f_ij ΔR_ij over flows f_ij ≥ 0 with Σ_j f_ij = p_i and
Σ_i f_ij = q_j, in radians (arXiv:1902.02346 for two jets of the same pT).
"""

from __future__ import annotations

import numpy as np
import ot

from qgan.data.grid import Grid

#: Pivots after which the transport solver gives up; 1,600 pixels take some thousands.
_PIVOTS = 1_000_000


def emd(first: np.ndarray, other: np.ndarray, grid: Grid) -> np.ndarray:
    """(N,) distances in radians between images (N, H, W) of shares of pT with pixels at ``grid``.

    Raises:
        ValueError: the images have another shape than the grid, or shares that do not add up to 1.
    """
    if first.shape != other.shape or first.shape[1:] != grid.shape:
        raise ValueError(f"images of shape {first.shape} and {other.shape} on a grid of {grid.shape}")
    for images in (first, other):
        if len(images) and (images.min() < 0 or np.abs(images.sum((1, 2)) - 1).max() > 1e-6):
            raise ValueError("shares of pT must be positive and add up to 1")
    eta, phi = np.meshgrid(grid.eta, grid.phi, indexing="ij")
    places = np.stack([eta.ravel(), phi.ravel()], 1)
    flat = (np.asarray(images, np.float64).reshape(len(images), -1) for images in (first, other))
    return np.array([_distance(p, q, places) for p, q in zip(*flat, strict=True)])


def _distance(p: np.ndarray, q: np.ndarray, places: np.ndarray) -> float:
    here, there = p > 0, q > 0
    steps = places[here][:, None] - places[there][None]
    return float(ot.emd2(p[here] / p[here].sum(), q[there] / q[there].sum(), np.hypot(steps[..., 0], steps[..., 1]),
                         numItermax=_PIVOTS))
