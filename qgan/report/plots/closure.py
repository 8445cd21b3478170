"""What was asked for against what the image has, real and generated side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from ...base.errors import DataError
from ...data.jets import JetImages
from ...evaluation import Evaluation
from ...evaluation.closure import closure
from ...observables.arrays import observables
from .numbers import written
from .style import PIXELS, REAL, class_title, colour, named, new_figure, shared_classes, styled

_QUANTITIES = (("mass", "mass"), ("pt", "$p_T$"))
_BINS = 8


def can_close(jets: JetImages) -> bool:
    """Whether the jets carry the mass and the pT that were asked for."""
    return all(name in jets.conditions for name, _ in _QUANTITIES)


def closure_plot(real: JetImages, fakes: JetImages | Mapping[str, JetImages],
                 evaluations: Mapping[str, Evaluation] | None = None) -> Figure:
    """Image mass and pT against the asked ones: a row per class and quantity, real jets left of each generator's.

    Points are bias and bars resolution in bins of equal numbers of jets;
    the dashed line is where the image has what was asked for.

    Args:
        evaluations: of each generator, for the numbers in the panels.

    Raises:
        DataError: one of them has no mass or pT among its conditions.
    """
    sides = {"real": real, **named(fakes)}
    for jets in sides.values():
        if not can_close(jets):
            raise DataError(jets.source, "jet_mass, jet_pt", "are not both there, expected for a closure plot")
    rows = [(label, *quantity) for label in shared_classes(real, sides) for quantity in _QUANTITIES]
    with styled():
        figure = new_figure(3.8 * len(sides), 3.0 * len(rows))
        axes = figure.subplots(len(rows), len(sides), squeeze=False)
        for panels, (label, name, title) in zip(axes, rows, strict=True):
            _row(list(panels), {side: jets.only(label) for side, jets in sides.items()}, label, name, title)
            for axes, text in zip(panels, _numbers(list(sides), evaluations or {}, real.name(label), name),
                                  strict=True):
                axes.text(0.03, 0.96, text, transform=axes.transAxes, va="top", fontsize=8,
                          bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2} if text else None)
        return figure


def _numbers(sides: Sequence[str], evaluations: Mapping[str, Evaluation], group: str, name: str) -> list[str]:
    """What is told of each side, of real jets first."""
    anyone = next(iter(evaluations.values()), None)
    told = [written(anyone, "closure", group, of_real=True),
            *(written(evaluations.get(side), "closure", group) for side in sides[1:])]
    return [texts.get(name, "") for texts in told]


def _row(panels: Sequence[Axes], sides: Mapping[str, JetImages], label: int, name: str, title: str) -> None:
    measured = [observables(side.images, side.grid, names=[name])[name] for side in sides.values()]
    asked = [np.asarray(side.conditions[name], np.float64) for side in sides.values()]
    everything = np.concatenate([asked[0], measured[0]])
    low, high = np.quantile(everything, [0.002, 0.998])
    pad = 0.1 * (high - low)
    edges = np.linspace(low - pad, high + pad, 61)
    for i, (axes, m, a, (side, jets)) in enumerate(zip(panels, measured, asked, sides.items(), strict=True)):
        _panel(axes, m, a, edges, colour(i - 1) if i else REAL)
        axes.set_title(f"{class_title(jets, label)}, {side}")
        axes.set_xlabel(f"asked {title} [GeV]" if i else f"jet {title} [GeV]")
    panels[0].set_ylabel(f"image {title} [GeV]")


def _panel(axes: Axes, measured: np.ndarray, asked: np.ndarray, edges: np.ndarray, shade: str) -> None:
    low, high = edges[0], edges[-1]
    span = np.quantile(asked, [0.002, 0.998])
    x_edges = np.linspace(span[0], span[1] if span[1] > span[0] else span[0] + 1.0, 41)
    counts, _, _ = np.histogram2d(asked, measured, bins=[x_edges, edges])
    axes.pcolormesh(x_edges, edges, np.ma.masked_equal(counts.T, 0), norm=LogNorm(1, max(counts.max(), 2)),
                    cmap=PIXELS, alpha=0.75, rasterized=True)
    axes.plot([low, high], [low, high], color="black", lw=0.9, ls="--")
    order = np.argsort(asked, kind="stable")
    for part in np.array_split(order, _BINS):
        if len(part):
            result, centre = closure(measured[part], asked[part]), float(asked[part].mean())
            axes.errorbar(centre, centre + result.bias, result.resolution, fmt="o", ms=3.5, color=shade, capsize=2,
                          lw=1.2)
    axes.set_xlim(x_edges[0], x_edges[-1])
    axes.set_ylim(low, high)
