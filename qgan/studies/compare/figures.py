"""The few figures that generators are compared by, out of all the rows of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...evaluation import Evaluation, Row

#: What each figure is called in a table; the order is that of its columns.
TITLES = {"w1_worst": "worst W1", "w1_median": "median W1", "mean_image": "mean image", "auc_trees": "AUC trees",
          "auc_cnn": "AUC CNN", "fpd_features": "FPD features", "fpd_energy_flow": "FPD energy flow",
          "coverage": "coverage", "mass_bias": "mass bias", "mass_resolution": "mass resolution"}
#: Figures that are better when they are larger.
LARGER_IS_BETTER = ("coverage",)
#: The observable of the two-sample rows that come from convolutions on the images.
_IMAGES = ("cnn", "image", "images", "log_pixels", "pixels")


class Figure(NamedTuple):
    """A figure with its statistical error and what real jets reach; None where it is not known."""

    value: float
    error: float | None
    floor: float | None

    @classmethod
    def of(cls, row: Row) -> Figure:
        return cls(row.value, row.error, row.floor)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Figure:
        return cls(float(values["value"]), values["error"], values["floor"])


Figures = dict[str, Figure]


def class_figures(evaluation: Evaluation, group: str) -> Figures:
    """The figures of one class, those that the evaluation has.

    ``w1_worst`` and ``w1_median`` are over all observables, in standard deviations of the real jets;
    ``mass_bias`` is |median of image − asked mass, less the same of real jets|, and ``mass_resolution``
    √max(0, resolution² − that of real jets²), both in GeV.
    """
    found = dict(_found(evaluation, group))
    return {name: found[name] for name in TITLES if name in found}


def figures(evaluation: Evaluation) -> dict[str, Figures]:
    """The figures of each class, and under ``all`` their mean over the classes (of ``w1_worst`` the largest)."""
    by_class = {group: class_figures(evaluation, group) for group in evaluation.groups if group != "all"}
    shared = [name for name in TITLES if all(name in values for values in by_class.values())]
    return by_class | {"all": {name: _over_classes(name, [v[name] for v in by_class.values()]) for name in shared}}


def _found(evaluation: Evaluation, group: str) -> Iterator[tuple[str, Figure]]:
    widths = sorted(evaluation.of("w1", group), key=lambda row: row.value)
    if widths:
        yield "w1_worst", Figure.of(widths[-1])
        middle = widths[(len(widths) - 1) // 2: len(widths) // 2 + 1]
        floors = [row.floor for row in widths if row.floor is not None]
        errors = [row.error for row in middle if row.error is not None]
        yield "w1_median", Figure(float(np.mean([row.value for row in middle])),
                                  float(np.mean(errors)) if errors else None,
                                  float(np.median(floors)) if floors else None)
    for row in evaluation.of_group(group):
        if row.metric in ("mean_image", "coverage"):
            yield row.metric, Figure.of(row)
        elif row.metric == "fpd" and row.observable in ("features", "energy_flow"):
            yield f"fpd_{row.observable}", Figure.of(row)
        elif row.metric == "c2st_auc":
            yield "auc_cnn" if row.observable in _IMAGES else "auc_trees", Figure.of(row)
        elif (row.metric, row.observable) == ("closure_bias", "mass"):
            yield "mass_bias", Figure(abs(row.value - (row.floor or 0.0)), row.error, 0.0)
        elif (row.metric, row.observable) == ("closure_resolution", "mass"):
            extra = math.sqrt(max(0.0, row.value**2 - (row.floor or 0.0) ** 2))
            yield "mass_resolution", Figure(extra, row.error, 0.0)


def _over_classes(name: str, values: list[Figure]) -> Figure:
    if name == "w1_worst":
        return max(values, key=lambda figure: figure.value)
    errors = [figure.error for figure in values]
    floors = [figure.floor for figure in values if figure.floor is not None]
    return Figure(float(np.mean([figure.value for figure in values])),
                  None if None in errors else float(np.linalg.norm(np.array(errors, float)) / len(errors)),
                  float(np.mean(floors)) if len(floors) == len(values) else None)


def plain(found: dict[str, Figures]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Figures by class as plain values for JSON."""
    return {group: {name: figure._asdict() for name, figure in values.items()} for group, values in found.items()}


def from_plain(found: dict[str, Any]) -> dict[str, Figures]:
    """The inverse of :func:`plain`."""
    return {group: {name: Figure.from_dict(v) for name, v in values.items()} for group, values in found.items()}
