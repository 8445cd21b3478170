"""The observables that losses use, in torch: the same numbers as :mod:`qgan.observables.arrays`, with gradients.

Images are (N, H, W) tensors of pixel pT in GeV, on any device; each function gives (N,). Square roots
have gradient 0 where their argument is 0 (an empty image, a single pixel), never NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from ..data.grid import Grid
from .arrays import THRESHOLD
from .registry import OBSERVABLES
from .subjettiness import axes_of_images

#: Width of the soft count's step, GeV: small against typical soft pixels (0.1 to 1 GeV).
TEMPERATURE = 0.05


def statistics(images: Tensor, grid: Grid, names: Sequence[str]) -> dict[str, Tensor]:
    """What loss terms ask for by name.

    Args:
        images: (N, H, W) pixel pT in GeV.
        grid: where the pixels lie.
        names: observables with a gradient, each (N,); ``leading_K``, ``clumps_K`` and ``count_T`` with any number
            (see :func:`leading_fraction`, :func:`clumps`, :func:`count_above`); and ``shares`` of the pT, (N, pixels).

    Nothing but the axes of τ is shared between them: each has its own way back to the images, so that a gradient
    is the same sum in the same order, to the last bit, whatever else is asked for or known already.

    Raises:
        ValueError: a name that is none of these.
    """
    functions = {name: _function(name) for name in names if name not in _TAUS}
    taus = subjettiness(images, grid) if len(functions) < len(set(names)) else {}
    return {name: functions[name](images, grid) if name in functions else taus[_TAUS[name]] for name in names}


def pt(images: Tensor, grid: Grid) -> Tensor:
    """Scalar sum of the pixels, GeV."""
    return images.flatten(1).sum(1)


def mass(images: Tensor, grid: Grid) -> Tensor:
    """Invariant mass of massless cells, GeV.

    E² − p² would lose all digits of a narrow jet in float32. With a = Σp (cosh η − 1) and
    b = Σp (1 − cos φ) it is (a + b)(2Σp + a − b) − p_y² − p_z², where every term is of the order of m².
    """
    sums = images.flatten(1) @ _mass_weights(grid, images.dtype, images.device)
    total, a, b, py, pz = sums.unbind(1)
    return safe_sqrt((a + b) * (2 * total + a - b) - py**2 - pz**2)


def delta_r_mean(images: Tensor, grid: Grid) -> Tensor:
    """Mean over all pixels of p_i ΔR_i, GeV."""
    return _times_delta_r(images, grid).mean(1)


def delta_r_std(images: Tensor, grid: Grid) -> Tensor:
    """Standard deviation over all pixels of p_i ΔR_i, GeV."""
    return safe_sqrt(_times_delta_r(images, grid).var(1, correction=0))


def width(images: Tensor, grid: Grid) -> Tensor:
    """Σ p ΔR / Σ p with ΔR from the pT centroid, radians."""
    share = _shares(images)
    return (share * safe_sqrt(_centroid_delta_r2(share, grid))).sum(1)


def centroid_eta(images: Tensor, grid: Grid) -> Tensor:
    """Σ p Δη / Σ p, radians."""
    return _shares(images) @ _coordinates(grid, images.dtype, images.device)[0]


def centroid_phi(images: Tensor, grid: Grid) -> Tensor:
    """Σ p Δφ / Σ p, radians."""
    return _shares(images) @ _coordinates(grid, images.dtype, images.device)[1]


def sigma_r(images: Tensor, grid: Grid) -> Tensor:
    """√(Σ p ΔR² / Σ p − width²) with ΔR from the pT centroid, radians."""
    share = _shares(images)
    delta_r2 = _centroid_delta_r2(share, grid)
    return safe_sqrt((share * delta_r2).sum(1) - (share * safe_sqrt(delta_r2)).sum(1) ** 2)


def pixel_mean(images: Tensor, grid: Grid) -> Tensor:
    """Mean over all pixels, GeV."""
    return images.flatten(1).mean(1)


def pixel_std(images: Tensor, grid: Grid) -> Tensor:
    """Standard deviation over all pixels, GeV."""
    return safe_sqrt(images.flatten(1).var(1, correction=0))


def soft_nnz(images: Tensor, grid: Grid | None = None, threshold: float = THRESHOLD,
             temperature: float = TEMPERATURE) -> Tensor:
    """Σ sigmoid((p − threshold)/temperature), scaled so that an empty pixel counts 0 and a hard one 1.

    Without that scale hundreds of empty pixels would add up to a count of their own.
    """
    empty = torch.sigmoid(torch.tensor(-threshold / temperature, dtype=images.dtype)).item()
    return ((torch.sigmoid((images - threshold) / temperature) - empty) / (1 - empty)).flatten(1).sum(1)


def count_above(images: Tensor, grid: Grid | None, threshold: float) -> Tensor:
    """Σ sigmoid(4 ln(p/threshold)) = Σ p⁴/(p⁴ + threshold⁴): a count that is soft on a logarithmic scale."""
    fourth = images.square().square()
    return (fourth / (fourth + threshold**4)).flatten(1).sum(1)


def subjettiness(images: Tensor, grid: Grid, n_max: int = 3) -> dict[str, Tensor]:
    """``tau_1`` … and their ratios ``tau_21``, ``tau_32``, each (N,), with the axes held fixed.

    The axes come from exclusive-kT clustering on the CPU, without a gradient: where they lie is a choice of the
    clustering, and τ is near its minimum over them, so that moving them changes it little.
    """
    axes = torch.from_numpy(axes_of_images(images.detach().cpu().numpy(), grid, n_max)).to(images)
    eta, phi, _ = _coordinates(grid, images.dtype, images.device)
    share, taus = _shares(images), []
    for n in range(n_max):
        # (axes, N, pixels): a minimum over a last dimension of two or three measures ten times as slow.
        y, angle = axes[n, :, :n + 1, :, None].permute(2, 1, 0, 3)
        nearest = ((eta - y) ** 2 + (phi - angle) ** 2).amin(0).sqrt()
        # An image with fewer pixels than axes has its axes at infinity, and τ = 0.
        nearest = nearest.masked_fill(nearest.isinf(), 0.0)
        taus.append((share * nearest).sum(1) / grid.half_width)
    ratios = {f"tau_{n + 1}{n}": taus[n] / torch.where(taus[n - 1] > 0, taus[n - 1], torch.inf)
              for n in range(1, n_max)}
    return {**{f"tau_{n + 1}": tau for n, tau in enumerate(taus)}, **ratios}


def clumps(images: Tensor, grid: Grid | None, size: int) -> Tensor:
    """√(Σ q²) / (size · Σ p) with q the sums over ``size`` × ``size`` pixels around each: ptd on a coarser scale.

    Of two images with the same pixels, the one where hard pixels are neighbours has the larger value.
    """
    height, width = images.shape[1:]
    # Two small matrix products; a pooling of one-channel images takes ten times as long.
    q = _band(height, size, images.dtype, images.device) @ images @ _band(width, size, images.dtype, images.device)
    total = images.flatten(1).sum(1)
    return safe_sqrt(q.square().sum((1, 2))) / (size * torch.where(total > 0, total, torch.ones_like(total)))


def ptd(images: Tensor, grid: Grid) -> Tensor:
    """√(Σ p²) / Σ p."""
    return safe_sqrt((_shares(images) ** 2).sum(1))


def leading_fraction(images: Tensor, grid: Grid, k: int = 1) -> Tensor:
    """Share of the pT in the ``k`` hardest pixels."""
    share = _shares(images)
    return share.topk(min(k, share.shape[1]), dim=1).values.sum(1)


def safe_sqrt(x: Tensor) -> Tensor:
    """√x, and 0 with gradient 0 where x ≤ 0."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, torch.ones_like(x)).sqrt(), torch.zeros_like(x))


#: Those with a number in their name, by what stands before it.
_FAMILIES: dict[str, Callable[[str], Callable[[Tensor, Grid], Tensor]]] = {
    "leading": lambda k: partial(leading_fraction, k=int(k)), "clumps": lambda size: partial(clumps, size=int(size)),
    "count": lambda threshold: partial(count_above, threshold=float(threshold))}
#: Those of :func:`subjettiness`, whose axes they share.
_TAUS = {"image_tau_21": "tau_21", "image_tau_32": "tau_32"}


def _function(name: str) -> Callable[[Tensor, Grid], Tensor]:
    family, _, number = name.rpartition("_")
    if name == "shares":
        return lambda images, grid: _shares(images)
    if name in OBSERVABLES and (function := OBSERVABLES[name].tensors) is not None:
        return function
    if family in _FAMILIES:
        return _FAMILIES[family](number)
    known = [name for name, observable in OBSERVABLES.items() if observable.tensors is not None]
    raise ValueError(f"no statistic {name}; there are shares, {', '.join(known)} and, with a number, "
                     + ", ".join(f"{family}_" for family in _FAMILIES))


def _shares(images: Tensor) -> Tensor:
    flat = images.flatten(1)
    total = flat.sum(1, keepdim=True)
    return flat / torch.where(total > 0, total, torch.ones_like(total))


def _times_delta_r(images: Tensor, grid: Grid) -> Tensor:
    return images.flatten(1) * _coordinates(grid, images.dtype, images.device)[2]


def _centroid_delta_r2(share: Tensor, grid: Grid) -> Tensor:
    eta, phi, _ = _coordinates(grid, share.dtype, share.device)
    return (eta - (share @ eta)[:, None]) ** 2 + (phi - (share @ phi)[:, None]) ** 2


@lru_cache(maxsize=16)
def _coordinates(grid: Grid, dtype: torch.dtype, device: torch.device) -> Tensor:
    """η, φ and ΔR of the pixels, (3, pixels)."""
    eta, phi = np.meshgrid(grid.eta, grid.phi, indexing="ij")
    return _constant(np.stack([eta.ravel(), phi.ravel(), grid.delta_r.ravel()]), dtype, device)


@lru_cache(maxsize=16)
def _mass_weights(grid: Grid, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Weights of Σp, a, b, p_y, p_z in :func:`mass`, (pixels, 5)."""
    eta, phi = (a.ravel() for a in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
    columns = [np.ones_like(eta), 2 * np.sinh(eta / 2) ** 2, 2 * np.sin(phi / 2) ** 2, np.sin(phi), np.sinh(eta)]
    return _constant(np.stack(columns, axis=1), dtype, device)


@lru_cache(maxsize=16)
def _band(n: int, size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(n, n), 1 where two indices are at most ``size // 2`` apart."""
    index = np.arange(n)
    return _constant(np.abs(index[:, None] - index) <= size // 2, dtype, device)


def _constant(values: np.ndarray, dtype: torch.dtype, device: torch.device) -> Tensor:
    # A cached tensor that was made in inference mode could not be used in a later training step.
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=dtype, device=device)
