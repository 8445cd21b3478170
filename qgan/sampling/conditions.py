"""The conditions of jets as a table, and their joint density per class to draw new ones from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..base.errors import ConditionError
from ..data.jets import KEYS, JetImages, key_of
from .kernel import Bounds, ClassKernel, Ends
from .weighing import Start

#: A condition's asked value: one number, or a lower and an upper bound.
Fixed = float | tuple[float, float]
#: Training jets kept for each class; more change nothing but the size of a checkpoint.
MAX_JETS = 20_000


class ConditionTable(NamedTuple):
    """Conditions of N jets: values (N, C) float32, the names of the columns, and why others were left out."""

    values: np.ndarray
    names: tuple[str, ...]
    dropped: dict[str, str]


def condition_table(jets: JetImages, names: Sequence[str], extra: Mapping[str, np.ndarray] | None = None,
                    drop: bool = True) -> ConditionTable:
    """The named conditions of jets as columns, in the order of ``names``.

    Args:
        jets: where ``label`` and the jet quantities (``eta``, ``pt``, ``mass``, ``delta_r``, ``tau_21``) come from.
        names: of the columns; those that the jets lack or that are the same in all jets are left out and reported.
        extra: further columns by name, (N,) each: statistics of the images.
        drop: false to have all the names or an error, as a checkpoint's own list of conditions demands.

    Raises:
        ConditionError: a name is unknown, holds NaN, or is missing and ``drop`` is false.
    """
    available: dict[str, np.ndarray] = {"label": jets.label, **jets.conditions, **(extra or {})}
    columns, kept, dropped = [], [], {}
    for name in names:
        if name not in available:
            if name not in KEYS:
                known = ", ".join(dict.fromkeys(["label", *KEYS, *jets.conditions, *(extra or {})]))
                raise ConditionError(f"no condition {name!r}; known are {known}")
            if not drop:
                raise ConditionError(f"{jets.source}: {key_of(name)}: missing, the model needs it as a condition")
            dropped[name] = "not in the data"
            continue
        column = np.asarray(available[name], np.float32)
        if not np.isfinite(column).all():
            raise ConditionError(f"{jets.source}: {name}: holds NaN or infinite values")
        if drop and np.ptp(column) <= 1e-6 * np.abs(column).max():  # the same but for rounding
            dropped[name] = f"{column[0]:.4g} in all jets"
            continue
        columns.append(column)
        kept.append(name)
    values = np.stack(columns, 1) if columns else np.empty((len(jets), 0), np.float32)
    return ConditionTable(values, tuple(kept), dropped)


class Conditions(NamedTuple):
    """Drawn conditions: values (n, C) float32 with the density's columns, and the labels (n,) int64.

    Where each jet was given values of its own, ``distance`` (n,) says how far they are from the nearest training jet:
    kernel widths a column, in the mean square.
    """

    values: np.ndarray
    label: np.ndarray
    distance: np.ndarray | None = None


class ConditionDensity:
    """The joint density of the conditions of each class, a kernel estimate (see :mod:`qgan.sampling.kernel`).

    Args:
        table: training jets' conditions (N, C).
        names: of the columns.
        labels: (N,), the class of each row.
        ranges: lowest and highest training value, {label: (C, 2)}; from ``table`` by default.
        weights: {label: number of training jets}; counted in ``labels`` by default.
    """

    def __init__(self, table: np.ndarray, names: Sequence[str], labels: np.ndarray,
                 ranges: Mapping[int, np.ndarray] | None = None, weights: Mapping[int, int] | None = None) -> None:
        self.table, self.labels = np.asarray(table, np.float32), np.asarray(labels, np.int64)
        self.names = tuple(names)
        rows = {int(c): self.table[self.labels == c].astype(np.float64) for c in np.unique(self.labels)}
        self._weights = dict(weights) if weights else {c: len(r) for c, r in rows.items()}
        self._edges = dict(ranges) if ranges else {c: np.stack([r.min(0), r.max(0)], 1) for c, r in rows.items()}
        self._classes = {c: ClassKernel(r, np.asarray(self._edges[c], np.float64)) for c, r in rows.items()}

    @classmethod
    def fit(cls, table: np.ndarray, names: Sequence[str], labels: np.ndarray) -> ConditionDensity:
        """The density of training jets: ``table`` (N, C) with columns ``names``, ``labels`` (N,).

        Of more than ``MAX_JETS`` jets of a class, evenly spaced ones are kept.

        Raises:
            ConditionError: there is no jet, or a value is NaN.
        """
        table, labels = np.asarray(table, np.float32), np.asarray(labels, np.int64)
        if table.ndim != 2 or table.shape != (len(labels), len(names)):
            raise ValueError(f"table has shape {table.shape}, expected ({len(labels)}, {len(names)})")
        if not len(table):
            raise ConditionError("no jets to learn the density of the conditions from")
        if not np.isfinite(table).all():
            raise ConditionError("the table of conditions holds NaN or infinite values")
        kept, ranges, weights = [], {}, {}
        for label in np.unique(labels):
            index = np.flatnonzero(labels == label)
            ranges[int(label)] = np.stack([table[index].min(0), table[index].max(0)], 1)
            weights[int(label)] = len(index)
            kept.append(index[np.linspace(0, len(index) - 1, min(MAX_JETS, len(index))).round().astype(np.int64)])
        chosen = np.concatenate(kept)
        return cls(table[chosen], names, labels[chosen], ranges, weights)

    @property
    def classes(self) -> list[int]:
        """The labels that occur."""
        return sorted(self._classes)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest training value of each condition, over all classes."""
        return {name: (min(float(e[i, 0]) for e in self._edges.values()),
                       max(float(e[i, 1]) for e in self._edges.values())) for i, name in enumerate(self.names)}

    def sample(self, n: int, rng: np.random.Generator, label: int | None = None,
               fixed: Mapping[str, Fixed] | None = None, wanted: int | None = None) -> Conditions:
        """Draws conditions.

        Args:
            n: how many.
            rng: the source of randomness; the same state gives the same draws.
            label: the class; by default classes are drawn as often as in training (given what is fixed).
            fixed: values or ranges that conditions must have, such as ``{"pt": 270.0, "mass": (80.0, 82.0)}``.
            wanted: only the first so many matter; the others repeat the last of these.

        Raises:
            ConditionError: there is no such class or condition, or no training jet of the class is near to ``fixed``.
        """
        bounds, kept = self._bounds(fixed or {}), n if wanted is None else wanted
        if label is not None and label not in self._classes:
            known = ", ".join(map(str, self.classes))
            raise ConditionError(f"label {label}: no such class in the training data, which has {known}")
        candidates = self.classes if label is None else [label]
        self._check_ranges(bounds, candidates, label)
        pools = {c: pool for c in candidates if (pool := self._classes[c].pool(bounds)) is not None}
        if not pools:
            asked = ", ".join(f"{self.names[i]} {_show_bounds(*b)}" for i, b in bounds.items())
            raise ConditionError(f"no training jet{_of(label)} is near to {asked} together; {self._show(candidates)}")
        share = np.array([self._weights[c] * pool.mass for c, pool in pools.items()])
        labels = rng.choice(np.array(list(pools)), n, p=share / share.sum())
        values = np.empty((n, len(self.names)), np.float32)
        for c, pool in pools.items():
            mine = labels == c
            first = np.flatnonzero(mine[:kept])
            values[first] = self._classes[c].draw(int(mine.sum()), rng, bounds, pool, len(first))
        if kept < n:
            values[kept:] = values[kept - 1]
        return Conditions(values, labels.astype(np.int64))

    def fill(self, given: Mapping[str, np.ndarray], rng: np.random.Generator, label: np.ndarray | None,
             ranges: Mapping[str, Fixed], wanted: int) -> Conditions:
        """Conditions of n jets of which some are given, each jet's own: the rest is drawn from the density given these.

        A jet's numbers depend neither on those of later jets nor on ``wanted``.

        Args:
            given: (n,) by name, within the training range.
            rng: the source of randomness.
            label: (n,) classes; None to draw them, given the rest.
            ranges: bounds that all jets share.
            wanted: only the first so many jets matter.

        Raises:
            ConditionError: there is no such condition.
        """
        bounds, columns = self._bounds(ranges), {self._column(name): values for name, values in given.items()}
        n = len(label) if label is not None else len(next(iter(given.values())))
        # All at once, so that none of them depends on which classes there are.
        uniform, normal = rng.random((n, 2)), rng.standard_normal((n, len(self.names)))
        within = rng.random((n, len(columns) + len(bounds)))
        rows = np.arange(wanted)
        starts = {c: (some, self._classes[c].start({i: v[some] for i, v in columns.items()}, bounds, uniform[some, 0]))
                  for c in self.classes if len(some := rows if label is None else rows[label[:wanted] == c])}
        if label is None:
            label = self._classes_of({c: start for c, (_, start) in starts.items()}, columns, uniform[:, 1])
        values, distance = np.empty((n, len(self.names)), np.float32), np.zeros(n)
        for c, (some, start) in starts.items():
            chosen, mine = np.zeros(n, np.int64), label[some] == c
            chosen[some], distance[some[mine]] = start.chosen, start.distance[mine]
            ends: Ends = {**{i: (v, v) for i, v in columns.items()}, **bounds}
            finished = self._classes[c].finish(chosen, normal, ends, within, wanted)
            values[some[mine]] = finished[some[mine]]
        values[wanted:] = values[wanted - 1]
        return Conditions(values, label, distance / np.sqrt(max(1, len(columns))))

    def check(self, fixed: Mapping[str, Fixed], label: int | None = None) -> None:
        """Makes sure that values and ranges lie within the training range, of one class or of all.

        Raises:
            ConditionError: one does not, or there is no such condition.
        """
        self._check_ranges(self._bounds(fixed), self.classes if label is None else [label], label)

    def edges(self, name: str, label: int | None = None) -> tuple[float, float]:
        """Lowest and highest training value of a condition, of one class or of all.

        Raises:
            ConditionError: there is no such condition.
        """
        edges = [e[self._column(name)] for c, e in self._edges.items() if label in (None, c)]
        return min(float(e[0]) for e in edges), max(float(e[1]) for e in edges)

    def _classes_of(self, starts: Mapping[int, Start], columns: Mapping[int, np.ndarray],
                    uniform: np.ndarray) -> np.ndarray:
        """Classes (n,) of jets, as likely as each class has what is given."""
        wanted = len(next(iter(starts.values())).chosen)
        share = np.stack([np.log(self._weights[c]) + start.log_density for c, start in starts.items()], 1)
        holds = np.stack([self._classes[c].holds({i: v[:wanted] for i, v in columns.items()}) for c in starts], 1)
        share[~holds & holds.any(1, keepdims=True)] = -np.inf
        share = np.exp(share - share.max(1)[:, None])
        likely = np.cumsum(share / share.sum(1)[:, None], 1)
        label = np.full(len(uniform), self.classes[0])
        label[:wanted] = np.array(list(starts))[(likely[:, :-1] < uniform[:wanted, None]).sum(1)]
        label[wanted:] = label[wanted - 1]
        return label

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values, which ``torch.load(weights_only=True)`` accepts."""
        import torch

        return {"names": list(self.names), "table": torch.from_numpy(self.table.copy()),
                "labels": torch.from_numpy(self.labels.copy()), "weights": dict(self._weights),
                "ranges": {c: torch.from_numpy(np.array(e, np.float32)) for c, e in self._edges.items()}}

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> ConditionDensity:
        return cls(np.asarray(state["table"]), state["names"], np.asarray(state["labels"]),
                   {int(c): np.asarray(e) for c, e in state["ranges"].items()}, state["weights"])

    def _bounds(self, fixed: Mapping[str, Fixed]) -> Bounds:
        """The asked lower and upper bound of each fixed column."""
        bounds = {}
        for name, value in fixed.items():
            column = self._column(name)
            low, high = (float(v) for v in value) if isinstance(value, tuple | list) else (float(value),) * 2
            if not low <= high:
                raise ConditionError(f"{name}: the range {low:g} to {high:g} is empty")
            bounds[column] = low, high
        return bounds

    def _column(self, name: str) -> int:
        if name not in self.names:
            raise ConditionError(f"{name}: no such condition; the model has {', '.join(self.names)}")
        return self.names.index(name)

    def _check_ranges(self, wanted: Bounds, candidates: list[int], label: int | None) -> None:
        for i, (low, high) in wanted.items():
            edges = [self._edges[c][i] for c in candidates]
            lowest, highest = min(float(e[0]) for e in edges), max(float(e[1]) for e in edges)
            # A range may reach beyond the training range by rounding of what was printed, no more.
            slack = 1e-6 * max(abs(lowest), abs(highest))
            if low < lowest - slack or high > highest + slack:
                raise ConditionError(f"{self.names[i]}: {_show_bounds(low, high)} is outside the training range "
                                     f"{lowest:.6g} to {highest:.6g}{_of(label)}")

    def _show(self, candidates: list[int]) -> str:
        """The training ranges, for an error."""
        texts = (", ".join(f"{name} {_show_bounds(*edges)}" for name, edges in
                           zip(self.names, self._edges[c].tolist(), strict=True)) for c in candidates)
        return "; ".join(f"class {c} has {text}" for c, text in zip(candidates, texts, strict=True))


def _of(label: int | None) -> str:
    return "" if label is None else f" of class {label}"


def _show_bounds(low: float, high: float) -> str:
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
