"""Energy-flow polynomials of a jet image: Σ over pixels of z_i z_j … θ_ij … , one factor θ per edge of a graph.

z_i = p_i / Σ p and θ_ij = ΔR between the pixels' centres in radians, β = 1 (arXiv:1712.07124). All 20
connected multigraphs with 1 to 4 edges are here. Those without a closed loop of three or more
vertices are contracted on the whole grid with three matrices: A = θ, A∘A, A∘A∘A (and A∘A∘A∘A) for
single to fourfold edges. The others (triangle, triangle with a doubled edge, triangle with a tail,
square) need one matrix product per jet, on its ``MAX_CELLS`` hardest pixels.

The names read as lists of edges; vertices are letters: ``ab``, ``ab.ab``, ``ab.bc``, …
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..data.grid import Grid

#: Loops are summed over at most this many pixels of a jet, the hardest; real jets have fewer.
MAX_CELLS = 128
TREES = ("ab", "ab2", "ab.bc", "ab3", "ab2.bc", "ab.bc.cd", "ab.ac.ad",
         "ab4", "ab3.bc", "ab2.bc2", "ab2.bc.cd", "ab.bc2.cd", "ab2.ac.ad", "ab.bc.cd.de", "ab.ac.ad.de", "ab.ac.ad.ae")
LOOPS = ("ab.bc.ca", "ab2.bc.ca", "ab.bc.ca.cd", "ab.bc.cd.da")
#: A multigraph by its edges: ``ab2.bc`` is a doubled edge a-b and an edge b-c.
GRAPHS = TREES + LOOPS
_BLOCK = 2048


def energy_flow(images: np.ndarray, grid: Grid, max_cells: int = MAX_CELLS) -> dict[str, np.ndarray]:
    """All polynomials of :data:`GRAPHS`.

    Args:
        images: (N, H, W) pixel pT in GeV.
        grid: where the pixels lie.
        max_cells: how many of the hardest pixels enter the graphs with loops.

    Returns:
        Each graph's values, (N,) float64, in radians to the power of the number of edges; 0 without pT.
    """
    out = {name: np.zeros(len(images)) for name in GRAPHS}
    theta = _angles(grid)
    for start in range(0, len(images), _BLOCK):
        share = _shares(images[start:start + _BLOCK])
        for name, values in _trees(share, theta).items():
            out[name][start:start + _BLOCK] = values
    for index, z, angles in _packed(images, theta, max_cells):
        for name, values in _loops(z, angles).items():
            out[name][index] = values
    return out


def correlation_ratio(images: np.ndarray, grid: Grid, max_cells: int = MAX_CELLS) -> np.ndarray:
    """C2 = e3 / e2² with β = 1 (arXiv:1305.0007), e_n summed over the n-tuples of different pixels.

    e2 and e3 are half of the polynomial ``ab`` and a sixth of ``ab.bc.ca``. 0 for a single pixel.
    """
    out = np.zeros(len(images))
    for index, z, angles in _packed(images, _angles(grid), max_cells):
        weighted = angles * z[:, None, :]
        e2 = 0.5 * np.einsum("ni,nij->n", z, weighted)
        e3 = np.einsum("ni,nij,nji->n", z, weighted @ weighted, angles) / 6.0
        out[index] = np.divide(e3, e2**2, out=np.zeros_like(e3), where=e2 > 0)
    return out


def _trees(z: np.ndarray, theta: np.ndarray) -> dict[str, np.ndarray]:
    """Every vertex that hangs on another is summed first: s_k(i) = Σ_j θ_ij^k z_j."""
    one, two, three = theta, theta**2, theta**3
    s1, s2, s3, s4 = z @ one, z @ two, z @ three, z @ theta**4
    tail = (z * s1) @ one      # Σ_jk θ_ij z_j θ_jk z_k
    tail2 = (z * s1) @ two     # the same with the first edge doubled

    def total(values: np.ndarray) -> np.ndarray:
        return (z * values).sum(1)

    return {
        "ab": total(s1), "ab2": total(s2), "ab3": total(s3), "ab4": total(s4),
        "ab.bc": total(s1**2), "ab2.bc": total(s2 * s1), "ab3.bc": total(s3 * s1), "ab2.bc2": total(s2**2),
        "ab.bc.cd": total(s1 * tail), "ab.ac.ad": total(s1**3), "ab2.ac.ad": total(s2 * s1**2),
        "ab2.bc.cd": total(s2 * tail), "ab.bc2.cd": total(s1 * tail2), "ab.bc.cd.de": total(tail**2),
        "ab.ac.ad.de": total(s1**2 * tail), "ab.ac.ad.ae": total(s1**4)}


def _loops(z: np.ndarray, angles: np.ndarray) -> dict[str, np.ndarray]:
    """``z`` (N, M), ``angles`` (N, M, M) of the packed pixels; paths_ik = Σ_j θ_ij z_j θ_jk."""
    weighted = angles * z[:, None, :]
    paths = weighted @ angles
    closed = (weighted * paths).sum(2)
    return {
        "ab.bc.ca": (z * closed).sum(1),
        "ab2.bc.ca": np.einsum("ni,nij->n", z, weighted * angles * paths),
        "ab.bc.ca.cd": (z * closed * weighted.sum(2)).sum(1),
        "ab.bc.cd.da": np.einsum("ni,nij,nj->n", z, paths**2, z)}


def _packed(images: np.ndarray, theta: np.ndarray, max_cells: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Jets of similar pixel count together: positions, shares (n, M) and angles (n, M, M) of their pixels."""
    counts = (images > 0).sum((1, 2))
    order = np.argsort(counts, kind="stable")
    start = 0
    while start < len(order):
        cells = int(np.clip(counts[order[start]] * 1.25, 8, max_cells))
        fits = int(np.searchsorted(counts[order], cells, side="right")) if cells < max_cells else len(order)
        stop = min(max(fits, start + 1), start + max(1, 2**22 // cells**2))
        index = order[start:stop]
        share = _shares(images[index])
        chosen = np.argpartition(-share, min(cells, share.shape[1]) - 1, axis=1)[:, :cells]
        yield index, np.take_along_axis(share, chosen, 1), theta[chosen[:, :, None], chosen[:, None, :]]
        start = stop


def _shares(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), images.shape[1] * images.shape[2]).astype(np.float64)
    total = flat.sum(1, keepdims=True)
    return flat / np.where(total > 0, total, 1.0)


def _angles(grid: Grid) -> np.ndarray:
    """ΔR between the centres of any two pixels, (pixels, pixels)."""
    eta, phi = (a.ravel() for a in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
    return np.hypot(eta[:, None] - eta, phi[:, None] - phi)
