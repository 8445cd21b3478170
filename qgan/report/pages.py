"""Pages of charts for TensorBoard's custom scalars; the first one is the quality at a glance.

A floor has the tag of its number, in a run of its own: it is drawn in the same chart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..evaluation.registry import headlines

#: ``{page: {chart: patterns of the tags that are drawn in it}}``
Pages = dict[str, dict[str, list[str]]]


def training_pages(numbers: Iterable[str]) -> Pages:
    """The pages of a training.

    Args:
        numbers: tags of what is watched, ``at a glance/name`` or ``quality/metric/class/observable``.
    """
    tags = list(numbers)
    pages: Pages = {"quality at a glance": {
        f"{headline.title}, worst class": exactly(f"at a glance/{name}")
        for name, headline in headlines().items() if f"at a glance/{name}" in tags}}
    for tag in tags:
        page, *rest = tag.split("/", 3)
        if page == "quality":
            metric, label, *observable = rest
            pages.setdefault(f"quality of {label} jets", {})[" ".join([metric, *observable])] = exactly(tag)
    pages["training"] = {
        "loss, generator": exactly("loss/generator"), "loss, discriminator": exactly("loss/discriminator"),
        "terms of the generator's loss": ["^loss/(?!generator$|discriminator$|r1$)"],
        "gradient norms": ["^gradient/"], "logits": ["^logits/"], "learning rates": ["^rate/"], "speed": ["^speed/"]}
    return pages


def evaluation_pages(groups: Sequence[str], metrics: Sequence[str]) -> Pages:
    """The pages of evaluations: a chart a metric, its observables in it."""
    return {f"test of {'all' if group == 'all' else group} jets":
            {metric: [f"^test/{re.escape(metric)}/{re.escape(group)}(/|$)"] for metric in metrics}
            for group in groups}


def exactly(*tags: str) -> list[str]:
    """Patterns that match these tags alone: ``w1/w/pt`` is the beginning of ``w1/w/ptd``."""
    return [f"^{re.escape(tag)}$" for tag in tags]
