"""Kernel physics distance: unbiased maximum mean discrepancy with the kernel k(x, y) = (x·y/d + 1)⁴.

k is a scalar product of finitely many monomials, k(x, y) = φ(x)·φ(y), so that sums of k over all pairs of
jets come from sums of φ over jets: Σ_{i≠j} k(x_i, x_j) = |Σ φ(x_i)|² − Σ k(x_i, x_i), linear in their number.
The monomials (10,626 for 20 features) are made a few at a time and never kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import factorial, prod

import numpy as np

POWER = 4
Indices = tuple[np.ndarray, np.ndarray]


def monomials(x: np.ndarray) -> Iterator[np.ndarray]:
    """φ(x) of features (N, d) in blocks (N, …) of columns, C(d + 4, 4) in all.

    With x_0 = 1 for the kernel's constant, φ are the products x_a x_b x_c x_e with a ≤ b ≤ c ≤ e, times the
    square root of how many orders they have.
    """
    n, d = x.shape
    extended = np.concatenate([np.ones((n, 1)), x / np.sqrt(d)], axis=1)
    first, second = np.triu_indices(d + 1)
    pairs = extended[:, first] * extended[:, second]
    for a in range(d + 1):
        for b in range(a, d + 1):
            # The pairs (c, e) with c ≥ b are the last ones.
            start = int(np.searchsorted(first, b))
            rest = np.stack([first[start:], second[start:]])
            orders = np.sqrt([_orders((a, b, int(c), int(e))) for c, e in rest.T])
            yield pairs[:, start:] * (extended[:, a] * extended[:, b])[:, None] * orders


def kernel_distances(left: np.ndarray, right: np.ndarray, pairs: Sequence[Indices], rng: np.random.Generator,
                     batches: int = 10, largest: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """KPD (arXiv:2211.10295) of several pairs of samples of one size.

    Args:
        left, right: (N, d) and (M, d) features, standardised by the caller.
        pairs: positions in ``left`` and in ``right``.
        rng: draws the batches of min(``largest``, half of a sample), each without replacement.

    Returns:
        Median and half of the central 68 % of MMD² over the batches, (pairs,) each.
    """
    size = min(largest, min(len(side) for pair in pairs for side in pair) // 2)
    sums = []
    for side, x in enumerate((left, right)):
        member = np.zeros((len(pairs) * batches, len(x)), np.float64)
        for row, line in enumerate(member):
            line[rng.permutation(pairs[row // batches][side])[:size]] = 1.0
        sums.append((member, x))
    values = _mmd2_of_members(*sums[0], *sums[1], size).reshape(len(pairs), batches)
    low, middle, high = np.quantile(values, [0.16, 0.5, 0.84], axis=1)
    return middle, (high - low) / 2


def _mmd2_of_members(left_member: np.ndarray, left: np.ndarray, right_member: np.ndarray, right: np.ndarray,
                     size: int) -> np.ndarray:
    """MMD² of row i of one against row i of the other, (rows,); ``size`` jets in each."""
    within, across = np.zeros((2, len(left_member))), np.zeros(len(left_member))
    for phi_left, phi_right in zip(monomials(left), monomials(right), strict=True):
        sums = left_member @ phi_left, right_member @ phi_right
        within += [np.einsum("rc,rc->r", s, s) for s in sums]
        across += np.einsum("rc,rc->r", *sums)
    for row, (member, x) in enumerate(((left_member, left), (right_member, right))):
        within[row] -= member @ ((x**2).sum(1) / x.shape[1] + 1) ** POWER
    return within.sum(0) / (size * (size - 1)) - 2 * across / size**2


def _orders(chosen: tuple[int, ...]) -> int:
    """In how many orders the four indices can be written."""
    return factorial(POWER) // prod(factorial(chosen.count(i)) for i in set(chosen))
