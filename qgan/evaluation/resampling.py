"""Floors and errors without drawing any jet twice: disjoint samples, disjoint parts.

A two-sample statistic of real against generated jets means little alone: even two real samples of the
same size differ. Its *floor* is the statistic between disjoint real samples of that size. Drawing with
replacement would put copies of one jet on both sides and lower W1, raise coverage and fool a classifier.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def disjoint_pairs(n_pool: int, n: int, pairs: int,
                   rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """``pairs`` times two disjoint sets of ``n`` positions out of ``n_pool``.

    Raises:
        ValueError: the pool has fewer than 2n members.
    """
    if n_pool < 2 * n:
        raise ValueError(f"two disjoint samples of {n} need {2 * n} jets, there are {n_pool}")
    for _ in range(pairs):
        order = rng.permutation(n_pool)
        yield order[:n], order[n:2 * n]


def disjoint_parts(n: int, parts: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The positions 0 … n−1 dealt at random into ``parts`` sets of (nearly) the same size."""
    return [np.asarray(part) for part in np.array_split(rng.permutation(n), parts)]


def error_from_parts(values: np.ndarray) -> np.ndarray:
    """Standard error at the full size from the values on m disjoint parts (first axis): spread / √m; NaN of none."""
    values = np.asarray(values, dtype=np.float64)
    return values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) else np.array(np.nan)
