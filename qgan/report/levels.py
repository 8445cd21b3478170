"""How far a number is from its floor, in four levels that tables colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..evaluation import Evaluation, Row

#: Metrics that are perfect at their floor, not below it: less than the floor is a fault too.
TWO_SIDED = ("variance_ratio", "precision", "recall", "density", "coverage", "memorising", "closure_resolution",
             "tagger_auc", "usefulness")


@dataclass(frozen=True)
class Level:
    """Attributes:
        key: of the style sheet.
        text: what the legend says.
        ratio, significance: the level holds what is at most so many floors, or so many standard deviations of the
            real pairs, from perfect.
    """

    key: str
    text: str
    ratio: float
    significance: float


LEVELS = (Level("fine", "at the floor", 1.5, 2), Level("near", "near", 3, 5), Level("off", "off", 10, 20),
          Level("far", "far off", float("inf"), float("inf")))


def judged_by(row: Row) -> str:
    """``ratio`` for a distance, ``significance`` for what has no ratio or can be wrong both ways; else empty."""
    if row.ratio is not None and row.metric not in TWO_SIDED:
        return "ratio"
    if row.significance is not None:
        return "significance"
    return "ratio" if row.ratio is not None else ""


def level(row: Row) -> Level | None:
    """The level of a row; None where neither ratio nor significance is known."""
    kind = judged_by(row)
    if not kind:
        return None
    if kind == "significance":
        assert row.significance is not None
        distance = abs(row.significance) if row.metric in TWO_SIDED else row.significance
    else:
        assert row.ratio is not None
        low = max(row.ratio, 1e-300)
        distance = max(low, 1 / low) if row.metric in TWO_SIDED else low
    return next(x for x in LEVELS if distance <= getattr(x, kind))


def severity(row: Row) -> float:
    """Larger for a worse number of one metric: what is judged both ways by its distance from the floor."""
    if row.metric in TWO_SIDED and row.floor is not None:
        return abs(row.value - row.floor)
    return row.value


def worst(rows: Iterable[Row]) -> Row | None:
    """The worst of some rows of one metric."""
    return max(rows, key=severity, default=None)


def of_classes(evaluation: Evaluation, metric: str, observable: str | None = None) -> list[Row]:
    """A metric's rows of the single classes, or those of all jets together where there are no others."""
    rows = [r for r in evaluation.of(metric) if observable in (None, r.observable)]
    return [r for r in rows if r.group != "all"] or rows
