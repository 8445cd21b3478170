"""The numbers that stand in pictures: those of the tables, never measured anew."""

from __future__ import annotations

from collections.abc import Iterable

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
                floor, floor_percent = ("?", "?") if row.floor is None else (number(row.floor), _percent(row.floor))
                text = metric.picture[1].format(value=value, percent=_percent(value), number=number(value), floor=floor,
                                                floor_percent=floor_percent)
                found.setdefault(row.observable, []).append(text)
    return {observable: "\n".join(texts) for observable, texts in found.items()}


def compared(evaluations: Iterable[Evaluation], picture: str, group: str) -> str:
    """Of how many jets the numbers in a picture of a class are, which may show more; nothing where there are none."""
    sizes = sorted({row.n for evaluation in evaluations for metric in in_order()
                    if metric.picture is not None and metric.picture[0] == picture
                    for row in evaluation.of(metric.name, group)})
    return f"numbers of {' and '.join(f'{n:,}' for n in sizes)} jets a side" if sizes else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
