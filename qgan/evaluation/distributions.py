"""Distances between two samples of one number: Wasserstein-1 and separation power."""

from __future__ import annotations

import numpy as np


def wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Wasserstein-1, ∫ |F_a(x) − F_b(x)| dx, in the unit of the samples.

    Args:
        a, b: (N,) and (M,) values.
    """
    a, b = np.sort(np.asarray(a, dtype=np.float64)), np.sort(np.asarray(b, dtype=np.float64))
    if len(a) == len(b):
        return float(np.abs(a - b).mean())
    every = np.concatenate([a, b])
    every.sort()
    steps = np.diff(every)
    below_a = np.searchsorted(a, every[:-1], side="right") / len(a)
    below_b = np.searchsorted(b, every[:-1], side="right") / len(b)
    return float((np.abs(below_a - below_b) * steps).sum())


def separation_edges(real: np.ndarray, bins: int = 100) -> np.ndarray:
    """Edges of ``bins`` equal bins over the real sample's 0.1 to 99.9 % range."""
    low, high = np.quantile(real, [0.001, 0.999])
    return np.linspace(low, high if high > low else low + 1.0, bins + 1)


def separation_power(a: np.ndarray, b: np.ndarray, edges: np.ndarray) -> float:
    """½ Σ (p − q)² / (p + q) over bins: 0 for equal histograms, 1 for disjoint ones.

    What lies outside the edges counts in the first and the last bin.
    """
    p, q = (np.histogram(np.clip(x, edges[0], edges[-1]), bins=edges)[0] / len(x) for x in (a, b))
    total = p + q
    return float(0.5 * np.divide((p - q) ** 2, total, out=np.zeros_like(total), where=total > 0).sum())
