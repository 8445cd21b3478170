"""The tables of the page: what stands in which cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..evaluation import Evaluation, Metric, Row
from ..evaluation.registry import METRICS, headlines, in_order
from .levels import Level, judged_by, level
from .text import number

#: A significance beyond this is not worth its digits: the real pairs do not reach that far.
_MANY = 100


@dataclass(frozen=True)
class Cell:
    """One number as the page shows it.

    Attributes:
        value: the number itself, of which ``text`` shows some digits.
        error, floor: text, may be empty.
        verdict: value over floor, or how significant; empty where nothing is known.
        level: what colours the cell, if anything.
        where: observable and class, for the overview.
    """

    value: float
    text: str
    error: str = ""
    floor: str = ""
    verdict: str = ""
    level: Level | None = None
    where: str = ""


@dataclass(frozen=True)
class Line:
    """One observable of one metric: a cell for each generator, None where it has no such number."""

    label: str
    unit: str
    cells: list[Cell | None]


@dataclass(frozen=True)
class Block:
    """One metric of one class."""

    metric: str
    meaning: str
    lines: list[Line]


def cell_of(row: Row, where: str = "") -> Cell:
    """The cell of a row."""
    return Cell(row.value, number(row.value), "" if row.error is None else number(row.error),
                "" if row.floor is None else number(row.floor), _verdict(row), level(row), where)


def blocks(evaluations: Mapping[str, Evaluation], group: str) -> list[Block]:
    """Every metric of a class, in order; observables with the worst first."""
    found: dict[str, dict[str, dict[str, Row]]] = {}
    for name, evaluation in evaluations.items():
        for row in evaluation.of_group(group):
            found.setdefault(row.metric, {}).setdefault(row.observable, {})[name] = row
    return [Block(metric.name, metric.says, list(_lines(metric, found[metric.name], evaluations)))
            for metric in in_order() if metric.name in found]


def glance(evaluations: Mapping[str, Evaluation]) -> list[Line]:
    """The headlines, turned so that a line is a quantity: of each the worst class."""
    found = [evaluation.at_a_glance() for evaluation in evaluations.values()]
    lines = []
    for name, headline in headlines().items():
        rows = [mine.get(name) for mine in found]
        unit = next((row.unit for row in rows if row is not None), None)
        if unit is not None:
            lines.append(Line(headline.title, _unit(unit), [
                None if row is None else cell_of(row, _where(row, headline.observable)) for row in rows]))
    return lines


def _where(row: Row, known: str | None) -> str:
    """Class of a headline's row and, where the headline does not say it, the observable; of referees their jets."""
    size = f", {row.n:,} jets" if METRICS[row.metric].tells_n else ""
    return (f"{row.observable}, {row.group}" if known is None and row.observable else row.group) + size


def _lines(metric: Metric, rows: Mapping[str, Mapping[str, Row]],
           evaluations: Mapping[str, Evaluation]) -> Iterator[Line]:
    names = list(rows)
    if metric.by_observable:
        names.sort(key=lambda name: -max(r.ratio or 0.0 for r in rows[name].values()))
    for name in names:
        first = next(iter(rows[name].values()))
        size = f", {first.n:,} jets" if metric.tells_n else ""
        cells = [cell_of(rows[name][e]) if e in rows[name] else None for e in evaluations]
        yield Line((name or "all pixels") + size, _unit(first.unit), cells)


def _verdict(row: Row) -> str:
    kind = judged_by(row)
    if kind == "ratio":
        assert row.ratio is not None
        return f"{row.ratio:.2f}×" if row.ratio < 10 else f"{row.ratio:,.0f}×"
    if kind == "significance":
        assert row.significance is not None
        if abs(row.significance) >= _MANY:
            return f"{'>' if row.significance > 0 else '< −'}{_MANY}σ"
        return f"{row.significance:+.1f}σ"
    return ""


def _unit(unit: str) -> str:
    return "σ" if unit == "sd" else unit.replace("1e-3", "10⁻³")
