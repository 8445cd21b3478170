"""Precision, recall, density and coverage of features, from nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..comparison import Comparison, Task, in_one_piece
from ..features import features, standardised
from ..neighbours import precision_recall
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..resampling import error_from_parts
from ..rows import Row

#: Neighbours are searched among at most this many jets a side: the cost grows with the square.
MOST = 2500


def measure(comparison: Comparison) -> Iterator[Task]:
    """All four, from one search."""
    for pairing in comparison.every[::-1]:
        yield in_one_piece(rows, pairing)


def rows(pairing: Pairing) -> Iterator[Row]:
    n = min(pairing.n, MOST)
    real, fake, pool = standardised(pairing, features)
    results = [precision_recall(real[i[:n]], fake[j[:n]]) for i, j in pairing.pairs]
    parts = [precision_recall(real[i], fake[j]) for i, j in pairing.fifths]
    nulls = pairing.once("neighbours", lambda: [precision_recall(pool[i[:n]], pool[j[:n]]) for i, j in pairing.nulls])
    for metric in NEIGHBOURS:
        value, errors, floors = (np.array([found[metric.name] for found in some]) for some in (results, parts, nulls))
        yield metric.row("features", pairing, float(np.mean(value)), float(error_from_parts(errors)), floors, n=n)


NEIGHBOURS = [register(Metric(name, says, measure, best="floor", place=place, cost=10, headlines=headlines))
              for name, says, place, headlines in (
    ("precision", "generated jets near real ones", 130, ()),
    ("recall", "real jets near generated ones", 140, ()),
    ("density", "how dense generated jets lie among real ones", 150, ()),
    ("coverage", "real jets with a generated one near", 160, (
        Headline("coverage", "coverage", "features", percent=True, unit="%", more_is_better=True),)))]
