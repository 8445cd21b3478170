"""Times of the quantum layer and of what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ...report.plots.style import new_figure, styled
from .timing import Timing

_COLOURS = ("#D55E00", "#4D4D4D", "#000000", "#E69F00", "#56B4E9", "#0072B2", "#CC79A7", "#009E73", "#999933",
            "#882255")
_MARKERS = "osD^vP*X<>"
_DIRECTIONS = ("forward", "forward+backward")


def bench_plot(rows: Sequence[Timing]) -> Figure:
    """Own time of a call against batch (above) and qubits (below), bars its 68 % interval.

    Args:
        rows: of the layer's benchmark: what, direction, n_qubits, n_layers, n_rotations, batch, seconds with
            its interval, and scaled. Open markers are scaled from a smaller batch. The first row's circuit is followed
            over the batch, its batch and number of layers over the qubits.
    """
    first = rows[0]
    layers, batch = first["n_layers"], first["batch"]
    same = [row for row in rows if row["n_layers"] == layers and row["n_rotations"] == row["n_qubits"]]
    over_batch = [row for row in same if row["n_qubits"] == first["n_qubits"]]
    over_qubits = [row for row in same if row["batch"] == batch]
    names = list(dict.fromkeys(row["what"] for row in rows))
    with styled():
        figure = new_figure(9.0, 7.2)
        axes = figure.subplots(2, 2, sharey=True)
        for column, direction in enumerate(_DIRECTIONS):
            _curves(axes[0, column], over_batch, names, direction, "batch")
            _curves(axes[1, column], over_qubits, names, direction, "n_qubits")
            axes[0, column].set_title(f"{direction}, {first['n_qubits']} qubits, {layers} layers")
            axes[1, column].set_title(f"{direction}, batch {batch}, {layers} layers")
            _qubit_axis(axes[1, column], sorted({row["n_qubits"] for row in over_qubits}))
            axes[0, column].set_xlabel("batch")
        for row in axes:
            row[0].set_ylabel("time of a call [ms]")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4,
                      title="open markers: scaled from a smaller batch")
        return figure


def _curves(axes: Axes, rows: Sequence[Timing], names: list[str], direction: str, key: str) -> None:
    axes.set_xscale("log", base=10 if key == "batch" else 2)
    axes.set_yscale("log")
    for index, name in enumerate(names):
        mine = sorted((r for r in rows if r["what"] == name and r["direction"] == direction), key=lambda r: r[key])
        if not mine:
            continue
        x = np.array([r[key] if key == "batch" else 2.0 ** r[key] for r in mine])
        y, low, high = (1e3 * np.array([r[k] for r in mine]) for k in ("seconds", "seconds_low", "seconds_high"))
        bars = np.stack([y - low, high - y])
        colour, marker = _COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)]
        axes.errorbar(x, y, bars, color=colour, lw=1.8 if index == 0 else 1.0, capsize=2, label=name, marker=marker,
                      ms=5)
        scaled = np.array([r["scaled"] is not None for r in mine])
        axes.plot(x[scaled], y[scaled], ls="none", marker=marker, ms=5, color=colour, markerfacecolor="white",
                  zorder=3)


def _qubit_axis(axes: Axes, qubits: list[int]) -> None:
    """Amplitudes on a logarithmic axis, told by their qubits."""
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([2.0**n for n in qubits], [str(n) for n in qubits])
    axes.set_xlabel("qubits")
