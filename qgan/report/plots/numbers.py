"""The numbers that stand in pictures: those of the tables, never measured anew."""

from __future__ import annotations

from collections.abc import Mapping

from ...evaluation import Evaluation, Metric
from ...evaluation.registry import in_order
from ..text import number


def in_picture(picture: str) -> list[tuple[Metric, str]]:
    """The metrics whose numbers are written in a picture, and how, by :attr:`Metric.picture`."""
    return [(metric, metric.picture[1]) for metric in in_order() if metric.picture and metric.picture[0] == picture]


def written(evaluation: Evaluation | None, picture: str, group: str, *, of_real: bool = False) -> dict[str, str]:
    """What is written in a picture of a class, by observable; nothing without an evaluation.

    Args:
        picture: of :attr:`Metric.picture <qgan.evaluation.Metric>`.
        of_real: what real jets reach instead.
    """
    if evaluation is None:
        return {}
    found: dict[str, list[str]] = {}
    for metric, form in in_picture(picture):
        for row in evaluation.of(metric.name, group):
            floor = float("nan") if row.floor is None else row.floor
            value = row.floor if of_real else row.value
            if value is not None:
                text = form.format(value=value, percent=100 * value, number=number(value), floor=number(floor),
                                   floor_percent=100 * floor)
                found.setdefault(row.observable, []).append(text)
    return {observable: "\n".join(texts) for observable, texts in found.items()}


def compared(evaluations: Mapping[str, Evaluation] | None, picture: str, *groups: str) -> str:
    """Of how many jets the numbers in a picture are, which may show more; nothing where there are none."""
    sizes = sorted({row.n for evaluation in (evaluations or {}).values() for metric, _ in in_picture(picture)
                    for group in groups for row in evaluation.of(metric.name, group)})
    return f"numbers of {' and '.join(f'{n:,}' for n in sizes)} jets a side" if sizes else ""
