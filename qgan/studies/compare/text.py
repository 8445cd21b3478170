"""A comparison as one table, for the terminal or in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...base import console
from .entries import Entry, Spread
from .headlines import HeadlineValue, compared

_SIZES = {"quantum": "angles", "core": "core", "generator": "generator"}


def cells(entries: Sequence[Entry], group: str = "all") -> list[list[str]]:
    """The table of one class, or of all, with its head: a line for each entry."""
    names = [name for name in compared() if any(entry.figure(name, group) is not None for entry in entries)]
    head = ["", "seeds", *map(title, names), *_SIZES.values(), "step [ms]"]
    return [head, *(_line(entry, names, group) for entry in entries)]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side, with the units below their names."""
    head, *body = rows
    words = [column.split(" [") for column in head]
    upper = [word[0] for word in words]
    lower = [f"[{word[1]}" if len(word) > 1 else "" for word in words]
    return console.aligned([upper, lower, *body], heads=2)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same as a Markdown table."""
    head, *body = ([f" {cell} " for cell in row] for row in rows)
    return "\n".join("|" + "|".join(row) + "|" for row in (head, ["---"] * len(head), *body))


def title(name: str) -> str:
    """What a figure is called, with its unit; one of another version by its name."""
    headline = compared().get(name)
    return name if headline is None else headline.heading


def measured(figure: HeadlineValue, name: str) -> str:
    """One generator's figure ± its statistical error (what real jets reach), to two digits of the error."""
    factor = scale(name)
    value, error, floor = (None if x is None else factor * x for x in figure)
    digits = max(0, 1 - math.floor(math.log10(error))) if error else 3
    return f"{value:.{digits}f}" + (f" ± {error:.{digits}f}" if error is not None else "") + (
        f" ({floor:.{digits}f})" if floor is not None else "")


def _line(entry: Entry, names: Sequence[str], group: str) -> list[str]:
    sizes = [f"{entry.parameters[name]:,}" if entry.parameters else "" for name in _SIZES]
    step = f"{1e3 * entry.seconds_per_step:.0f}" if entry.seconds_per_step is not None else ""
    values = (_cell(entry.figure(name, group), name) for name in names)
    return [entry.name, str(len(entry.seeds)), *values, *sizes, step]


def _cell(figure: Spread | None, name: str) -> str:
    """Mean ± spread over the seeds; of one seed the mean alone."""
    if figure is None:
        return "-"
    factor = scale(name)
    mean = factor * figure.mean
    if figure.spread is None:
        return number(mean)
    return f"{number(mean)} ± {number(factor * figure.spread, digits=2)}"


def scale(name: str) -> int:
    """What a figure is multiplied by where it is told: a hundred for per cent."""
    headline = compared().get(name)
    return 1 if headline is None else headline.scale


def number(value: float, digits: int = 3) -> str:
    """Three digits, without an exponent below a million."""
    if abs(value) >= 1e6:
        return f"{value:.1e}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.{digits}g}".rstrip(".")
