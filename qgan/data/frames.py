"""From constituents to images in the two frames.

``raw``: centred on the jet's axis, rows Δη, columns Δφ. ``canonical``: the leading subjet at the centre;
rotated so that the second one lies below it (at −π/2 in a picture whose row index grows downwards, so
at high row indices); mirrored so that the columns above the centre hold more pT than those below it.
Constituents are moved and then binned: no pixel is interpolated and no pT is lost but off the edges.
Padded arrays stand for jets: (N, M), a constituent with pT = 0 is none.
"""

from __future__ import annotations

import numpy as np

from .grid import Grid

#: Share of the pT by which halves may differ the other way: files keep pixels with few digits.
_STORED = 1e-4


def delta_phi(phi: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """φ − reference in [−π, π)."""
    return (phi - reference + np.pi) % (2 * np.pi) - np.pi


def raw_images(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, axis: np.ndarray, grid: Grid) -> np.ndarray:
    """Images around the jets' axes.

    Args:
        pt, eta, phi: (N, M), GeV and radians.
        axis: (N, 2), η and φ of each jet.

    Returns:
        (N, H, W) float32, GeV.
    """
    return bin_pixels(pt, eta - axis[:, :1], delta_phi(phi, axis[:, 1:]), grid)


def canonical_images(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, leading: np.ndarray, second: np.ndarray,
                     grid: Grid) -> np.ndarray:
    """Images in the canonical frame.

    Args:
        pt, eta, phi: (N, M), GeV and radians.
        leading: (N, 2), η and φ of the leading subjet.
        second: (N, 2), the same of the second one; NaN where there is none: the principal axis of the
            constituents is then turned to lie below, its harder half downwards.
        grid: as high below the centre as above it, and as wide left as right.

    Returns:
        (N, H, W) float32, GeV.
    """
    d_eta, d_phi = eta - leading[:, :1], delta_phi(phi, leading[:, 1:])
    down_eta, down_phi = _downwards(pt, d_eta, d_phi, leading, second)
    row = d_eta * down_eta + d_phi * down_phi
    column = d_phi * down_eta - d_eta * down_phi
    return parity_flip(bin_pixels(pt, row, column, grid))


def parity_flip(images: np.ndarray) -> np.ndarray:
    """Mirrors the images whose columns below the centre hold more pT than those above it."""
    return np.where((left_excess(images) > 0)[:, None, None], images[:, :, ::-1], images)


def left_excess(images: np.ndarray) -> np.ndarray:
    """What the columns below the centre hold more than those above it, (N,) float64, in the images' unit."""
    half = images.shape[2] // 2
    left = images[:, :, :half].sum(axis=(1, 2), dtype=np.float64)
    return left - images[:, :, -half:].sum(axis=(1, 2), dtype=np.float64)


def left_heavy(images: np.ndarray) -> np.ndarray:
    """Which images break the canonical frame's law, (N,) bool, beyond what pixels stored with few digits do."""
    return left_excess(images) > _STORED * images.sum(axis=(1, 2), dtype=np.float64)


def bin_pixels(pt: np.ndarray, row: np.ndarray, column: np.ndarray, grid: Grid) -> np.ndarray:
    """Sums pT in the pixels of ``grid`` from coordinates (N, M) along rows and columns (radians).

    Returns:
        (N, H, W) float32, GeV; what lies outside the grid is left out.
    """
    i = _index(row, grid.eta_range, grid.height)
    j = _index(column, grid.phi_range, grid.width)
    inside = (pt > 0) & (i >= 0) & (i < grid.height) & (j >= 0) & (j < grid.width)
    jet = np.nonzero(inside)[0]
    flat = (jet * grid.height + i[inside]) * grid.width + j[inside]
    total = np.bincount(flat, weights=pt[inside], minlength=len(pt) * grid.height * grid.width)
    return total.reshape(len(pt), grid.height, grid.width).astype(np.float32)


def _index(position: np.ndarray, edges: tuple[float, float], n: int) -> np.ndarray:
    return np.floor((position - edges[0]) * (n / (edges[1] - edges[0]))).astype(np.int64)


def _downwards(pt: np.ndarray, d_eta: np.ndarray, d_phi: np.ndarray, leading: np.ndarray,
               second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit vector (η, φ), (N, 1) each, that is turned to point to higher rows."""
    step = np.stack([second[:, 0] - leading[:, 0], delta_phi(second[:, 1], leading[:, 1])], axis=1)
    single = np.isnan(step[:, 0])
    step[single] = _principal_axis(pt[single], d_eta[single], d_phi[single])
    length = np.hypot(*step.T)
    step[length == 0], length[length == 0] = (1.0, 0.0), 1.0
    eta, phi = (step / length[:, None]).T
    return eta[:, None], phi[:, None]


def _principal_axis(pt: np.ndarray, d_eta: np.ndarray, d_phi: np.ndarray) -> np.ndarray:
    """(N, 2): the direction in which the pT spreads most, towards the side that holds more of it."""
    angle = np.arctan2(2 * (pt * d_eta * d_phi).sum(1), (pt * (d_eta**2 - d_phi**2)).sum(1)) / 2
    eta, phi = np.cos(angle), np.sin(angle)
    along = (pt * (d_eta * eta[:, None] + d_phi * phi[:, None])).sum(1)
    return np.stack([eta, phi], axis=1) * np.where(along < 0, -1.0, 1.0)[:, None]
