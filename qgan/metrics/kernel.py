"""Kernel physics distance: unbiased maximum mean discrepancy with the kernel k(x, y) = (x·y/d + 1)⁴.

k is a scalar product of finitely many monomials, k(x, y) = φ(x)·φ(y), so that sums of k over all pairs of
jets come from sums of φ over jets: Σ_{i≠j} k(x_i, x_j) = |Σ φ(x_i)|² − Σ |φ(x_i)|², linear in their number.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import factorial

import numpy as np

POWER = 4


def mmd2(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased MMD² of two samples (N, d) and (M, d), from all pairs: the definition."""
    d = a.shape[1]
    within_a, within_b, across = ((x @ y.T / d + 1) ** POWER for x, y in ((a, a), (b, b), (a, b)))
    return float(sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (within_a, within_b))
                 - 2 * across.mean())


def monomials(x: np.ndarray) -> np.ndarray:
    """φ(x), (N, C(d + 4, 4)), of features (N, d)."""
    d = x.shape[1]
    extended = np.concatenate([x / np.sqrt(d), np.ones((len(x), 1))], axis=1)
    out = []
    for chosen in combinations_with_replacement(range(d + 1), POWER):
        weight = factorial(POWER) / np.prod([factorial(chosen.count(i)) for i in set(chosen)])
        out.append(np.sqrt(weight) * extended[:, chosen].prod(axis=1))
    return np.stack(out, axis=1)


def kernel_distance(real: np.ndarray, fake: np.ndarray, rng: np.random.Generator, batches: int = 10,
                    largest: int = 5000) -> tuple[float, float]:
    """KPD (arXiv:2211.10295): median and half of the central 68 % of MMD² over random batches.

    Args:
        real, fake: :func:`monomials` of the features, (N, C) and (M, C), standardised by the caller.
        rng: draws the batches of min(``largest``, N/2), each without replacement.
    """
    size = min(largest, min(len(real), len(fake)) // 2)
    sums, norms = zip(*(_batch_sums(x, size, batches, rng) for x in (real, fake)), strict=True)
    within = sum(((s**2).sum(1) - n) / (size * (size - 1)) for s, n in zip(sums, norms, strict=True))
    values = within - 2 * (sums[0] * sums[1]).sum(1) / size**2
    low, middle, high = np.quantile(values, [0.16, 0.5, 0.84])
    return float(middle), float((high - low) / 2)


def _batch_sums(phi: np.ndarray, size: int, batches: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Σ φ, (batches, C), and Σ |φ|², (batches,), over ``batches`` random sets of ``size`` jets."""
    member = np.zeros((batches, len(phi)))
    for row in member:
        row[rng.permutation(len(phi))[:size]] = 1.0
    return member @ phi, member @ np.einsum("nc,nc->n", phi, phi)
