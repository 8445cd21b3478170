"""The tables of the page: what stands in which cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..evaluation import METRICS, Evaluation, Row
from .levels import Level, judged_by, level, of_classes, worst
from .text import number

#: A significance beyond this is not worth its digits: the real pairs do not reach that far.
_MANY = 100
#: The overview: heading, metric, observable.
GLANCE = (("mean image", "mean_image", ""), ("FPD", "fpd", "features"), ("KPD", "kpd", "features"),
          ("AUC of trees", "c2st_auc", "features"), ("AUC of CNN", "c2st_auc", "images"),
          ("coverage", "coverage", "features"), ("mass resolution", "closure_resolution", "mass"))


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
    """Every metric of a class, in the order of ``METRICS``; observables with the worst first."""
    found: dict[str, dict[str, dict[str, Row]]] = {}
    for name, evaluation in evaluations.items():
        for row in evaluation.of_group(group):
            found.setdefault(row.metric, {}).setdefault(row.observable, {})[name] = row
    order = [m for m in METRICS if m in found] + [m for m in found if m not in METRICS]
    return [Block(metric, METRICS.get(metric, ""), list(_lines(metric, found[metric], evaluations)))
            for metric in order]


def glance(evaluations: Mapping[str, Evaluation]) -> list[Line]:
    """The overview, turned so that a line is a quantity: the worst class of each, and the median of W1."""
    lines = [Line("W1, median", "σ", [_median(e) for e in evaluations.values()]),
             Line("W1, worst", "σ", [_worst(e, "w1", None) for e in evaluations.values()])]
    for label, metric, observable in GLANCE:
        cells = [_worst(e, metric, observable) for e in evaluations.values()]
        unit = next((r.unit for e in evaluations.values() for r in of_classes(e, metric, observable)), "")
        if any(cells):
            lines.append(Line(label, _unit(unit), cells))
    return lines


def _lines(metric: str, rows: Mapping[str, Mapping[str, Row]], evaluations: Mapping[str, Evaluation]) -> Iterator[Line]:
    names = list(rows)
    if metric in ("w1", "w1_unit", "separation"):
        names.sort(key=lambda name: -max(r.ratio or 0.0 for r in rows[name].values()))
    for name in names:
        unit = next(r.unit for r in rows[name].values())
        yield Line(name or "all pixels", _unit(unit), [cell_of(rows[name][e]) if e in rows[name] else None
                                                       for e in evaluations])


def _median(evaluation: Evaluation) -> Cell | None:
    """Of W1 over observables and classes; judged by the median of the ratios."""
    rows = of_classes(evaluation, "w1")
    if not rows:
        return None
    value, ratio = (float(np.median(x)) for x in ([r.value for r in rows], [r.ratio or 0.0 for r in rows]))
    floor = float(np.median([r.floor or 0.0 for r in rows]))
    typical = Row("w1", "", "", value, None, floor, ratio, None, "sd", rows[0].n)
    return cell_of(typical, f"{len(rows)} numbers")


def _worst(evaluation: Evaluation, metric: str, observable: str | None) -> Cell | None:
    row = worst(of_classes(evaluation, metric, observable))
    if row is None:
        return None
    return cell_of(row, f"{row.observable}, {row.group}" if observable is None else row.group)


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
