"""Observables of real and generated jets over one another, with their ratio and statistical errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from ...data.jets import JetImages
from ...data.units import CUT
from ...evaluation import Evaluation
from ...observables.arrays import observables
from ...observables.registry import measured
from .numbers import compared, written
from .style import LABELS, REAL, class_title, colour, named, new_figure, shared_classes, styled

_BINS = 30
#: Half of the range of the ratio panels.
_RATIO = 0.5
#: Jets of a class and side that are enough for a histogram.
_MOST = 10_000
#: Height of a panel in that of the real histogram, at most.
_TALLEST = 2
#: A panel's title has room for the numbers of this many generators.
_NUMBERS = 3


def observable_histograms(real: JetImages, fakes: JetImages | Mapping[str, JetImages], label: int,
                          names: Sequence[str] | None = None, columns: int = 5,
                          evaluations: Mapping[str, Evaluation] | None = None) -> Figure:
    """Every observable of one class, each with a ratio panel.

    Histograms have unit area; bars and bands are Poisson errors; what lies outside the range is in the
    outermost bins.

    Args:
        evaluations: of each generator, for the numbers above the panels.
    """
    names = names or measured()
    sides = {name: side.only(label).images[:_MOST] for name, side in {"real": real, **named(fakes)}.items()}
    tables = {side: observables(images, real.grid, names=names) for side, images in sides.items()}
    rows = -(-len(names) // columns)
    told = {name: written((evaluations or {}).get(name), "observables", real.name(label)) for name in named(fakes)}
    with styled():
        figure, panels = _panels(rows, columns, 2.9, 2.75)
        counts = ", ".join(f"{len(images):,} {side}" for side, images in sides.items())
        sizes = compared(evaluations, "observables", real.name(label))
        figure.suptitle("; ".join(part for part in (f"{class_title(real, label)}: {counts}", sizes) if part))
        for i, (name, (top, bottom)) in enumerate(zip(names, panels, strict=False)):
            values = {side: table[name] for side, table in tables.items()}
            a = values.pop("real")
            overlay(top, bottom, a, values, edges_for(a, *values.values(), whole=name == "nnz"))
            _numbers(top, [told[side].get(name, "") for side in values])
            # A spike, such as one value for all jets, must not flatten what it is compared with.
            highest = float(_heights(top)[0].max(initial=0))
            top.set_ylim(0, min(top.get_ylim()[1], _TALLEST * highest) if highest > 0 else None)
            bottom.set_xlabel(LABELS.get(name, name))
            top.set_ylabel("density" if i % columns == 0 else "")
            bottom.set_ylabel("gen. / real" if i % columns == 0 else "")
        panels[0][0].legend(loc="best", handlelength=1.2)
        _hide(panels[len(names):])
        return figure


def pixel_spectrum(real: JetImages, fakes: JetImages | Mapping[str, JetImages]) -> Figure:
    """Pixels per jet against their pT, both on logarithmic axes, class by class."""
    generators = named(fakes)
    classes = shared_classes(real, generators)
    with styled():
        figure, panels = _panels(1, len(classes), 4.6, 4.2)
        for (top, bottom), label in zip(panels, classes, strict=True):
            images = {name: side.only(label).images for name, side in {"real": real, **generators}.items()}
            logs = {name: np.log10(x[x > CUT]) for name, x in images.items()}
            a = logs.pop("real")
            edges = edges_for(a, *logs.values(), bins=40)
            overlay(top, bottom, a, logs, edges, [len(x) for x in images.values()])
            shown = np.concatenate(_heights(top))
            top.set_yscale("log")
            top.set_ylim(0.5 * shown[shown > 0].min(), 3 * shown.max())
            top.set_ylabel("pixels per jet and bin")
            bottom.set_xlabel(r"$\log_{10}$(pixel $p_T$ / GeV)")
            bottom.set_ylabel("gen. / real")
            top.set_title(class_title(real, label))
            top.legend(loc="best")
        return figure


def edges_for(real: np.ndarray, *fakes: np.ndarray, bins: int = _BINS, whole: bool = False) -> np.ndarray:
    """Edges that hold 99.8 % of the real values and, as far as they reach, of the generated ones."""
    low, high = start, stop = np.quantile(real, [0.001, 0.999])
    reach = 0.35 * max(stop - start, 1e-9)
    for fake in fakes:
        if len(fake):
            other = np.quantile(fake, [0.001, 0.999])
            low, high = max(min(low, other[0]), start - reach), min(max(high, other[1]), stop + reach)
    if whole:
        step = max(1, round((high - low) / bins))
        return np.arange(np.floor(low) - 0.5, high + step, step)
    return np.linspace(low, high if high > low else low + 1.0, bins + 1)


def overlay(top: Axes, bottom: Axes, real: np.ndarray, fakes: Mapping[str, np.ndarray], edges: np.ndarray,
            scales: Sequence[float] | None = None) -> None:
    """Histograms with errors and their ratio to that of the real values.

    Args:
        scales: what the counts are divided by, first of the real ones; by default such that the area is 1.
    """
    widths = np.diff(edges)
    everything = [real, *fakes.values()]
    units = [s * np.ones_like(widths) for s in scales] if scales else [max(len(x), 1) * widths for x in everything]
    p, dp = _histogram(real, edges, units[0])
    top.stairs(p, edges, fill=True, color=REAL, alpha=0.3, label="real")
    top.stairs(p, edges, color=REAL, lw=0.8)
    top.stairs(p + dp, edges, baseline=np.maximum(p - dp, 0), fill=True, color=REAL, alpha=0.35, lw=0)
    bottom.axhline(1, color=REAL, lw=0.8)
    known = p > 0
    safe = np.where(known, p, 1.0)
    bottom.stairs(np.where(known, 1 + dp / safe, 1), edges, baseline=np.where(known, 1 - dp / safe, 1), fill=True,
                  color=REAL, alpha=0.3, lw=0)
    for i, ((name, fake), unit) in enumerate(zip(fakes.items(), units[1:], strict=True)):
        # Points of several generators stand beside one another in their bin.
        centres = (edges[1:] + edges[:-1]) / 2 + widths * 0.25 * (i - (len(fakes) - 1) / 2)
        q, dq = _histogram(fake, edges, unit)
        top.stairs(q, edges, color=colour(i), lw=1.4, label=name)
        top.errorbar(centres, q, dq, fmt="none", ecolor=colour(i), elinewidth=0.9)
        bottom.errorbar(centres[known], (q / safe)[known], (dq / safe)[known], fmt=".", color=colour(i), ms=3,
                        elinewidth=0.9)
        _mark_outside(bottom, centres[known], (q / safe)[known], colour(i))
    bottom.set_ylim(1 - _RATIO, 1 + _RATIO)
    bottom.set_yticks([0.7, 1.0, 1.3])
    top.set_xlim(edges[0], edges[-1])


def _histogram(values: np.ndarray, edges: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].astype(float)
    return counts / unit, np.sqrt(counts) / unit


def _heights(axes: Axes) -> list[np.ndarray]:
    """Of each histogram, the real one's first; bands have no name and are left out."""
    return [patch.get_data()[0] for patch in axes.patches
            if isinstance(patch, StepPatch) and not str(patch.get_label()).startswith("_")]


def _numbers(axes: Axes, texts: Sequence[str]) -> None:
    """What is told of each generator above a panel, in its colour; of several without its name and floor."""
    for i, text in enumerate(texts if len(texts) <= _NUMBERS else ()):
        shown = text if len(texts) == 1 else text.rpartition("= ")[2].partition(" (")[0]
        axes.text(1 - 0.3 * (len(texts) - 1 - i), 1.025, shown, fontsize=8, ha="right", color=colour(i),
                  transform=axes.transAxes)


def _mark_outside(axes: Axes, x: np.ndarray, ratio: np.ndarray, shade: str) -> None:
    """Ratios beyond the panel stand as arrows at its edge, lest they vanish."""
    for outside, y, marker in ((ratio > 1 + _RATIO, 1 + 0.92 * _RATIO, "^"),
                               (ratio < 1 - _RATIO, 1 - 0.92 * _RATIO, "v")):
        axes.plot(x[outside], np.full(outside.sum(), y), marker, color=shade, ms=3.5)


def _panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """A figure of pairs of axes, histogram above ratio; margins are in inches, for speed without a layout engine."""
    figure = new_figure(width * columns + 0.5, height * rows + 0.6, arranged=False)
    wide, high = figure.get_size_inches()
    grid = figure.add_gridspec(rows, columns, left=0.65 / wide, right=1 - 0.15 / wide, bottom=0.5 / high,
                               top=1 - 0.65 / high, wspace=0.24, hspace=0.36)
    panels = []
    for index in range(rows * columns):
        cell = grid[divmod(index, columns)].subgridspec(2, 1, height_ratios=[2.4, 1], hspace=0.06)
        top = figure.add_subplot(cell[0])
        panels.append((top, figure.add_subplot(cell[1], sharex=top)))
        top.tick_params(labelbottom=False)
    return figure, panels


def _hide(panels: Sequence[tuple[Axes, Axes]]) -> None:
    for pair in panels:
        for axes in pair:
            axes.set_axis_off()
