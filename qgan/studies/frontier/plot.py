"""The picture of a frontier: quality against size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ...report.plots.style import new_figure, styled
from .run import Point

_COLOURS = ("#D55E00", "#E69F00", "#CC79A7", "#999933", "#0072B2", "#56B4E9", "#009E73", "#332288", "#888888",
            "#882255", "#44AA99")
_COLUMNS = 3
#: Values that reach over so many times the lowest are drawn on a logarithmic axis.
_WIDE = 10


def frontier_plot(points: Sequence[Point], circuits: Sequence[str], *, title: str = "{} jets, test",
                  axis: str = "KL divergence of pixel shares [nats]") -> Figure:
    """A panel for each class or figure: its values against trained numbers, bands one standard error over seeds, what
    real jets have as a grey line; of one size a row for each family, the lowest on top.

    Args:
        points: as :func:`~qgan.studies.frontier.run.study` or :func:`~qgan.studies.frontier.gans.gans` gives them.
        circuits: families that are drawn with full lines and marks; the others are dashed and hollow.
        title: of a panel, with the points' label in the place of the braces.
        axis: what the values are.
    """
    labels, sizes = (list(dict.fromkeys(getattr(point, name) for point in points)) for name in ("label", "size"))
    columns = min(_COLUMNS, len(labels))
    rows = -(-len(labels) // columns)
    with styled():
        figure = new_figure(1.2 + 4.6 * columns, 4.4 * rows)
        panels = figure.subplots(rows, columns, squeeze=False).flat
        for label, axes in zip(labels, panels, strict=False):
            mine = [point for point in points if point.label == label]
            axes.set_title(title.format(label))
            if len(sizes) > 1:
                _by_size(axes, mine, circuits)
                axes.set_ylabel(axis)
            else:
                _of_one_size(axes, mine, circuits)
                axes.set_xlabel(axis)
        for axes in panels:
            axes.set_visible(False)
        handles = dict(zip(*reversed(figure.axes[0].get_legend_handles_labels()), strict=True))
        figure.legend(handles.values(), handles.keys(), loc="outside right center", handlelength=4)
        return figure


def _by_size(axes: Axes, points: Sequence[Point], circuits: Sequence[str]) -> None:
    for family, colour in zip(dict.fromkeys(point.family for point in points), _COLOURS * 3, strict=False):
        mine = sorted((point for point in points if point.family == family), key=lambda point: point.numbers)
        x, y, spread = (np.array([getattr(point, name) for point in mine]) for name in ("numbers", "mean", "spread"))
        style = "-" if family in circuits else "--"
        axes.plot(x, y, style, marker="o", ms=3, color=colour, label=family)
        axes.fill_between(x, y - spread, y + spread, color=colour, alpha=0.25, lw=0)
    _floor(axes.axhline, points)
    values = [point.mean for point in points]
    axes.set(xscale="log", xlabel="trained numbers")
    if not points[0].more_is_better and 0 < _WIDE * min(values) < max(values):
        # Bands may reach zero, and floors be zero, which such an axis would try to show.
        axes.set(yscale="log", ylim=(0.5 * min(values + [floor for point in points if (floor := point.floor)]), None))
    sizes = sorted({point.size for point in points})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())


def _of_one_size(axes: Axes, points: Sequence[Point], circuits: Sequence[str]) -> None:
    rows = sorted(points, key=lambda point: point.mean if point.more_is_better else -point.mean)
    for row, point in enumerate(rows):
        circuit = point.family in circuits
        axes.errorbar(point.mean, row, xerr=point.spread, fmt="o", color=_COLOURS[0 if circuit else 4],
                      mfc=None if circuit else "white", capsize=3, label="a circuit" if circuit else "no circuit")
    axes.set_yticks(range(len(rows)), [f"{point.family} ({point.numbers:,})" for point in rows])
    _floor(axes.axvline, points)


def _floor(line: Callable[..., object], points: Sequence[Point]) -> None:
    if found := [point.floor for point in points if point.floor is not None]:
        line(float(np.mean(found)), color="0.6", ls=":", label="real jets")
