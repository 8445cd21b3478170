"""What a metric is: all that is said of it anywhere, and the function that finds its numbers.

The simplest metric is a score of two samples, in a file of its own::

    from qgan.evaluation import Sample, metric

    @metric("girth", "difference of the mean girth, generated minus real")
    def girth(real: Sample, fake: Sample) -> float:
        return float(fake.columns(["width"]).mean() - real.columns(["width"]).mean())

Its value is the mean over disjoint pairs of samples, its error comes from disjoint parts of them, its floor from pairs
of real samples; tables, files, the page, TensorBoard and pictures show it as they show every other one. What needs more
than that is a :class:`Metric` with a ``measure`` of its own, given to :func:`register`. The files in
``qgan/evaluation/metrics`` are found by themselves, other packages by their entry points ``qgan.metrics``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..base.registry import Registry
from .comparison import Comparison, Task, of_each
from .pairing import Pairing
from .rows import Finding, Row
from .sample import Sample

#: Finds the numbers of a metric, or of several at once.
Measure = Callable[[Comparison], Iterator[Task]]
Score = Callable[[Sample, Sample], float]


@dataclass(frozen=True)
class Headline:
    """One number a class that stands for a metric where there is room for few: at a glance, in comparisons.

    Attributes:
        name: a key in files, e.g. ``w1_worst``.
        title: above its column.
        observable: whose rows it is of; None for all.
        of: brings these rows of one class to one; by default there is but one.
        percent: tell a hundred times the number.
        unit: of what is told.
        sentence: in a summary of one line; a format of ``row`` and of ``number``, the row's value as tables show it.
        compared: whether comparisons of generators have it.
        followed: whether studies that vary one thing follow it.
        worst_of_classes: of several classes the worst counts, not the mean.
        more_is_better: in a comparison of two generators.
        axis: scale of a plot.
    """

    name: str
    title: str
    observable: str | None = ""
    of: Callable[[list[Row]], Row] = lambda rows: rows[0]
    percent: bool = False
    unit: str = ""
    sentence: str = ""
    compared: bool = True
    followed: bool = False
    worst_of_classes: bool = False
    more_is_better: bool = False
    axis: Literal["linear", "log", "symlog"] = "linear"

    @property
    def heading(self) -> str:
        """Title and unit."""
        return self.title + (f" [{self.unit}]" if self.unit else "")

    @property
    def scale(self) -> int:
        """How many times the number is told."""
        return 100 if self.percent else 1

    def found(self, rows: list[Row]) -> Row | None:
        """Its row among those of its metric and one class; None where they lack it."""
        mine = [row for row in rows if self.observable in (None, row.observable)]
        return self.of(mine) if mine else None


@dataclass(frozen=True)
class Metric:
    """A number of generated jets against real ones.

    Attributes:
        name: in files, tables and tags.
        says: what it is, in a few words.
        measure: finds its rows; called once for all metrics that share it.
        unit: of its rows, where they do not say otherwise.
        best: ``low``, ``high``, or at its ``floor``: then less than that is a fault too.
        floor: of pairs of real samples the ``mean`` or, where that is 0, the 95 % ``quantile``; ``real``: what real
            jets reach in the place of generated ones; ``none``.
        ratio: whether value over floor means something.
        place: in reports; smaller is earlier.
        cost: beside that of W1; what is dear is begun first.
        costly: what of it a quick evaluation leaves out, in words; empty where nothing.
        by_observable: there are numbers of many observables: reports have the worst first.
        tells_n: whether the jets a side are told with every number: of referees, which were trained on them.
        in_table: observables that the table for the terminal shows; None for all.
        picture: in which picture it is written, and how: a format of ``value``, ``percent``, ``number``,
            ``floor`` and ``floor_percent``.
        roc: of its curves the title of the panel, with ``{}`` for the class, and what its axes are.
        watched: when a training looks at it: ``often``, ``seldom`` or never.
        headlines: what stands for it.
    """

    name: str
    says: str
    measure: Measure
    unit: str = ""
    best: Literal["low", "high", "floor"] = "low"
    floor: Literal["mean", "quantile", "real", "none"] = "mean"
    ratio: bool = True
    place: int = 1000
    cost: int = 1
    costly: str = ""
    by_observable: bool = False
    tells_n: bool = False
    in_table: tuple[str, ...] | None = None
    picture: tuple[str, str] | None = None
    roc: tuple[str, str, str] | None = None
    watched: Literal["often", "seldom", "never"] = "never"
    headlines: tuple[Headline, ...] = ()

    def row(self, observable: str, pairing: Pairing, value: float, error: float | None, nulls: np.ndarray, *,
            n: int | None = None, unit: str | None = None, spread: float | None = None) -> Row:
        """A row whose floor comes from the values of real pairs, (pairs,).

        Args:
            error: None where it is not known.
            n: jets a side, where fewer than the pairing's are used.
            unit: where it is another than the metric's.
            spread: standard deviation of the values of real pairs, where they are too few to tell.
        """
        mean = float(np.mean(nulls))
        if spread is None:
            spread = float(np.std(nulls, ddof=1)) if len(nulls) > 1 else 0.0
        error = None if error is None or not np.isfinite(error) else float(error)
        floor = float(np.quantile(nulls, 0.95)) if self.floor == "quantile" else mean
        return Row(self.name, observable, pairing.name, float(value), error, floor,
                   float(value) / floor if self.ratio and floor > 0 else None,
                   (float(value) - mean) / spread if spread > 0 else None, self.unit if unit is None else unit,
                   pairing.n if n is None else n)

    def severity(self, row: Row) -> float:
        """Larger for a worse row."""
        if self.best == "floor" and row.floor is not None:
            return abs(row.value - row.floor)
        return -row.value if self.best == "high" else row.value


METRICS: Registry[Metric] = Registry("metric", "qgan.metrics", package=f"{__package__}.metrics", of=Metric)


def register(found: Metric, *, replace: bool = False) -> Metric:
    """Makes a metric known by its name."""
    return METRICS.add(found.name, found, replace=replace)


def metric(name: str, says: str, *, replace: bool = False, **facts: Any) -> Callable[[Score], Metric]:
    """A decorator that makes a score of two samples, (real, generated) → number, a metric.

    Args:
        name, says, facts: see :class:`Metric`.
        replace: the name may be taken, as when a notebook cell runs twice.
    """
    def of(score: Score) -> Metric:
        def rows(pairing: Pairing) -> Iterator[Finding]:
            value, error, nulls = pairing.over(name, lambda real, fake: np.array([score(real, fake)]))
            yield found.row("", pairing, value[0], error[0], nulls[:, 0])

        found = Metric(name, says, of_each(rows), **facts)
        return register(found, replace=replace)

    return of


def in_order() -> list[Metric]:
    """All metrics, in the order of reports."""
    return sorted(METRICS.values(), key=lambda found: found.place)


def headlines() -> dict[str, Headline]:
    """All headlines by name, in the order of reports."""
    return {headline.name: headline for found in in_order() for headline in found.headlines}


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
