"""What finite shots and noise do to the jets of a generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..evaluation import Headline
from ..evaluation.registry import headlines
from ..report.plots.style import REAL, new_figure, styled

#: A combination of shots and noise with its figures.
Point = dict[str, Any]
_COLOURS = ("#0072B2", "#E69F00", "#D55E00", "#CC79A7", "#009E73", "#56B4E9", "#999933")


def hardware_plot(told: dict[str, Any]) -> Figure:
    """Each figure against the shots, a line for each noise; at the right end infinitely many shots.

    Bars are the errors of the evaluation; the dashed line is what real jets reach against real jets.

    Args:
        told: a study of the hardware as plain values: points, readout and n_per_class.
    """
    points: list[Point] = told["points"]
    noises = sorted({point["noise"] for point in points})
    names = [name for name in headlines() if name in points[0]["figures"]]
    with styled():
        figure = new_figure(9.6, 0.6 + 3.2 * -(-len(names) // 2))
        panels = figure.subplots(-(-len(names) // 2), 2, squeeze=False)
        for axes, name in zip(panels.flat, names, strict=False):
            headline = headlines()[name]
            for noise, colour in zip(noises, _cycled(len(noises)), strict=True):
                _line(axes, [p for p in points if p["noise"] == noise], headline, colour, f"p = {noise:g}")
            floor = points[0]["figures"][name]["floor"]
            if floor is not None:
                axes.axhline(headline.scale * floor, color=REAL, ls="--", lw=0.9, label="real jets")
            axes.set_ylabel(headline.heading)
            _shot_axis(axes, points)
            # What is extrapolated can be negative for good jets.
            scale = "log" if headline.axis == "symlog" and axes.dataLim.y0 > 0 else headline.axis
            axes.set_yscale(scale, **({"linthresh": 10} if scale == "symlog" else {}))
        for axes in panels.flat[len(names):]:
            axes.set_axis_off()
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6,
                      title="depolarising probability after each gate")
        figure.suptitle(f"{told['readout']} readout, {told['n_per_class']:,} jets of each class a point")
        return figure


def _line(axes: Axes, points: Sequence[Point], headline: Headline, colour: str, label: str) -> None:
    name, scale = headline.name, headline.scale
    ordered = sorted(points, key=lambda p: p["shots"] or np.inf)
    x = [_place(p, points) for p in ordered]
    y = scale * np.array([p["figures"][name]["value"] for p in ordered])
    errors = scale * np.array([p["figures"][name]["error"] or 0.0 for p in ordered])
    # On a logarithmic axis a bar must not reach zero.
    bars = errors if headline.axis != "log" else np.stack([np.minimum(errors, 0.9 * np.abs(y)), errors])
    axes.errorbar(x, y, bars, color=colour, marker="o", ms=4, lw=1.4, capsize=2, label=label)


def _place(point: Point, points: Sequence[Point]) -> float:
    """The shots, infinitely many a decade to the right of the most."""
    most = max((p["shots"] for p in points if p["shots"] is not None), default=1)
    return float(point["shots"] or 10 * most)


def _shot_axis(axes: Axes, points: Sequence[Point]) -> None:
    axes.set_xscale("log")
    ordered = sorted({(_place(p, points), p["shots"]) for p in points}, key=lambda pair: pair[0])
    axes.set_xticks([x for x, _ in ordered], ["∞" if shots is None else f"{shots:,}" for _, shots in ordered])
    axes.minorticks_off()
    axes.set_xlabel("shots a jet")


def _cycled(n: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(n)]
