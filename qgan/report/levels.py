"""How far a number is from its floor, in four levels that tables colour."""

from __future__ import annotations

from dataclasses import dataclass

from ..evaluation import METRICS, Row


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
    if row.ratio is not None and not _both_ways(row):
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
        distance = abs(row.significance) if _both_ways(row) else row.significance
    else:
        assert row.ratio is not None
        low = max(row.ratio, 1e-300)
        distance = max(low, 1 / low) if _both_ways(row) else low
    return next(x for x in LEVELS if distance <= getattr(x, kind))


def _both_ways(row: Row) -> bool:
    return METRICS[row.metric].best == "floor"
