"""Wasserstein-1 of the observables that the judged generator was not made with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..comparison import Comparison, Task, in_one_piece
from ..distributions import wasserstein
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..rows import Row
from ..sample import Sample
from ..used import lists


def measure(comparison: Comparison) -> Iterator[Task]:
    """Of each class."""
    unused = lists(comparison.fake.origin).unused
    for pairing in comparison.classes:
        yield in_one_piece(rows, pairing, [name for name in unused if name in pairing.real.everything])


def rows(pairing: Pairing, names: Sequence[str]) -> Iterator[Row]:
    table = pairing.real.table(names)
    mean, spread = table.mean(0), table.std(0)

    def distances(a: Sample, b: Sample) -> np.ndarray:
        return np.array([wasserstein(x, y) for x, y in zip(a.table(names).T, b.table(names).T, strict=True)])

    value, error, nulls = pairing.over(f"w1 {','.join(names)}", distances)
    for i, name in enumerate(names):
        # What is the same in all jets but for rounding has no scale to measure a difference by.
        if spread[i] > 1e-9 * abs(mean[i]):
            yield W1_UNUSED.row(name, pairing, *(x / spread[i] for x in (value[i], error[i], nulls[:, i])))


W1_UNUSED = register(Metric(
    "w1_unused", "Wasserstein-1, in standard deviations of the real jets, of observables that the generator was not "
    "made with", measure, unit="sd", place=15, cost=3, by_observable=True, in_table=(),
    picture=("tells", "W1 of unused observables over their floor"), headlines=(
        Headline("w1_unused_worst", "worst W1, unused", None, lambda found: max(found, key=lambda row: row.value),
                 unit="sd", worst_of_classes=True, axis="log",
                 sentence="worst unused W1 {row.value:.3f} sigma ({row.observable}, {row.group})"),)))
