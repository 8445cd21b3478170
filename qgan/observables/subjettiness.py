"""N-subjettiness of many jets at once.

    τ_N = Σ_i pT_i · min_k ΔR(i, k) / (R0 · Σ_i pT_i),      k over N axes, β = 1

(Thaler and Van Tilburg, arXiv:1011.2268). The axes are the N subjets of exclusive kT clustering
(:mod:`qgan.data.axes`). ΔR is in rapidity and φ. Padded arrays stand for jets: (N, M), a constituent with pT = 0
is none.
"""

from __future__ import annotations

import numpy as np

from ..data.axes import distance2, kt_axes
from ..data.grid import Grid

#: Jets merged together: large enough to hide Python's cost, small enough for the processor's cache.
BLOCK = 1024
#: Pixels below this (GeV) are no constituents.
PIXEL_THRESHOLD = 1e-3


def n_subjettiness(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, r0: float, n_max: int = 3) -> np.ndarray:
    """τ_1 … τ_n_max of jets of massless constituents.

    Args:
        pt, eta, phi: (N, M), GeV and radians; pT = 0 pads.
        r0: the radius that τ is divided by.

    Returns:
        (N, n_max) float64; 0 where a jet has no more constituents than axes, or none at all.
    """
    pt, eta, phi = (np.asarray(x, dtype=np.float64) for x in (pt, eta, phi))
    phi = np.where((phi < -np.pi) | (phi > 2 * np.pi), phi % (2 * np.pi), phi)
    count = (pt > 0).sum(axis=1)
    tau = np.zeros((len(pt), n_max))
    order = np.argsort(-count, kind="stable")
    for start in range(0, len(pt), BLOCK):
        rows = order[start:start + BLOCK]
        most = int(count[rows[0]])
        if most == 0:
            break
        # Constituents first, padding last, then no wider than the fullest jet of the block.
        front = np.argsort(pt[rows] <= 0, axis=1, kind="stable")[:, :most]
        block_pt, block_eta, block_phi = (np.take_along_axis(x[rows], front, axis=1) for x in (pt, eta, phi))
        tau[rows] = _tau_of_block(block_pt, block_eta, block_phi, count[rows], n_max)
    return tau / r0


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """τ_b / τ_a, and 0 where τ_a = 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def tau_from_images(images: np.ndarray, grid: Grid, threshold: float = PIXEL_THRESHOLD) -> dict[str, np.ndarray]:
    """N-subjettiness of pixels, divided by the image's half-width.

    Args:
        images: (N, H, W), GeV.
        threshold: pixels below it (GeV) are left out.

    On a grid some d_ij are equal; the order of the pixels then decides. So τ_2 and τ_3 of an image and of its
    mirror image differ in part of the jets, and from FastJet's in up to a third of them (gluons), by up to 0.05.

    Returns:
        ``tau_1``, ``tau_2``, ``tau_3``, ``tau_21``, ``tau_32``, each (N,) float64.
    """
    flat = np.asarray(images).reshape(len(images), -1)
    taken = flat > threshold
    width = int(taken.sum(axis=1).max(initial=0))
    front = np.argsort(~taken, axis=1, kind="stable")[:, :width]
    pt = np.take_along_axis(np.where(taken, flat, 0), front, axis=1)
    eta, phi = (x.ravel()[front] for x in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
    return tau_table(n_subjettiness(pt, eta, phi, grid.half_width))


def axes_of_images(images: np.ndarray, grid: Grid, n_max: int = 3, most: int = 64) -> np.ndarray:
    """Exclusive-kT axes of the ``most`` hardest pixels of each image (N, H, W).

    Returns:
        (n_max, N, n_max, 2): the (rapidity, φ) of the n axes of each image in ``[n - 1, :, :n]``; infinity elsewhere,
        and where an image has fewer than n pixels.
    """
    flat = np.asarray(images, np.float64).reshape(len(images), -1)
    front = np.argsort(-flat, axis=1, kind="stable")[:, :most]
    pt = np.take_along_axis(flat, front, axis=1)
    pt[pt <= PIXEL_THRESHOLD] = 0
    count = (pt > 0).sum(axis=1)
    order = np.argsort(-count, kind="stable")
    axes = np.full((n_max, len(flat), n_max, 2), np.inf)
    if len(flat) and count.max():
        width = int(count.max())
        eta, phi = (x.ravel()[front[order, :width]] for x in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
        for n, found in enumerate(kt_axes(pt[order, :width], eta, phi, count[order], n_max)):
            for side, values in enumerate(found):
                axes[n, order[:len(values)], :n + 1, side] = values
    return axes


def tau_table(tau: np.ndarray) -> dict[str, np.ndarray]:
    """The columns and ratios of :func:`n_subjettiness` under the names that files use."""
    one, two, three = tau.T
    return {"tau_1": one, "tau_2": two, "tau_3": three, "tau_21": ratio(two, one), "tau_32": ratio(three, two)}


def _tau_of_block(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, count: np.ndarray, n_max: int) -> np.ndarray:
    tau = np.zeros((len(pt), n_max))
    for n, (axis_y, axis_phi) in enumerate(kt_axes(pt, eta, phi, count, n_max)):
        jets = len(axis_y)
        nearest = np.full((jets, pt.shape[1]), np.inf)
        for k in range(n + 1):
            distance = distance2(eta[:jets], phi[:jets], axis_y[:, k, None], axis_phi[:, k, None])
            np.minimum(nearest, distance, out=nearest)
        tau[:jets, n] = _sum(pt[:jets] * np.sqrt(nearest)) / _sum(pt[:jets])
        tau[:jets, n][count[:jets] <= n + 1] = 0  # each constituent is its own axis, up to rounding
    return tau


def _sum(values: np.ndarray) -> np.ndarray:
    """Of rows (N, M), one number after the other: so zeros at the end, as many as another jet needs, change nothing."""
    return np.cumsum(values, axis=1)[:, -1]
