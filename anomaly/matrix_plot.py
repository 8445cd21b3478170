"""The picture of a matrix usual × anomaly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from qgan.report.plots import save_figure

from .matrix import Matrix
from .plots import blank
from .report import HEADS


def write_matrix(matrix: Matrix, folder: str | Path) -> list[Path]:
    """``matrix.png`` and ``matrix_equal_nnz.png`` in a folder, which is made if it does not exist."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in (("matrix", "auc"), ("matrix_equal_nnz", "equal_nnz")):
        paths.append(Path(folder) / f"{name}.png")
        save_figure(matrix_of(matrix, figure), paths[-1], dpi=80)
    return paths


def matrix_of(matrix: Matrix, figure: str = "auc") -> Figure:
    """A panel a usual class: scores down, anomalies across, one figure in colour, white at one half."""
    panels = {usual: matrix.of(usual) for usual in matrix.usual}
    names = list(dict.fromkeys(name for found in panels.values() for rows in found.values() for name in rows))
    widest = max(map(len, panels.values()))
    columns = min(len(panels), 3)
    drawn = blank(3 + columns * (0.9 + 0.52 * widest), (1.6 + 0.26 * len(names)) * -(-len(panels) // columns))
    axes = drawn.subplots(-(-len(panels) // columns), columns, squeeze=False, sharey=True).ravel()
    for panel in axes[len(panels):]:
        panel.remove()
    for panel, (usual, found) in zip(axes, panels.items(), strict=False):
        values = np.array([[np.nan if (row := rows.get(name)) is None or (one := row.figure(figure)) is None
                            else one.value for rows in found.values()] for name in names])
        image = panel.imshow(values, vmin=0.1, vmax=0.9, cmap="RdBu_r", aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                panel.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6.5,
                           color="white" if abs(value - 0.5) > 0.28 else "black")
        panel.set_xticks(range(len(found)), list(found), rotation=60, ha="right", fontsize=7)
        panel.set_yticks(range(len(names)), names, fontsize=7)
        panel.set_title(f"usual: {usual}", fontsize=8)
    drawn.colorbar(image, ax=list(axes[:len(panels)]), label=HEADS[figure], shrink=0.6)
    return drawn
