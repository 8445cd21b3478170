"""The metric that generators leave as it is, in closed form.

xᵀJx does not change under x → exp(tL) x for all t exactly where LᵀJ + JL = 0. For several generators this is a linear
map of the d(d + 1)/2 entries of a symmetric J: the right singular vector of its smallest singular value is the J that
they leave as it is best. (LJ + JLᵀ = 0 is another equation; it gives the inverse of J.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..taggers.kinematics import MINKOWSKI

#: Eigenvalues below this part of the largest count as 0 in a signature.
FLAT = 0.05


@dataclass(frozen=True)
class InvariantMetric:
    """Attributes:
        matrix: J, (d, d), of norm 1.
        sizes: singular values of the map, ascending; the first of them belongs to J.
        signature: how many eigenvalues of J are positive, negative, and 0.
        cosine: of J with the metric that it is compared to, 0 to 1.
        residuals: (k,), the part of J·L_i that is symmetric, ‖L_iᵀJ + JL_i‖ / 2‖JL_i‖: 0 where the generator leaves J
            as it is, 1 where it stretches.
    """

    matrix: np.ndarray
    sizes: np.ndarray
    signature: tuple[int, int, int]
    cosine: float
    residuals: np.ndarray

    @property
    def gap(self) -> float:
        """σ_min/σ_next: 0 where one metric alone is left as it is; near 1 where none is, or several."""
        return float(self.sizes[0] / self.sizes[1]) if self.sizes[1] > 1e-12 else 1.0


def invariant_metric(generators: np.ndarray, like: np.ndarray | None = None) -> InvariantMetric:
    """The symmetric J that generators (k, d, d), each taken at norm 1, leave as it is.

    Args:
        like: what J is compared to; Minkowski's metric in four dimensions, else the identity. It fixes J's sign.

    Raises:
        ValueError: a generator is 0, or they are no square matrices.

    Of a turn and a squeeze together, x → −2y, y → x/2: x² + 4y².

    >>> found = invariant_metric(np.array([[[0.0, -2.0], [0.5, 0.0]]]))
    >>> (found.matrix / found.matrix[0, 0]).round(9).tolist(), found.signature
    ([[1.0, 0.0], [0.0, 4.0]], (2, 0, 0))
    """
    generators = np.asarray(generators, np.float64)
    if generators.ndim != 3 or generators.shape[1] != generators.shape[2]:
        raise ValueError(f"generators of shape {generators.shape}, expected (k, d, d)")
    norms = np.linalg.norm(generators, axis=(1, 2), keepdims=True)
    if not (norms > 0).all():
        raise ValueError("a generator is 0: it moves nothing, and every metric is left as it is")
    unit, d = generators / norms, generators.shape[1]
    like = np.asarray(MINKOWSKI if d == 4 else np.eye(d)) if like is None else like
    basis = _symmetric(d)
    change = unit.transpose(0, 2, 1)[:, None] @ basis + basis @ unit[:, None]
    stacked = change.transpose(0, 2, 3, 1).reshape(-1, len(basis))
    _, sizes, right = np.linalg.svd(stacked, full_matrices=len(stacked) < len(basis))
    sizes = np.concatenate([sizes, np.zeros(len(basis) - len(sizes))])[::-1]
    matrix = np.tensordot(right[-1], basis, 1)
    cosine = float((matrix * like).sum() / np.linalg.norm(like))
    matrix = -matrix if cosine < 0 else matrix
    return InvariantMetric(matrix, sizes, _signature(matrix), abs(cosine), _residuals(matrix, unit))


def _symmetric(d: int) -> np.ndarray:
    """(d(d + 1)/2, d, d), an orthonormal basis of the symmetric matrices."""
    rows, columns = np.triu_indices(d)
    basis = np.zeros((len(rows), d, d))
    basis[np.arange(len(rows)), rows, columns] = basis[np.arange(len(rows)), columns, rows] = np.where(
        rows == columns, 1.0, np.sqrt(0.5))
    return basis


def _signature(matrix: np.ndarray) -> tuple[int, int, int]:
    values = np.linalg.eigvalsh(matrix)
    flat = np.abs(values) < FLAT * np.abs(values).max()
    return int((~flat & (values > 0)).sum()), int((~flat & (values < 0)).sum()), int(flat.sum())


def _residuals(matrix: np.ndarray, unit: np.ndarray) -> np.ndarray:
    moved = matrix @ unit
    sizes = np.linalg.norm(moved, axis=(1, 2))
    symmetric = np.linalg.norm(moved + moved.transpose(0, 2, 1), axis=(1, 2)) / 2
    return np.divide(symmetric, sizes, out=np.zeros_like(sizes), where=sizes > 1e-12)
