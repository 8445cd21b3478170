"""Symmetries with a name: whether generated jets have those that real jets have, and break those that real jets break.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ..comparison import Comparison, Task, in_one_piece
from ..moved import Broken, broken
from ..pairing import Pairing
from ..registry import Metric, register
from ..rows import Row
from ..sample import Sample


def measure(comparison: Comparison) -> Iterator[Task]:
    """Of each class; the value is of generated jets, the floor of as many real ones."""
    if comparison.effort.costly:
        for pairing in comparison.classes:
            yield in_one_piece(_rows, comparison, pairing)


def _rows(comparison: Comparison, pairing: Pairing) -> Iterator[Row]:
    i, j = pairing.pairs[0]
    real = pairing.once("moved", partial(_broken, comparison, pairing.real, i))
    for name, found in _broken(comparison, pairing.fake, j).items():
        if name in real:
            yield Row(MOVED.name, name, pairing.name, found.auc, found.error, real[name].auc, n=found.n)


def _broken(comparison: Comparison, sample: Sample, index: np.ndarray) -> dict[str, Broken]:
    jets = comparison.real
    eta = sample.asked["eta"][index] if "eta" in sample.asked else None
    return broken(sample.images[index], jets.grid, jets.frame, eta, seed=comparison.seed, units=jets.units)


MOVED = register(Metric(
    "moved", "AUC of trees, jets against jets mirrored, turned or boosted", measure, best="floor", floor="real",
    ratio=False, place=245, cost=20, costly="named symmetries", by_observable=True))
