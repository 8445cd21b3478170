"""The few numbers that generators are compared by, out of all the rows of an evaluation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...evaluation import Evaluation, Headline, Row
from ...evaluation.registry import headlines


class HeadlineValue(NamedTuple):
    """A headline's number with its statistical error and what real jets reach; None where it is not known."""

    value: float
    error: float | None
    floor: float | None

    @classmethod
    def of(cls, row: Row) -> HeadlineValue:
        return cls(row.value, row.error, row.floor)


HeadlineValues = dict[str, HeadlineValue]


def compared() -> dict[str, Headline]:
    """What generators are compared by, in the order of columns."""
    return {name: headline for name, headline in headlines().items() if headline.compared}


def followed() -> dict[str, Headline]:
    """What is followed where one thing varies."""
    return {name: headline for name, headline in headlines().items() if headline.followed}


def class_values(evaluation: Evaluation, group: str) -> HeadlineValues:
    """The numbers of one class, those that the evaluation has."""
    known = compared()
    return {name: HeadlineValue.of(row) for name, row in evaluation.headlines(group).items() if name in known}


def by_class(evaluation: Evaluation) -> dict[str, HeadlineValues]:
    """The numbers of each class, and under ``all`` their mean over the classes, or the worst of them."""
    found = {group: class_values(evaluation, group) for group in evaluation.groups if group != "all"}
    return found | {"all": {name: _over_classes(headline, [values[name] for values in found.values()])
                            for name, headline in compared().items()
                            if all(name in values for values in found.values())}}


def _over_classes(headline: Headline, values: list[HeadlineValue]) -> HeadlineValue:
    if headline.worst_of_classes:
        return max(values, key=lambda one: one.value)
    errors = [one.error for one in values]
    floors = [one.floor for one in values if one.floor is not None]
    return HeadlineValue(
        float(np.mean([one.value for one in values])),
        None if None in errors else float(np.linalg.norm(np.array(errors, float)) / len(errors)),
        float(np.mean(floors)) if len(floors) == len(values) else None)


def plain(found: dict[str, HeadlineValues]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Values by class as plain ones for JSON."""
    return {group: {name: one._asdict() for name, one in values.items()} for group, values in found.items()}


def from_plain(found: dict[str, Any]) -> dict[str, HeadlineValues]:
    """The inverse of :func:`plain`."""
    return {group: {name: HeadlineValue(**one) for name, one in values.items()} for group, values in found.items()}
