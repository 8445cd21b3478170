"""Observables of real and generated jets over one another, with their ratio and statistical errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..data.jets import JetImages
from ..evaluation.sample import CUT
from ..metrics import wasserstein
from ..observables import ALL, observables
from .style import FAKE, LABELS, REAL, class_title, new_figure, styled

_BINS = 30
#: Half of the range of the ratio panels.
_RATIO = 0.5
#: Jets of a class and side that are enough for a histogram.
_MOST = 10_000


def observable_histograms(real: JetImages, fake: JetImages, label: int, names: Sequence[str] = ALL,
                          columns: int = 5) -> Figure:
    """Every observable of one class, each with a ratio panel.

    Histograms have unit area; bars and bands are Poisson errors; what lies outside the range is in the
    outermost bins. The number in a corner is Wasserstein-1 in standard deviations of the real jets.
    """
    images = [side.only(label).images[:_MOST] for side in (real, fake)]
    tables = [observables(x, real.grid, names=names) for x in images]
    rows = -(-len(names) // columns)
    with styled():
        figure, panels = _panels(rows, columns, 2.9, 2.75)
        figure.suptitle(f"{class_title(real, label)}: {len(images[0]):,} real, {len(images[1]):,} generated")
        for i, (name, (top, bottom)) in enumerate(zip(names, panels, strict=False)):
            a, b = tables[0][name], tables[1][name]
            overlay(top, bottom, a, b, edges_for(a, b, whole=name == "nnz"))
            spread = a.std()
            text = f"W1 = {wasserstein(a, b) / spread:.3f} σ" if spread > 0 else f"W1 = {wasserstein(a, b):.3g}"
            top.set_title(text, fontsize=8, loc="right", color=FAKE, pad=3)
            bottom.set_xlabel(LABELS.get(name, name))
            top.set_ylabel("density" if i % columns == 0 else "")
            bottom.set_ylabel("gen. / real" if i % columns == 0 else "")
        panels[0][0].legend(loc="best", handlelength=1.2)
        _hide(panels[len(names):])
        return figure


def pixel_spectrum(real: JetImages, fake: JetImages) -> Figure:
    """Pixels per jet against their pT, both on logarithmic axes, class by class."""
    classes = [c for c in real.classes if c in fake.classes]
    with styled():
        figure, panels = _panels(1, len(classes), 4.6, 4.2)
        for (top, bottom), label in zip(panels, classes, strict=True):
            sides = [side.only(label).images for side in (real, fake)]
            a, b = (np.log10(x[x > CUT]) for x in sides)
            overlay(top, bottom, a, b, edges_for(a, b, bins=40), scales=(len(sides[0]), len(sides[1])))
            top.set_yscale("log")
            top.set_ylabel("pixels per jet and bin")
            bottom.set_xlabel(r"$\log_{10}$(pixel $p_T$ / GeV)")
            bottom.set_ylabel("gen. / real")
            top.set_title(class_title(real, label))
            top.legend(loc="lower center")
        return figure


def edges_for(a: np.ndarray, b: np.ndarray, bins: int = _BINS, whole: bool = False) -> np.ndarray:
    """Edges that hold 99.8 % of the real values ``a`` and, as far as they reach, of the generated ones ``b``."""
    low, high = np.quantile(a, [0.001, 0.999])
    reach = 0.35 * max(high - low, 1e-9)
    if len(b):
        other = np.quantile(b, [0.001, 0.999])
        low, high = max(min(low, other[0]), low - reach), min(max(high, other[1]), high + reach)
    if whole:
        step = max(1, round((high - low) / bins))
        return np.arange(np.floor(low) - 0.5, high + step, step)
    return np.linspace(low, high if high > low else low + 1.0, bins + 1)


def overlay(top: Axes, bottom: Axes, real: np.ndarray, fake: np.ndarray, edges: np.ndarray,
            scales: tuple[float, float] | None = None) -> None:
    """Two histograms with errors and their ratio.

    Args:
        scales: what the counts are divided by; by default such that the area is 1.
    """
    counts = [np.histogram(np.clip(x, edges[0], edges[-1]), edges)[0].astype(float) for x in (real, fake)]
    widths = np.diff(edges)
    units = [s * np.ones_like(widths) for s in scales] if scales else [max(len(x), 1) * widths for x in (real, fake)]
    (p, dp), (q, dq) = ((c / u, np.sqrt(c) / u) for c, u in zip(counts, units, strict=True))
    centres = (edges[1:] + edges[:-1]) / 2
    top.stairs(p, edges, fill=True, color=REAL, alpha=0.3, label="real")
    top.stairs(p, edges, color=REAL, lw=0.8)
    top.stairs(p + dp, edges, baseline=np.maximum(p - dp, 0), fill=True, color=REAL, alpha=0.35, lw=0)
    top.stairs(q, edges, color=FAKE, lw=1.4, label="generated")
    top.errorbar(centres, q, dq, fmt="none", ecolor=FAKE, elinewidth=0.9)
    bottom.axhline(1, color=REAL, lw=0.8)
    known = p > 0
    safe = np.where(known, p, 1.0)
    bottom.stairs(np.where(known, 1 + dp / safe, 1), edges, baseline=np.where(known, 1 - dp / safe, 1), fill=True,
                  color=REAL, alpha=0.3, lw=0)
    bottom.errorbar(centres[known], (q / safe)[known], (dq / safe)[known], fmt=".", color=FAKE, ms=3, elinewidth=0.9)
    _mark_outside(bottom, centres[known], (q / safe)[known])
    bottom.set_ylim(1 - _RATIO, 1 + _RATIO)
    bottom.set_yticks([0.7, 1.0, 1.3])
    top.set_xlim(edges[0], edges[-1])


def _mark_outside(axes: Axes, x: np.ndarray, ratio: np.ndarray) -> None:
    """Ratios beyond the panel stand as arrows at its edge, lest they vanish."""
    for outside, y, marker in ((ratio > 1 + _RATIO, 1 + 0.92 * _RATIO, "^"),
                               (ratio < 1 - _RATIO, 1 - 0.92 * _RATIO, "v")):
        axes.plot(x[outside], np.full(outside.sum(), y), marker, color=FAKE, ms=3.5)


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
