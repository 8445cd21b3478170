"""The numbers that stand in pictures: those of the tables, never measured anew."""

from __future__ import annotations

from ...evaluation import Evaluation
from ...evaluation.registry import in_order
from ..text import number


def written(evaluation: Evaluation | None, picture: str, group: str, *, of_real: bool = False) -> dict[str, str]:
    """What is written in a picture of a class, by observable; nothing without an evaluation.

    Args:
        picture: of :attr:`Metric.picture <qgan.evaluation.Metric>`.
        of_real: what real jets reach instead.
    """
    found: dict[str, list[str]] = {}
    for metric in in_order():
        if evaluation is None or metric.picture is None or metric.picture[0] != picture:
            continue
        for row in evaluation.of(metric.name, group):
            value = row.floor if of_real else row.value
            if value is not None:
                text = metric.picture[1].format(value=value, percent=100 * value, number=number(value))
                found.setdefault(row.observable, []).append(text)
    return {observable: "\n".join(texts) for observable, texts in found.items()}
