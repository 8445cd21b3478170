"""What classifiers see: generated jets told from real ones, and one class from the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...evaluation import Curve, Evaluation
from .style import CLASS_NAMES, REAL, colour, new_figure, styled

#: How each classifier is drawn, and what it is called.
_KINDS = {"features": ("-", "trees"), "images": ("--", "network")}
#: The panels after those of real against generated jets: title and axes.
_TAGGERS = {"tagger_auc": "trained on real jets", "usefulness": "trained on generated, tested on real jets"}


def has_curves(evaluations: Mapping[str, Evaluation]) -> bool:
    """Whether there is a curve to draw."""
    return any(evaluation.curves for evaluation in evaluations.values())


def roc_plot(evaluations: Mapping[str, Evaluation]) -> Figure:
    """ROC curves of real against generated jets, class by class, and of taggers of the classes.

    On the diagonal nothing is told apart: the goal for real against generated jets. The curves are of the split with
    the median area; the numbers are those of the table.
    """
    groups = list(dict.fromkeys(c.group for e in evaluations.values() for c in e.curves if c.metric == "c2st_auc"))
    groups.sort(key=lambda group: group == "all")
    taggers = [m for m in _TAGGERS if any(c.metric == m for e in evaluations.values() for c in e.curves)]
    count = len(groups) + len(taggers)
    columns = min(count, 3)
    with styled():
        figure = new_figure(4.0 * columns, 4.0 * -(-count // columns))
        panels = list(figure.subplots(-(-count // columns), columns, squeeze=False).flat)
        for axes, group in zip(panels, groups, strict=False):
            title = "all jets" if group == "all" else f"{CLASS_NAMES.get(group, group)} jets"
            _panel(axes, f"{title}: generated from real", "real jets taken for generated", "generated jets found")
            for i, (name, curve, evaluation) in _chosen(evaluations, "c2st_auc", group):
                _draw(axes, curve, name, evaluation, colour(i))
        for axes, metric in zip(panels[len(groups):], taggers, strict=False):
            _panel(axes, f"tagger {_TAGGERS[metric]}", "background efficiency", "signal efficiency")
            for i, (name, curve, evaluation) in _chosen(evaluations, metric, None):
                if curve.group != "real" or i == 0:
                    real = curve.group == "real"
                    _draw(axes, curve, "real" if real else name, evaluation, REAL if real else colour(i))
        for axes in panels[:count]:
            axes.legend(loc="lower right", handlelength=1.8)
        for axes in panels[count:]:
            axes.set_axis_off()
        return figure


def _chosen(evaluations: Mapping[str, Evaluation], metric: str,
            group: str | None) -> Iterator[tuple[int, tuple[str, Curve, Evaluation]]]:
    """The curves of a metric (and a class), each with the number of its generator."""
    for i, (name, evaluation) in enumerate(evaluations.items()):
        for curve in evaluation.curves:
            if curve.metric == metric and group in (None, curve.group):
                yield i, (name, curve, evaluation)


def _panel(axes: Axes, title: str, x: str, y: str) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", lw=0.8, ls=":")
    axes.set(title=title, xlabel=x, ylabel=y, xlim=(0, 1), ylim=(0, 1), aspect="equal")


def _draw(axes: Axes, curve: Curve, name: str, evaluation: Evaluation, shade: str) -> None:
    style, kind = _KINDS.get(curve.observable, ("-.", curve.observable))
    row = next((r for r in evaluation.of(curve.metric) if r.observable == curve.observable
                and (r.group == curve.group or curve.metric != "c2st_auc")), None)
    value = None if row is None else row.floor if curve.group == "real" else row.value
    number = "" if value is None else f": {value:.3f}"
    axes.plot(*curve.roc(), color=shade, ls=style, lw=1.4, label=f"{name}, {kind}{number}")
