"""What classifiers see: generated jets told from real ones, and one class from the other."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...evaluation import Curve, Evaluation, Metric
from ...evaluation.registry import in_order
from .style import CLASS_NAMES, REAL, colour, new_figure, styled

#: Of the kinds of classifiers, in the order in which they occur.
_LINES = ("-", "--", "-.", ":")


def has_curves(evaluations: Mapping[str, Evaluation]) -> bool:
    """Whether there is a curve to draw."""
    return any(evaluation.curves for evaluation in evaluations.values())


def roc_plot(evaluations: Mapping[str, Evaluation]) -> Figure:
    """ROC curves of real against generated jets, class by class, and of taggers of the classes.

    On the diagonal nothing is told apart: the goal for real against generated jets. The curves are of the split with
    the median area; the numbers are those of the table.
    """
    panels = _panels(evaluations)
    kinds = list(dict.fromkeys(curve.by for evaluation in evaluations.values() for curve in evaluation.curves))
    columns = min(len(panels), 3)
    with styled():
        figure = new_figure(4.0 * columns, 4.0 * -(-len(panels) // columns))
        every = list(figure.subplots(-(-len(panels) // columns), columns, squeeze=False).flat)
        for axes, (title, (metric, curves)) in zip(every, panels.items(), strict=False):
            assert metric.roc is not None
            axes.plot([0, 1], [0, 1], color="#999999", lw=0.8, ls=":")
            axes.set(title=title, xlabel=metric.roc[1], ylabel=metric.roc[2], xlim=(0, 1), ylim=(0, 1), aspect="equal")
            for i, name, curve in curves:
                line = _LINES[kinds.index(curve.by) % len(_LINES)]
                _draw(axes, curve, name, evaluations[name], REAL if curve.group == "real" else colour(i), line)
            axes.legend(loc="lower right", handlelength=1.8)
        for axes in every[len(panels):]:
            axes.set_axis_off()
        return figure


def _panels(evaluations: Mapping[str, Evaluation]) -> dict[str, tuple[Metric, list[tuple[int, str, Curve]]]]:
    """The curves of each panel by its title, each with the number and the name of its generator."""
    panels: dict[str, tuple[Metric, list[tuple[int, str, Curve]]]] = {}
    groups = dict.fromkeys(curve.group for evaluation in evaluations.values() for curve in evaluation.curves)
    for metric in in_order():
        for group in sorted(groups, key=lambda group: group == "all"):
            for i, (name, evaluation) in enumerate(evaluations.items()):
                # Real jets are the same for all generators.
                for curve in evaluation.curves if metric.roc is not None and (group != "real" or i == 0) else ():
                    if (curve.metric, curve.group) == (metric.name, group):
                        title = metric.roc[0].format(_title(group)) if metric.roc else ""
                        panels.setdefault(title, (metric, []))[1].append((i, name, curve))
    return panels


def _title(group: str) -> str:
    return "all jets" if group == "all" else f"{CLASS_NAMES.get(group, group)} jets"


def _draw(axes: Axes, curve: Curve, name: str, evaluation: Evaluation, shade: str, line: str) -> None:
    real = curve.group == "real"
    rows = [r for r in evaluation.of(curve.metric) if r.observable == curve.observable]
    row = next((r for r in rows if r.group == curve.group), next((r for r in rows if r.group == "all"), None))
    value = None if row is None else row.floor if real else row.value
    number = "" if value is None else f": {value:.3f}"
    axes.plot(*curve.roc(), color=shade, ls=line, lw=1.4, label=f"{'real' if real else name}, {curve.by}{number}")
