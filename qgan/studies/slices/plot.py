"""Observables in slices of a condition, and strips of jets along one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from ...report.plots.pictures import draw_image
from ...report.plots.style import CLASS_NAMES, FAKE, LABELS, REAL, angle_axes, new_figure, styled
from ...sampling.source import JetSource
from . import Path, Slice

_CONDITIONS = {"eta": r"asked $\eta$", "pt": r"asked $p_T$ [GeV]", "mass": r"asked mass [GeV]"}
_CLOSURE = {"mass - asked": "image mass − asked [GeV]", "pt - asked": r"image $p_T$ − asked [GeV]"}
#: Images of a strip.
_SHOWN = 7
_FAINTEST = 0.05


def slices_plot(found: Sequence[Slice], group: str) -> Figure:
    """One class: a row for each observable, a column for each condition.

    Points are means and bars standard deviations over the jets of a slice, real and generated side by side; the
    numbers are the difference of the means over its error.
    """
    mine = [s for s in found if s.group == group]
    names, conditions = (list(dict.fromkeys(getattr(s, key) for s in mine)) for key in ("observable", "condition"))
    with styled():
        figure = new_figure(3.4 * len(conditions), 0.5 + 2.1 * len(names))
        panels = figure.subplots(len(names), len(conditions), squeeze=False, sharex="col")
        for row, name in zip(panels, names, strict=True):
            for axes, condition in zip(row, conditions, strict=True):
                _panel(axes, [s for s in mine if (s.observable, s.condition) == (name, condition)])
            row[0].set_ylabel(_CLOSURE.get(name) or LABELS.get(name, name))
        for axes, condition in zip(panels[-1], conditions, strict=True):
            axes.set_xlabel(_CONDITIONS.get(condition, condition))
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
        figure.suptitle(f"{CLASS_NAMES.get(group, group)} jets: mean, and spread as bar, in slices", x=0.02, ha="left")
        return figure


def _panel(axes: Axes, found: Sequence[Slice]) -> None:
    width = min(s.high - s.low for s in found)
    for shift, colour, label, key in ((-0.12, REAL, "real", "real"), (0.12, FAKE, "generated", "generated")):
        sides = [getattr(s, key) for s in found]
        x = [s.centre + shift * width for s in found]
        axes.errorbar(x, [v.mean for v in sides], [v.spread for v in sides], fmt="o", ms=3, color=colour, lw=0.9,
                      capsize=2, label=label)
        axes.errorbar(x, [v.mean for v in sides], [v.mean_error for v in sides], fmt="none", color=colour, lw=3)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.12 * (high - low))
    for s in found:
        axes.annotate(f"{s.pull:+.1f}", (s.centre, 0.97), xycoords=("data", "axes fraction"), ha="center", va="top",
                      fontsize=6.5, color=FAKE)


def strips_plot(source: JetSource, found: Sequence[Path], jet: int = 0) -> Figure:
    """A row of images for each class and condition: one jet's noise, the condition from low to high."""
    with styled():
        figure = new_figure(1.5 * _SHOWN + 1.4, 1.75 * len(found) + 0.4)
        panels = figure.subplots(len(found), _SHOWN, squeeze=False, sharex=True, sharey=True)
        norm = LogNorm(_FAINTEST, max(float(path.images[jet].max()) for path in found))
        # Any jets of the source tell the frame and the pixels.
        frame = source.sample(1)
        for i, (row, path) in enumerate(zip(panels, found, strict=True)):
            chosen = np.linspace(0, len(path.values) - 1, _SHOWN).round().astype(int)
            for j, (axes, step) in enumerate(zip(row, chosen, strict=True)):
                shown = draw_image(axes, path.images[jet, step], frame, norm)
                if j:
                    axes.set_title(f"{path.values[step]:.3g}", fontsize=8, pad=2)
                angle_axes(axes, frame, left=j == 0, bottom=i == len(found) - 1)
            label = _CONDITIONS.get(path.condition, path.condition)
            row[0].set_title(f"{CLASS_NAMES.get(path.group, path.group)}, {label}: {path.values[0]:.3g}", fontsize=8,
                             pad=2, loc="left")
        figure.colorbar(shown, ax=panels, label=r"pixel $p_T$ [GeV]", shrink=0.7, extend="min")
        return figure
