"""The pT of a jet's pixels, wherever they lie: how many above thresholds of five decades, and quantiles."""

from __future__ import annotations

import numpy as np

from ..data.grid import Grid
from .broad import FAMILIES, Family

#: GeV.
THRESHOLDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
#: Percent of the pixels that are not empty; 0 is the softest, 50 the median one.
QUANTILES = (0, 10, 25, 50, 75, 90)
UNITS = {**{f"above_{t:g}": "" for t in THRESHOLDS}, **{f"quantile_{q}": "ln GeV" for q in QUANTILES},
         "log_mean": "ln GeV", "log_std": "ln GeV", "entropy": ""}


def measure(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Of images (N, H, W), GeV, each (N,) float64; 0 for an image without pT.

    ``above_T`` pixels have at least T GeV. Of ln(p/GeV) of the pixels that are not empty: quantiles in percent,
    interpolated between pixels, mean and standard deviation. ``entropy`` is −Σ z ln z, with z their shares of the pT.
    """
    ordered = np.sort(images.reshape(len(images), -1), axis=1)
    lit = ordered > 0
    logarithm = np.zeros(ordered.shape)
    logarithm[lit] = np.log(ordered[lit], dtype=np.float64)
    count = lit.sum(1)
    some = np.maximum(count, 1)
    found = {f"above_{t:g}": (ordered >= np.float32(t)).sum(1).astype(np.float64) for t in THRESHOLDS}
    found |= {f"quantile_{q}": _quantile(logarithm, count, q / 100) for q in QUANTILES}
    mean = logarithm.sum(1) / some
    found["log_mean"] = mean
    found["log_std"] = np.sqrt(np.maximum((logarithm**2).sum(1) / some - mean**2, 0))
    total = ordered.sum(1, dtype=np.float64)
    # −Σ z ln z = ln Σp − Σ p ln p / Σp
    safe = np.where(total > 0, total, 1.0)
    found["entropy"] = np.maximum(np.log(safe) - (ordered * logarithm).sum(1) / safe, 0)
    return found


def _quantile(ordered: np.ndarray, count: np.ndarray, level: float) -> np.ndarray:
    """Of the last ``count`` values of each ascending row; 0 where there are none."""
    position = level * np.maximum(count - 1, 0)
    below = np.floor(position).astype(np.int64)
    start, last = ordered.shape[1] - np.maximum(count, 1), ordered.shape[1] - 1
    low, high = (np.take_along_axis(ordered, np.minimum(start + i, last)[:, None], 1)[:, 0]
                 for i in (below, below + 1))
    return np.where(count > 0, low + (position - below) * (high - low), 0.0)


FAMILIES.add("spectrum", Family(UNITS, measure))
