"""The table of a frontier, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..paired import paired
from .gans import GanPlan
from .run import Plan, Point

#: Level of a difference that counts.
_LEVEL = 0.05


def rows(points: Sequence[Point]) -> list[list[str]]:
    """A line for each class and family, a column for each size: KL ± error over seeds (trained numbers)."""
    sizes = sorted({point.size for point in points})
    found = [["class", "family", *(f"{size:,}" for size in sizes)]]
    for label in dict.fromkeys(point.label for point in points):
        for family in dict.fromkeys(point.family for point in points if point.label == label):
            mine = {point.size: point for point in points if (point.label, point.family) == (label, family)}
            found.append([label, family, *(_cell(mine.get(size)) for size in sizes)])
    return found


def _cell(point: Point | None) -> str:
    if point is None:
        return "-"
    error = f" ± {point.spread:.4f}" if len(point.values) > 1 else ""
    return f"{point.mean:.4f}{error} ({point.numbers:,})"


def sentences(points: Sequence[Point], of: Sequence[str]) -> Iterator[str]:
    """For each class, size and family of ``of``: which of the others are worse, as good and better.

    Seeds are compared in pairs; a difference counts where a t-test says so at a level of 5 %, divided by the number of
    the rivals.
    """
    for label in dict.fromkeys(point.label for point in points):
        for size in sorted({point.size for point in points}):
            here = {point.family: point for point in points if (point.label, point.size) == (label, size)}
            for family in (name for name in of if name in here):
                yield _sentence(here[family], [point for name, point in here.items() if name != family])


def _sentence(one: Point, others: Sequence[Point]) -> str:
    said: dict[str, list[str]] = {"better than": [], "not told from": [], "worse than": []}
    for other in others:
        mean, error, p_value = paired(*((one.values, other.values) if one.more_is_better else
                                        (other.values, one.values)))
        told = p_value < _LEVEL / len(others)
        verdict = "not told from" if not told else "better than" if mean > 0 else "worse than"
        by = f"{mean:+.4f}, one seed" if len(one.values) < 2 else f"{mean:+.4f} ± {error:.4f}"
        said[verdict].append(f"{other.family} (by {by})")
    parts = [f"{verdict} {', '.join(names)}" for verdict, names in said.items() if names]
    return f"{one.label}, {one.numbers:,} numbers: {one.family} is {'; '.join(parts)}."


def to_dict(points: Sequence[Point], plan: Plan | GanPlan, of: Sequence[str]) -> dict[str, Any]:
    """Plain values for JSON."""
    return {"plan": asdict(plan), "points": [point._asdict() for point in points],
            "sentences": list(sentences(points, of))}
