"""Kernel physics distance of standardised features and energy-flow polynomials, in 1e-3."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...base.seeding import numpy_rng
from ..comparison import Comparison, Task, in_one_piece
from ..features import Table, standardised, tables
from ..kernel import kernel_distances
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..rows import Row


def measure(comparison: Comparison) -> Iterator[Task]:
    for pairing in comparison.every[::-1]:
        for name, table in tables(pairing).items():
            yield in_one_piece(_rows, comparison.seed, pairing, name, table)


def _rows(seed: int, pairing: Pairing, name: str, table: Table) -> Iterator[Row]:
    real, fake, pool = standardised(pairing, table)
    values, errors = kernel_distances(real, fake, pairing.pairs, numpy_rng(seed, pairing.name, name, "kernel"))
    nulls = pairing.once(f"kpd {name}", lambda: kernel_distances(
        pool, pool, pairing.nulls, numpy_rng(seed, pairing.name, name, "kernel floor"))[0])
    error = 1e3 * float(np.mean(errors)) / np.sqrt(len(errors))
    yield KPD.row(name, pairing, 1e3 * float(np.mean(values)), error, 1e3 * nulls)


KPD = register(Metric(
    "kpd", "kernel physics distance, in units of 1e-3", measure, unit="1e-3", floor="quantile", ratio=False, place=90,
    cost=10, costly="energy flow", headlines=(
        Headline("kpd_features", "KPD features", "features", unit="1e-3", compared=False, axis="symlog"),)))
