"""The canonical frame for sets that come as particles, or as images in the raw frame alone.

The two subjets are those of exclusive kT clustering. Our simulation takes the two hardest of inclusive kT clustering,
so that the two agree in the leading subjet of most jets and not of all. Where only pixels are left, they stand for
particles at their centres. There is no way back: the rotation is lost.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..base.errors import DataError
from .axes import kt_axes
from .frames import canonical_images, delta_phi
from .grid import Grid
from .jets import JetImages

#: Pairs of constituents that are held at once, over all jets of a block.
_PAIRS = 10_000_000


def to_canonical(jets: JetImages, threshold: float = 1e-3) -> JetImages:
    """Images in the canonical frame, on the same pixels.

    Args:
        jets: images in the raw frame, on a grid that is as high below its centre as above, as wide left as right.
        threshold: pixels below it (GeV) are left out.

    Raises:
        DataError: the images are in the canonical frame already.
    """
    if jets.frame != "raw":
        raise DataError(jets.source, "frame", f"is {jets.frame!r}, expected 'raw'")
    flat = jets.images.reshape(len(jets), -1)
    empty = flat <= threshold
    front = np.argsort(empty, axis=1, kind="stable")[:, :max(1, int((~empty).sum(1).max(initial=0)))]
    pt = np.take_along_axis(np.where(empty, 0.0, flat), front, axis=1)
    eta, phi = (x.ravel()[front] for x in np.meshgrid(jets.grid.eta, jets.grid.phi, indexing="ij"))
    return replace(jets, images=canonical_from_particles(pt, eta, phi, jets.grid), frame="canonical")


def canonical_from_particles(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, grid: Grid) -> np.ndarray:
    """Images in the canonical frame from padded particles.

    Args:
        pt, eta, phi: (N, M), GeV and radians; pT = 0 pads.

    Returns:
        (N, H, W) float32, GeV.
    """
    images = np.empty((len(pt), *grid.shape), np.float32)
    count = (pt > 0).sum(1)
    order = np.argsort(-count, kind="stable")
    start = 0
    while start < len(pt):
        most = max(1, int(count[order[start]]))
        rows = order[start:start + max(1, _PAIRS // most**2)]
        front = np.argsort(pt[rows] <= 0, axis=1, kind="stable")[:, :most]
        p, e, f = (np.take_along_axis(x[rows], front, axis=1).astype(np.float64) for x in (pt, eta, phi))
        leading, second = _subjets(p, e, f, count[rows])
        images[rows] = canonical_images(p, e, f, leading, second, grid)
        start += len(rows)
    return images


def _subjets(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """η and φ, (N, 2) each, of the harder and the softer of two subjets; a lone particle has no second one (NaN)."""
    leading, second = np.stack([eta[:, 0], phi[:, 0]], 1), np.full((len(pt), 2), np.nan)
    if count[0] < 2:
        return leading, second
    axis_eta, axis_phi = kt_axes(pt, eta, phi, count, 2)[1]
    rows = np.arange(len(axis_eta))
    apart = np.hypot(eta[rows, :, None] - axis_eta[:, None], delta_phi(phi[rows, :, None], axis_phi[:, None]))
    share = (pt[rows] * (apart[..., 1] < apart[..., 0])).sum(1) / pt[rows].sum(1)
    harder = (share > 0.5).astype(np.int64)
    for subjet, index in ((leading, harder), (second, 1 - harder)):
        subjet[rows] = np.stack([axis_eta[rows, index], axis_phi[rows, index]], 1)
    return leading, second
