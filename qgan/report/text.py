"""An evaluation as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..base.console import aligned
from ..evaluation import Evaluation, Row
from ..evaluation.registry import METRICS, headlines, in_order, listed
from .names import generator_names


class _Column(NamedTuple):
    heading: str
    evaluation: Evaluation
    group: str


def table(*evaluations: Evaluation, names: Sequence[str] | None = None) -> str:
    """Aligned text: what there is of every observable, worst first, then every other metric.

    One evaluation has its classes side by side. Several, against the same real jets, stand side by side
    themselves, class below class.

    Args:
        evaluations: as :func:`~qgan.evaluation.evaluate` gives them.
        names: a heading for each; by default where its generated jets come from.
    """
    if not evaluations:
        raise ValueError("table needs at least one evaluation")
    headings = list(names) if names is not None else generator_names([e.fake for e in evaluations])
    lines = [f"real jets: {evaluations[0].real}", *(f"generated: {e.fake}" for e in evaluations), ""]
    if len(evaluations) == 1:
        columns = [_Column(group, evaluations[0], group) for group in evaluations[0].groups]
        lines += _block("", columns)
    else:
        for group in evaluations[0].groups:
            lines += _block(f"{group}: ", [_Column(h, e, group) for h, e in zip(headings, evaluations, strict=True)])
    lines += [*_floors(), *(f"note: {note}" for note in dict.fromkeys(n for e in evaluations for n in e.notes)), ""]
    return "\n".join([*lines, *(summary(e, h) for e, h in zip(evaluations, headings, strict=True))])


def summary(evaluation: Evaluation, name: str = "") -> str:
    """One line: where the jets come from, and the headlines."""
    name = name or generator_names([evaluation.fake])[0]
    return f"{name}: {sentences(evaluation)} [{evaluation.seconds:.0f} s]"


def sentences(evaluation: Evaluation) -> str:
    """The headlines that have a sentence, each of the class where it is worst."""
    known, parts = headlines(), []
    for key, row in evaluation.at_a_glance().items():
        if known[key].sentence:
            value = known[key].scale * row.value
            parts.append(known[key].sentence.format(row=row, number=number(value)))
    return ", ".join(parts)


def _floors() -> list[str]:
    """What the floors are."""
    of = {rule: listed([m.name for m in in_order() if m.floor == rule]) for rule in ("quantile", "real")}
    return [f"floor: the same between disjoint real samples of that size (95 % quantile for {of['quantile']}, whose "
            "mean is 0);", f"       for {of['real']} what real jets reach. x: value over floor, 1 is perfect."]


def _block(title: str, columns: Sequence[_Column]) -> list[str]:
    """A table for each metric of all observables, and one of the other metrics, for the same columns."""
    lines, others = [], []
    for metric in in_order():
        rows = [row for c in columns for row in c.evaluation.of(metric.name, c.group)]
        names = list(dict.fromkeys(row.observable for row in rows)) if metric.in_table is None else metric.in_table
        if metric.by_observable and metric.in_table is None and rows:
            names = sorted(names, key=lambda name: -max(row.value for row in rows if row.observable == name))
            sizes = ", ".join(dict.fromkeys(f"{row.group} {row.n}" for row in rows))
            lines += [f"{title}{metric.says}, worst first (jets a side: {sizes})",
                      *_table("observable", [(metric.name, name, name) for name in names], columns), ""]
        elif rows:
            others += [(metric.name, name, f"{metric.name} {name}".strip()) for name in names]
    return [*lines, f"{title}other metrics", *_table("metric", others, columns), ""]


def _table(corner: str, keys: Sequence[tuple[str, str, str]], columns: Sequence[_Column]) -> list[str]:
    """Lines of metric, observable and what they are called."""
    body = []
    for metric, observable, label in keys:
        rows = [_row(c, metric, observable) for c in columns]
        unit = next((r.unit for r in rows if r is not None), "")
        size = next((f", {r.n:,} jets" for r in rows if r is not None and METRICS[metric].tells_n), "")
        cells = [label + size + (f" [{unit}]" if unit not in ("", "sd") else "")]
        for row in rows:
            cells += _cells(row)
        body.append(cells)
    head = [corner, *(cell for c in columns for cell in ("|", c.heading, "+- error", "floor", "x"))]
    return aligned([head, *body], heads=1).splitlines()


def _cells(row: Row | None) -> list[str]:
    if row is None:
        return ["|", *"----"]
    return ["|", number(row.value), number(row.error), number(row.floor),
            f"{row.ratio:.2f}" if row.ratio is not None else "-"]


def _row(column: _Column, metric: str, observable: str) -> Row | None:
    rows = (r for r in column.evaluation.of(metric, column.group) if r.observable == observable)
    return next(rows, None)


def number(value: float | None) -> str:
    """Three digits, without an exponent between 1e-4 and 1e6."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e6:
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")
    return f"{value:.1e}"
