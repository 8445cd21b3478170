"""The few figures that generators are compared by, out of all the rows of an evaluation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...evaluation import Evaluation, Headline, Row
from ...evaluation.registry import headlines


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


def compared() -> dict[str, Headline]:
    """What generators are compared by, in the order of columns."""
    return {name: headline for name, headline in headlines().items() if headline.compared}


def followed() -> dict[str, Headline]:
    """What is followed where one thing varies."""
    return {name: headline for name, headline in headlines().items() if headline.followed}


def class_figures(evaluation: Evaluation, group: str) -> Figures:
    """The figures of one class, those that the evaluation has."""
    known = compared()
    return {name: Figure.of(row) for name, row in evaluation.headlines(group).items() if name in known}


def figures(evaluation: Evaluation) -> dict[str, Figures]:
    """The figures of each class, and under ``all`` their mean over the classes, or the worst of them."""
    by_class = {group: class_figures(evaluation, group) for group in evaluation.groups if group != "all"}
    return by_class | {"all": {name: _over_classes(headline, [values[name] for values in by_class.values()])
                               for name, headline in compared().items()
                               if all(name in values for values in by_class.values())}}


def _over_classes(headline: Headline, values: list[Figure]) -> Figure:
    if headline.worst_of_classes:
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
