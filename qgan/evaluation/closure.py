"""Closure: does the image have the mass and the pT that were asked for?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distributions import wasserstein

#: Interquartile range of a unit Gaussian.
IQR_OF_GAUSSIAN = 1.349


@dataclass(frozen=True)
class Closure:
    """Attributes:
        bias: median of measured − asked.
        resolution: interquartile range of measured − asked over 1.349 (the σ of a Gaussian).
        r2: 1 − Σ(measured − asked)² / Σ(asked − mean)²; negative where the mean would do better.
    """

    bias: float
    resolution: float
    r2: float


def closure(measured: np.ndarray, asked: np.ndarray) -> Closure:
    """Bias, resolution and R² of a measured quantity, (N,), against the asked one, (N,)."""
    residual = np.asarray(measured, np.float64) - asked
    low, middle, high = np.quantile(residual, [0.25, 0.5, 0.75])
    spread = float(((asked - np.mean(asked, dtype=np.float64)) ** 2).sum())
    r2 = 1 - float((residual**2).sum()) / spread if spread > 0 else 0.0
    return Closure(float(middle), float((high - low) / IQR_OF_GAUSSIAN), r2)


def binned_wasserstein(real: np.ndarray, real_asked: np.ndarray, fake: np.ndarray, fake_asked: np.ndarray,
                       bins: int = 5) -> np.ndarray:
    """W1 of a measured quantity, real against generated, within quantile bins of what was asked.

    Returns:
        (bins,): in the quantity's unit; infinite where the generated jets have none in that bin.
    """
    edges = np.quantile(real_asked, np.linspace(0, 1, bins + 1)[1:-1])
    real_bin, fake_bin = np.searchsorted(edges, real_asked), np.searchsorted(edges, fake_asked)
    return np.array([wasserstein(real[real_bin == b], fake[fake_bin == b])
                     if (real_bin == b).any() and (fake_bin == b).any() else np.inf for b in range(bins)])
