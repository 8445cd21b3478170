"""What referees go by: the jets that one of images is surest of, its mean gradient, and the observables that tell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, SymLogNorm
from matplotlib.figure import Figure

from ...data.jets import JetImages
from ...evaluation import Evaluation
from ...evaluation.rows import Evidence, Row
from .numbers import in_picture
from .pictures import FAINTEST, draw_image
from .style import DIFFERENCE, angle_axes, class_title, colour, new_figure, styled

#: What metrics call the picture of the observables that tell, and how many are in it.
PICTURE = "tells"
SHOWN = 15


def has_evidence(evaluations: Mapping[str, Evaluation]) -> bool:
    """Whether some referee of images said what it goes by."""
    return any(evaluation.evidence for evaluation in evaluations.values())


def evidence_plot(real: JetImages, evaluations: Mapping[str, Evaluation]) -> Figure:
    """A row for each class and generator: jets surely real, jets surely generated, and the mean gradient."""
    rows = [(name, found) for name, evaluation in evaluations.items() for found in evaluation.evidence]
    count = len(rows[0][1].real)
    with styled():
        figure = new_figure(1.35 * (2 * count + 1) + 1.0, 1.6 * len(rows) + 0.7)
        axes = figure.subplots(len(rows), 2 * count + 1, squeeze=False)
        norm = LogNorm(FAINTEST, max(float(max(e.real.max(), e.fake.max())) for _, e in rows))
        for panels, (name, found) in zip(axes, rows, strict=True):
            _jets(panels[:count], found.real, found.real_score, real, norm, "real")
            _jets(panels[count:-1], found.fake, found.fake_score, real, norm, name)
            _gradient(figure, panels[-1], found, real)
            panels[0].set_ylabel(class_title(real, real.class_names.index(found.group)))
        return figure


def telling(evaluation: Evaluation, group: str) -> dict[str, list[Row]]:
    """What is said of each observable, worst first, by the title of its panel."""
    found = {title: sorted(evaluation.of(metric.name, group), key=_length, reverse=True)
             for metric, title in in_picture(PICTURE)}
    return {title: rows for title, rows in found.items() if rows}


def telling_plot(evaluation: Evaluation, group: str, index: int = 0) -> Figure:
    """Of a class the observables that tell most, by each metric that says it.

    Args:
        index: of the generator, for its colour.
    """
    with styled():
        figure = new_figure(9.5, 0.6 + 0.22 * SHOWN)
        found = telling(evaluation, group)
        for axes, (title, rows) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
            _bars(axes, rows[:SHOWN][::-1], title, index)
        return figure


def _jets(panels: np.ndarray, images: np.ndarray, scores: np.ndarray, jets: JetImages, norm: LogNorm,
          title: str) -> None:
    for panel, image, score in zip(panels, images, scores, strict=True):
        draw_image(panel, image, jets, norm)
        angle_axes(panel, jets, left=False, bottom=False)
        panel.set_title(f"{score:.2f}", fontsize=7)
    panels[0].set_title(f"{title}, {scores[0]:.2f}", fontsize=8)


def _gradient(figure: Figure, panel: Axes, found: Evidence, jets: JetImages) -> None:
    bound = float(np.abs(found.gradient).max()) or 1.0
    drawn = draw_image(panel, found.gradient, jets, SymLogNorm(bound / 30, vmin=-bound, vmax=bound), DIFFERENCE)
    angle_axes(panel, jets, left=False, bottom=False)
    panel.set_title("gradient", fontsize=8)
    figure.colorbar(drawn, ax=panel, shrink=0.8, ticks=[-bound, 0, bound], format="%.2g")


def _bars(axes: Axes, rows: list[Row], title: str, index: int) -> None:
    axes.barh(range(len(rows)), [_length(row) for row in rows], color=colour(index))
    axes.set_yticks(range(len(rows)), [row.observable.replace("_", " ") for row in rows], fontsize=7)
    axes.set_title(title, fontsize=8)
    if rows[0].ratio is not None:
        axes.axvline(1.0, color="black", linewidth=0.8)


def _length(row: Row) -> float:
    """Value over floor, where that means something."""
    return row.value if row.ratio is None else row.ratio
