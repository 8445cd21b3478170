"""What is measured on a jet image: N images in, N numbers out, in float64.

With the pT ``p_i`` (GeV) of pixel i, whose centre lies at (η_i, φ_i) in the frame's coordinates, and
``z_i = p_i / Σ p``; ΔR_i is the distance to the frame's origin. Pixels are massless cells. An image
without any pT has 0 for everything. The differentiable versions are in :mod:`qgan.observables.tensors`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.grid import Grid
from ..data.units import Units, in_cut_units
from .energy_flow import MAX_CELLS, correlation_ratio
from .registry import OBSERVABLES, measured
from .subjettiness import tau_from_images

#: Pixels below this pT (GeV) count as empty in ``nnz``.
THRESHOLD = 0.1
#: Sizes of the leading fractions: ``leading_k`` is the share of the pT in the k hardest pixels.
LEADING = (1, 2, 3, 5)
#: Those of :func:`subjettiness`.
TAUS = ("tau_1", "tau_21", "tau_32")
_BLOCK = 4096


def observables(images: np.ndarray, grid: Grid, names: Sequence[str] | None = None, *,
                units: Units = "GeV") -> dict[str, np.ndarray]:
    """Several observables at once.

    Args:
        images: (N, H, W) pixel pT in ``units``.
        grid: where the pixels lie.
        names: which ones; all of :func:`~qgan.observables.registry.measured` if left out.

        units: of the pixels, and of what has the unit GeV; without GeV thresholds are shares of the jet's pT.

    Returns:
        Each name's values, (N,) float64.

    Raises:
        ValueError: a name that is not known, or images of another shape than the grid.

    >>> images = np.zeros((1, 3, 3))
    >>> images[0, 1, 1] = 250.0
    >>> observables(images, Grid.square(3, 0.3), ["pt", "nnz"])
    {'pt': array([250.]), 'nnz': array([1.])}
    """
    names = measured() if names is None else names
    unknown = [name for name in names if name not in OBSERVABLES or OBSERVABLES[name].arrays is None]
    if unknown:
        raise ValueError(f"unknown observables {', '.join(unknown)}; known are {', '.join(measured())}")
    if images.ndim != 3 or images.shape[1:] != grid.shape:
        raise ValueError(f"images of shape {images.shape} do not fit a grid of {grid.height} x {grid.width} pixels")
    out = {name: np.zeros(len(images)) for name in names}
    for start in range(0, len(images), _BLOCK):
        block = np.asarray(images[start:start + _BLOCK], dtype=np.float64)
        # One clustering for all of them.
        taus = subjettiness(block, grid) if any(name in TAUS for name in names) else {}
        for name in names:
            seen = in_cut_units(block, units) if OBSERVABLES[name].cuts else block
            out[name][start:start + _BLOCK] = taus[name] if name in taus else _single(name, seen, grid)
    return out


def pt(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Scalar sum of the pixels, GeV."""
    return _flat(images).sum(1)


def mass(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Invariant mass of the massless cells at the frame's coordinates, GeV."""
    eta, phi = (a.ravel() for a in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
    p4 = _flat(images) @ np.stack([np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta)], axis=1)
    return np.sqrt(np.maximum(p4[:, 0] ** 2 - (p4[:, 1:] ** 2).sum(1), 0.0))


def delta_r_mean(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Mean over all pixels of p_i ΔR_i, GeV."""
    return (_flat(images) * grid.delta_r.ravel()).mean(1)


def delta_r_std(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Standard deviation over all pixels of p_i ΔR_i, GeV."""
    return (_flat(images) * grid.delta_r.ravel()).std(1)


def width(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Σ p ΔR / Σ p with ΔR from the pT centroid, radians."""
    share = _shares(images)
    return (share * np.sqrt(_centroid_delta_r2(share, grid))).sum(1)


def sigma_r(images: np.ndarray, grid: Grid) -> np.ndarray:
    """√(Σ p ΔR² / Σ p − width²) with ΔR from the pT centroid, radians."""
    share = _shares(images)
    delta_r2 = _centroid_delta_r2(share, grid)
    return np.sqrt(np.maximum((share * delta_r2).sum(1) - (share * np.sqrt(delta_r2)).sum(1) ** 2, 0.0))


def pixel_mean(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Mean over all pixels, GeV."""
    return _flat(images).mean(1)


def pixel_std(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Standard deviation over all pixels, GeV."""
    return _flat(images).std(1)


def nnz(images: np.ndarray, grid: Grid, threshold: float = THRESHOLD) -> np.ndarray:
    """Number of pixels above ``threshold`` (GeV)."""
    return (_flat(images) > threshold).sum(1).astype(np.float64)


def ptd(images: np.ndarray, grid: Grid) -> np.ndarray:
    """√(Σ p²) / Σ p: 1 for a single pixel, 1/√n for n equal ones."""
    return np.sqrt((_shares(images) ** 2).sum(1))


def leading_fraction(images: np.ndarray, grid: Grid, k: int = 1) -> np.ndarray:
    """Share of the pT in the ``k`` hardest pixels."""
    share = _shares(images)
    k = min(k, share.shape[1])
    return np.partition(share, -k, axis=1)[:, -k:].sum(1)


def c2(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Energy correlation double ratio C2 = e3 / e2², β = 1 (arXiv:1305.0007)."""
    return correlation_ratio(images, grid)


def subjettiness(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """``tau_1``, ``tau_21`` and ``tau_32`` of the pixels (kT axes, β = 1, divided by the image's half-width).

    Of the ``MAX_CELLS`` hardest pixels: real jets have fewer, and kT clustering of hundreds takes minutes.
    """
    flat = _flat(images)
    if flat.shape[1] > MAX_CELLS:
        faintest = np.partition(flat, -MAX_CELLS, axis=1)[:, -MAX_CELLS, None]
        flat = np.where(flat >= faintest, flat, 0.0)
    return tau_from_images(flat.reshape(images.shape), grid)


def _single(name: str, images: np.ndarray, grid: Grid) -> np.ndarray:
    measure = OBSERVABLES[name].arrays
    assert measure is not None
    values = measure(images, grid)
    if np.shape(values) != (len(images),):
        raise ValueError(f"observable {name}: gave an array of shape {np.shape(values)}, expected ({len(images)},)")
    return values


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64, copy=False)


def _shares(images: np.ndarray) -> np.ndarray:
    flat = _flat(images)
    total = flat.sum(1, keepdims=True)
    return flat / np.where(total > 0, total, 1.0)


def _centroid_delta_r2(share: np.ndarray, grid: Grid) -> np.ndarray:
    """Squared distance of every pixel to each jet's pT centroid, (N, pixels)."""
    eta, phi = (a.ravel() for a in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
    return (eta - (share @ eta)[:, None]) ** 2 + (phi - (share @ phi)[:, None]) ** 2
