"""What generated jets are good for: taggers that were trained with them, and histograms that were filled with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...report.plots.style import CLASS_NAMES, LABELS, new_figure, styled
from ...taggers import TAGGERS

_COLOURS = {"real": "#4D4D4D", "real + copies": "#56B4E9", "generated": "#E69F00", "real + generated": "#D55E00",
            "given run": "#009E73", "real + given run": "#0072B2"}
_SIZES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_PANELS = 4
#: Generated jets over real ones, in the picture of the statistical power.
_RANGE = np.geomspace(0.1, 100, 61)


def tagger_plot(result: dict[str, Any]) -> Figure:
    """AUC against the number of real jets, a panel for each tagger, a line for each way to train it."""
    rows, names = result["taggers"], list(dict.fromkeys(row["tagger"] for row in result["taggers"]))
    with styled():
        figure = new_figure(4.6 * len(names), 3.6)
        panels = figure.subplots(1, len(names), squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            mine = [row for row in rows if row["tagger"] == name]
            ways = list(dict.fromkeys(row["training"] for row in mine))
            for i, way in enumerate(ways):
                _line(axes, [row for row in mine if row["training"] == way], way, 1 + 0.03 * (i - len(ways) / 2))
            axes.set_xscale("log")
            axes.set_xticks(result["sizes"], [f"{size:,}" for size in result["sizes"]])
            axes.minorticks_off()
            axes.set_title(TAGGERS[name].title if name in TAGGERS else name)
            axes.set_xlabel("real jets, on which the generator was trained too")
        panels[0].set_ylabel("AUC on held-out real jets")
        panels[0].legend(loc="best")
        return figure


def amplification_plot(result: dict[str, Any]) -> Figure:
    """Squared error of a histogram of generated jets over that of the N real ones, against their number over N.

    A panel for each class and observable, a line for each N with a band of one error; below the dashed line the
    generated jets fill the histogram better than the real ones that the generator was trained on.
    """
    rows = result["amplification"]
    keys = list(dict.fromkeys((row["class"], row["observable"]) for row in rows))
    lines = -(-len(keys) // _PANELS)
    with styled():
        figure = new_figure(2.6 * _PANELS, 2.3 * lines + 0.4)
        panels = figure.subplots(lines, _PANELS, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (group, name) in zip(panels, keys, strict=False):
            _power(axes, [row for row in rows if (row["class"], row["observable"]) == (group, name)])
            axes.set_title(f"{CLASS_NAMES.get(group, group)}: {LABELS.get(name, name).split(' [')[0]}", fontsize=8)
        for axes in panels[len(keys):]:
            axes.set_visible(False)
        figure.supxlabel("generated jets over real jets", fontsize=9)
        figure.supylabel("squared error, generated over real", fontsize=9)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(result["sizes"]))
        return figure


def _line(axes: Axes, rows: Sequence[dict[str, Any]], way: str, shift: float) -> None:
    more = rows[0]["saw_more_jets"]
    axes.errorbar([shift * row["size"] for row in rows], [row["auc"]["value"] for row in rows],
                  [row["auc"]["error"] for row in rows], color=_COLOURS.get(way), marker="s" if more else "o", ms=4,
                  lw=1.2, ls=":" if more else "-", capsize=2, label=f"{way} (saw more jets)" if more else way)


def _power(axes: Axes, rows: Sequence[dict[str, Any]]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(1, color="black", lw=0.9, ls="--")
    for row, colour in zip(rows, _SIZES, strict=False):
        middle = row["ratio"] + row["spread"] / _RANGE
        low, high = (np.maximum(middle + sign * row["ratio_error"], 1e-3) for sign in (-1, 1))
        axes.plot(_RANGE, np.maximum(middle, 1e-3), color=colour, lw=1.4, label=f"N = {row['n']:,} of each class")
        axes.fill_between(_RANGE, low, high, color=colour, alpha=0.2, lw=0)
    axes.set_ylim(0.05, 30)
