"""The picture of a curve: what models find against how many numbers they train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from qgan.report.plots import save_figure

from .curve import FAMILIES, Curve
from .plots import COLOURS, blank
from .report import HEADS

#: Of a score that says nothing.
_CHANCE = 0.5


def write_curve(curve: Curve, folder: str | Path, overwrite: bool = False) -> Path:
    """``curve.png`` in a folder, which is made if it does not exist."""
    path = Path(folder) / "curve.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_figure(curve_of(curve), path, overwrite, dpi=80)
    return path


def curve_of(curve: Curve) -> Figure:
    """Panels of the AUC and of the AUC at equal NNZ: a line a family, bars the bootstrap and the spread over the seeds
    together; scores that train nothing as grey lines."""
    drawn = blank(12, 4.6)
    for panel, figure in zip(drawn.subplots(1, 2), ("auc", "equal_nnz"), strict=True):
        for name, colour in zip(dict.fromkeys(point.family for point in curve.points), COLOURS, strict=False):
            mine = [(point.parameters, found, point.row.spread_of(figure) or 0.0) for point in curve.points
                    if point.family == name and (found := point.row.figure(figure)) is not None]
            numbers, values, errors = (np.array(column) for column in zip(
                *sorted((n, found.value, np.hypot(found.error, spread)) for n, found, spread in mine), strict=True))
            panel.errorbar(numbers, values, errors, marker="o", ms=4, lw=1.4, capsize=2, color=colour,
                           label=FAMILIES[name].title)
        for row, style in zip(curve.untrained, (":", "--", "-.", (0, (1, 3))), strict=False):
            if (found := row.figure(figure)) is not None:
                panel.axhline(found.value, color="0.45", ls=style, lw=1.1, label=row.name)
        panel.axhline(_CHANCE, color="0.8", lw=0.8, zorder=0)
        panel.set(xscale="log", xlabel="trained numbers",
                  ylabel=HEADS[figure] if figure == "auc" else f"AUC {HEADS[figure]}")
    drawn.axes[0].set_title(f"{curve.usual} jets are usual, {curve.anomaly} jets are not", fontsize=9)
    handles, labels = drawn.axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside right center", fontsize=8, handlelength=3)
    return drawn
