"""Differences that are taken seed by seed, and whether they are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t


class Paired(NamedTuple):
    """Attributes:
        mean: of the differences.
        error: of the mean, from their spread; NaN of one seed.
        p_value: of no difference, by a t-test; NaN of one seed.
    """

    mean: float
    error: float
    p_value: float


def paired(values: Sequence[float], others: Sequence[float]) -> Paired:
    """Values of some seeds less others of the same seeds.

    >>> found = paired([0.7, 0.72, 0.74], [0.6, 0.61, 0.62])
    >>> round(found.mean, 2), found.p_value < 0.01
    (0.11, True)
    """
    differences = np.subtract(values, others)
    mean, n = float(differences.mean()), len(differences)
    if n < 2:
        return Paired(mean, np.nan, np.nan)
    error = float(differences.std(ddof=1) / np.sqrt(n))
    return Paired(mean, error, float(2 * t.sf(abs(mean) / error, n - 1)) if error > 0 else float(mean == 0))
