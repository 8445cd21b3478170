"""A Gaussian kernel estimate of one class's conditions, plain or with some of them given.

A draw is a training jet plus noise of the class's covariance Σ times h², reflected at the edges of the training range.
Noise of the whole Σ leaves the correlations as they are. Scott's bandwidth n^(−1/(C+4)) would smear nine columns by
half of their spread; h is a tenth of it.

With columns f given, the same estimate is conditioned. Row r counts by the kernel at the asked values: for a value v
by φ((v − r)/b)/b, for a range by Φ((upper − r)/b) − Φ((lower − r)/b), where b = n^(−1/(k+4)) spreads for k given
columns. The step δ from the row to the asked values moves the other columns by Σ_of Σ_ff⁻¹ δ. A range with enough jets
inside needs none of that: they are drawn as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from .weighing import MAX_ROWS, Start, WeighedRows

#: h as a fraction of Scott's bandwidth.
FACTOR = 0.1
#: A range with fewer training jets inside is treated as values are: jets nearby count too.
MIN_INSIDE = 30
#: How many kernel widths b from the asked values the nearest training jet may lie.
MAX_DISTANCE = 3.0

#: Asked lower and upper bound by column; equal where a value is asked for.
Bounds = dict[int, tuple[float, float]]
#: The same where each of n draws may have its own, (n,).
Ends = Mapping[int, tuple[np.ndarray | float, np.ndarray | float]]


class Pool(NamedTuple):
    """What a draw may start from: rows, how likely each is (None: equally), and how likely the asked values are."""

    rows: np.ndarray
    probability: np.ndarray | None
    mass: float
    inside: bool


class ClassKernel:
    """The estimate from rows (n, C), with edges (C, 2) that no draw passes."""

    def __init__(self, rows: np.ndarray, edges: np.ndarray) -> None:
        self._rows, self._edges = rows, edges
        self._whole = (rows == np.round(rows)).all(0)
        centred = rows - rows.mean(0)
        self._covariance = centred.T @ centred / len(rows)
        self._spread = np.sqrt(np.diag(self._covariance))
        values, vectors = np.linalg.eigh(self._covariance)
        self._root = vectors * np.sqrt(np.clip(values, 0, None))
        self._inverses: dict[tuple[int, ...], np.ndarray] = {}
        self._weighed: dict[Any, WeighedRows] = {}
        self._h = FACTOR * len(rows) ** (-1 / (np.count_nonzero(self._spread) + 4))

    def pool(self, bounds: Bounds) -> Pool | None:
        """The rows that draws with these bounds start from; None if no training jet is near."""
        everything = np.arange(len(self._rows))
        if not bounds:
            return Pool(everything, None, 1.0, True)
        columns = list(bounds)
        rows = self._rows[:, columns]
        low, high = np.array(list(bounds.values())).T
        inside = ((rows >= low) & (rows <= high)).all(1)
        if (low < high).all() and inside.sum() >= MIN_INSIDE:
            return Pool(everything[inside], None, float(inside.mean()), True)
        width = self._width(columns)
        varies = width > 0
        if not ((rows >= low) & (rows <= high))[:, ~varies].all():
            return None
        if not varies.any():
            return Pool(everything, None, 1.0, True)
        rows, low, high, width = rows[:, varies], low[varies], high[varies], width[varies]
        distance = np.maximum(np.maximum(low - rows, rows - high), 0) / width
        if np.sqrt((distance**2).sum(1)).min() > MAX_DISTANCE:
            return None
        below, above = (low - rows) / width, (high - rows) / width
        value = np.exp(-(below**2) / 2) / (width * np.sqrt(2 * np.pi))
        weight = np.where(low == high, value, ndtr(above) - ndtr(below)).prod(1)
        return Pool(everything, weight / weight.sum(), float(weight.mean()), False) if weight.any() else None

    def draw(self, n: int, rng: np.random.Generator, bounds: Bounds, pool: Pool, wanted: int) -> np.ndarray:
        """The first ``wanted`` of ``n`` draws (n, C) from the rows of ``pool``."""
        if pool.probability is None:
            chosen = pool.rows[rng.integers(len(pool.rows), size=n)]
        else:
            chosen = rng.choice(pool.rows, n, p=pool.probability)
        noise = rng.standard_normal((n, self._rows.shape[1]))
        uniform = None if pool.inside else rng.random((n, len(bounds)))
        return self.finish(chosen, noise, bounds, uniform, wanted)

    def finish(self, chosen: np.ndarray, noise: np.ndarray, bounds: Ends, uniform: np.ndarray | None,
               wanted: int) -> np.ndarray:
        """Draws (wanted, C) from the rows that were chosen.

        Args:
            chosen: (n,) positions of rows.
            noise: (n, C) standard normal numbers.
            uniform: (n, len(bounds)) that place the draws within the bounds; None where the rows lie there already.
            wanted: only the first so many; what is multiplied is whole, since products are rounded by their shape.
        """
        values = self._rows[chosen]
        noise = self._h * noise @ self._root.T
        if uniform is not None and bounds:
            noise += self._step(values, bounds, uniform)
        values = (values + noise)[:wanted]
        values[:, self._whole] = np.round(values[:, self._whole])
        low, high = (np.broadcast_to(edge, values.shape).copy() for edge in self._edges.T)
        for column, (least, most) in bounds.items():
            least, most = (edge[:wanted] if isinstance(edge, np.ndarray) else edge for edge in (least, most))
            low[:, column] = np.maximum(least, self._edges[column, 0])
            high[:, column] = np.minimum(most, self._edges[column, 1])
        return _reflect(values, low, high)

    def start(self, given: dict[int, np.ndarray], ranges: Bounds, uniform: np.ndarray) -> Start:
        """The rows that draws with values of their own start from.

        Args:
            given: values (n,) by column.
            ranges: bounds that all draws share.
            uniform: (n,) that choose.
        """
        key = (tuple(given), tuple(ranges.items()))
        if key not in self._weighed:
            self._weighed[key] = self._weigh(list(given), ranges)
        values = np.stack(list(given.values()), 1) if given else np.empty((len(uniform), 0))
        return self._weighed[key].choose(values, uniform)

    def holds(self, given: dict[int, np.ndarray]) -> np.ndarray:
        """Of which draws (n,) all given values lie within the edges."""
        inside = [(values >= self._edges[i, 0]) & (values <= self._edges[i, 1]) for i, values in given.items()]
        return np.asarray(np.stack(inside).all(0))

    def _weigh(self, columns: list[int], ranges: Bounds) -> WeighedRows:
        """What chooses between the rows for values of these columns, within ranges of others."""
        every = np.linspace(0, len(self._rows) - 1, min(MAX_ROWS, len(self._rows))).round().astype(np.int64)
        width = self._width([*columns, *ranges])
        logarithm = np.zeros(len(every))
        for (column, (low, high)), b in zip(ranges.items(), width[len(columns):], strict=True):
            rows = self._rows[every, column]
            if b > 0:
                share = ndtr((high - rows) / b) - ndtr((low - rows) / b)
                logarithm += np.log(np.clip(share, 1e-300, None))
        return WeighedRows(self._rows[every][:, columns], width[:len(columns)], logarithm, every)

    def _width(self, columns: list[int]) -> np.ndarray:
        """The kernel's width b in each of the given columns."""
        return self._spread[columns] * len(self._rows) ** (-1 / (len(columns) + 4))

    def _step(self, values: np.ndarray, bounds: Ends, uniform: np.ndarray) -> np.ndarray:
        """What moves each row to values within the bounds, and the other columns with it."""
        columns = list(bounds)
        low, high = (np.stack([np.broadcast_to(ends[side], len(values)) for ends in bounds.values()], 1)
                     for side in (0, 1))
        width = np.where(self._width(columns) > 0, self._width(columns), 1.0)
        start = values[:, columns]
        if (low == high).all():
            step = low - start
        else:
            lower, upper = ndtr((low - start) / width), ndtr((high - start) / width)
            target = start + width * ndtri(lower + (upper - lower) * uniform)
            # Far from the row both ends have the same probability in floating point; the nearer end is then meant.
            step = np.clip(np.nan_to_num(target, posinf=np.inf, neginf=-np.inf), low, high) - start
        return step @ self._inverse(tuple(columns)) @ self._covariance[columns]

    def _inverse(self, columns: tuple[int, ...]) -> np.ndarray:
        """Of the covariance among some columns."""
        if columns not in self._inverses:
            self._inverses[columns] = np.linalg.pinv(self._covariance[np.ix_(columns, columns)], hermitian=True)
        return self._inverses[columns]


def _reflect(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Values beyond an edge come back by as much, as often as it takes where the edges are close together."""
    width = high - low
    turns = np.where(width > 0, width, 1.0)
    folded = low + turns - np.abs((values - low) % (2 * turns) - turns)
    # Clipped against rounding.
    return np.clip(np.where(width > 0, folded, low), low, high)
