"""Which training jet a draw starts from where every draw is given values of its own.

Row r counts by w(r) exp(−|(v − r)/b|²/2) for given values v and kernel widths b (see :mod:`qgan.sampling.kernel`). One
product of matrices makes the exponents of some draws and all rows:

    −|(v − r)/b|²/2 + ln w = (v/b, 1, −|v/b|²/2) · (r/b, ln w − |r/b|²/2, 1)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Rows of a class that are weighed; the time goes with their number.
MAX_ROWS = 4096
#: Draws that are weighed together. A product's rounding depends on its shape, so that it is always the same.
PART = 64
#: Rows whose weights are summed up before one of these sums is chosen.
_SUMMED = 64
#: Smaller exponents count as this: float32 computes with denormal numbers twenty times slower.
_LEAST = -80.0
#: Of a draw whose largest exponent is smaller the nearest row is taken.
_FAR = -60.0


class Start(NamedTuple):
    """Of n draws: the rows (n,) to start from, the log density (n,) of what is given, and how many kernel widths away
    (n,) the nearest row is."""

    chosen: np.ndarray
    log_density: np.ndarray
    distance: np.ndarray


class WeighedRows:
    """Rows (m, k) of the given columns, their kernel widths b (k,), ln w (m,), and the positions (m,) that they go by.

    Columns of width 0, the same in all rows, have no say.
    """

    def __init__(self, rows: np.ndarray, width: np.ndarray, log_weight: np.ndarray, positions: np.ndarray) -> None:
        varies = width > 0
        self._columns, self._positions = np.flatnonzero(varies), positions
        self._centre, self._width = rows[:, varies].mean(0), width[varies]
        points = (rows[:, varies] - self._centre) / self._width
        right = np.vstack([points.T, log_weight - (points**2).sum(1) / 2, np.ones(len(rows))])
        # Filled up with rows that weigh nothing.
        filled = np.zeros((len(right), -(-len(rows) // _SUMMED) * _SUMMED))
        filled[-2] = -1e6
        filled[:, :len(rows)] = right
        self._right = filled.astype(np.float32)
        # Of the mean weight, and of a kernel's integral.
        self._log_norm = np.log(len(rows)) + np.log(self._width * np.sqrt(2 * np.pi)).sum()

    def choose(self, values: np.ndarray, uniform: np.ndarray) -> Start:
        """Rows for the given values (n, k); ``uniform`` (n,) chooses."""
        points = (values[:, self._columns] - self._centre) / self._width
        left = np.column_stack([points, np.ones(len(points)), -(points**2).sum(1) / 2]).astype(np.float32)
        parts = []
        for first in range(0, len(left), PART):
            some = left[first:first + PART]
            part = np.zeros((PART, left.shape[1]), left.dtype)
            part[:len(some)] = some
            parts.append(self._choose((part @ self._right)[:len(some)], uniform[first:first + PART]))
        return Start(*(np.concatenate(found) for found in zip(*parts, strict=True)))

    def _choose(self, exponents: np.ndarray, uniform: np.ndarray) -> Start:
        nearest = exponents.argmax(1)
        largest = exponents[np.arange(len(uniform)), nearest].astype(np.float64)
        weights = np.exp(np.maximum(exponents, _LEAST, out=exponents), out=exponents)
        groups = weights.reshape(len(uniform), -1, _SUMMED)
        sums = np.cumsum(np.einsum("abc->ab", groups), 1, dtype=np.float64)
        rest = uniform * sums[:, -1]
        group = (sums < rest[:, None]).sum(1)
        row = np.arange(len(uniform))
        rest = rest - np.where(group > 0, sums[row, group - 1], 0)
        within = np.cumsum(groups[row, group], 1, dtype=np.float64)
        chosen = group * _SUMMED + (within < rest[:, None]).sum(1).clip(max=_SUMMED - 1)
        # Where all weights are next to nothing it is the nearest row.
        chosen = np.where(largest < _FAR, nearest, chosen).clip(max=len(self._positions) - 1)
        log_density = np.where(largest < _FAR, largest, np.log(sums[:, -1])) - self._log_norm
        return Start(self._positions[chosen], log_density, np.sqrt(-2 * largest.clip(max=0)))
