"""The picture of a frontier: quality against size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ...report.plots.style import new_figure, styled
from .run import Point

_COLOURS = ("#D55E00", "#E69F00", "#CC79A7", "#999933", "#0072B2", "#56B4E9", "#009E73", "#332288", "#888888",
            "#882255", "#44AA99")


def frontier_plot(points: Sequence[Point], circuits: Sequence[str]) -> Figure:
    """A panel for each class: KL divergence against trained numbers, bands one standard error over seeds.

    Args:
        points: as :func:`~qgan.studies.frontier.run.study` gives them.
        circuits: families that are drawn with full lines; the others are dashed.
    """
    labels = list(dict.fromkeys(point.label for point in points))
    families = list(dict.fromkeys(point.family for point in points))
    with styled():
        figure = new_figure(1.2 + 4.6 * len(labels), 4.4)
        for axes, label in zip(figure.subplots(1, len(labels), squeeze=False)[0], labels, strict=True):
            for family, colour in zip(families, _COLOURS * 3, strict=False):
                mine = sorted((p for p in points if (p.label, p.family) == (label, family)), key=lambda p: p.numbers)
                x, y, spread = (np.array([getattr(p, name) for p in mine]) for name in ("numbers", "mean", "spread"))
                style = "-" if family in circuits else "--"
                axes.plot(x, y, style, marker="o", ms=3, color=colour, label=family)
                axes.fill_between(x, y - spread, y + spread, color=colour, alpha=0.25, lw=0)
            axes.set(xscale="log", yscale="log", xlabel="trained numbers", title=f"{label} jets, test")
        figure.axes[0].set_ylabel("KL divergence of pixel shares [nats]")
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right center")
        return figure
