"""An evaluation as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..base.console import aligned
from ..evaluation import METRICS, Evaluation, Row
from .names import generator_names

#: Beside W1 in standard deviations; what is left out is in the JSON.
_OTHERS = tuple(m for m in METRICS if m not in ("w1", "w1_unit", "separation"))
#: Wasserstein-1 in GeV is quoted in the literature for these.
_IN_GEV = ("mass", "pt")


class _Column(NamedTuple):
    heading: str
    evaluation: Evaluation
    group: str


def table(*evaluations: Evaluation, names: Sequence[str] | None = None) -> str:
    """Aligned text: W1 of every observable, worst first, then every other metric.

    One evaluation has its classes side by side. Several, against the same real jets, stand side by side
    themselves, class below class.

    Args:
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
    lines += ["floor: the same between disjoint real samples of that size (95 % quantile for fpd and kpd, whose mean "
              "is 0);", "       for closure and the tagger, what real jets reach. x: value over floor, 1 is perfect.",
              *(f"note: {note}" for note in dict.fromkeys(n for e in evaluations for n in e.notes)), ""]
    return "\n".join([*lines, *(summary(e, h) for e, h in zip(evaluations, headings, strict=True))])


def summary(evaluation: Evaluation, name: str = "") -> str:
    """One line: the worst of W1, mean image, Frechet distance and trees over the classes."""
    worst = evaluation.worst("w1")
    parts = [f"worst W1 {worst.value:.3f} sigma ({worst.observable}, {worst.group})"] if worst else []
    for metric, observable, label, scale in (("mean_image", "", "mean image off by {} %", 100),
                                             ("fpd", "features", "FPD {}e-3", 1),
                                             ("c2st_auc", "features", "AUC of trees {}", 1)):
        values = [scale * r.value for r in evaluation.of(metric) if r.observable == observable]
        if values:
            parts.append(label.format(number(max(values))))
    return f"{name or generator_names([evaluation.fake])[0]}: {', '.join(parts)} [{evaluation.seconds:.0f} s]"


def _block(title: str, columns: Sequence[_Column]) -> list[str]:
    """The W1 table and the table of the other metrics for the same columns."""
    by_size: dict[str, float] = {}
    for column in columns:
        for row in column.evaluation.of("w1", column.group):
            by_size[row.observable] = max(row.value, by_size.get(row.observable, 0.0))
    w1 = [("w1", name) for name in sorted(by_size, key=lambda o: -by_size[o])]
    found = dict.fromkeys((r.metric, r.observable) for c in columns for r in c.evaluation.of_group(c.group))
    others = [("w1_unit", name) for name in _IN_GEV]
    others += [key for metric in _OTHERS for key in found if key[0] == metric]
    sizes = ", ".join(dict.fromkeys(f"{c.group} {r.n}" for c in columns for r in c.evaluation.of("w1", c.group)))
    return [f"{title}Wasserstein-1 in standard deviations of the real jets, worst first (jets a side: {sizes})",
            *_table("observable", w1, columns), "", f"{title}other metrics", *_table("metric", others, columns), ""]


def _table(corner: str, keys: Sequence[tuple[str, str]], columns: Sequence[_Column]) -> list[str]:
    body = []
    for metric, observable in keys:
        rows = [_row(c, metric, observable) for c in columns]
        unit = next((r.unit for r in rows if r is not None), "")
        label = observable if metric == "w1" else f"{metric.removesuffix('_unit')} {observable}".strip()
        cells = [label + (f" [{unit}]" if unit not in ("", "sd") else "")]
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
