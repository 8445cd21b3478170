"""Fréchet physics distance of features and of energy-flow polynomials, with two estimators, in 1e-3."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ...base.seeding import numpy_rng
from ..comparison import Comparison, Task, in_one_piece
from ..features import Table, standardised, tables
from ..frechet import drawn_frechet, extrapolated_frechet
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..resampling import error_from_parts
from ..rows import Row

Estimator = Callable[..., tuple[float, float]]
Tables = tuple[np.ndarray, np.ndarray, np.ndarray]


def extrapolated(comparison: Comparison) -> Iterator[Task]:
    """Of standardised features, extrapolated to infinitely many jets."""
    for pairing in comparison.every[::-1]:
        for name, table in tables(pairing).items():
            yield in_one_piece(_rows, FPD, comparison, pairing, name, table, standardised, extrapolated_frechet)


def as_jetnet_does(comparison: Comparison) -> Iterator[Task]:
    """With the estimator of the `jetnet` library."""
    for pairing in comparison.every[::-1]:
        for name, table in tables(pairing).items():
            yield in_one_piece(_rows, FPD_JETNET, comparison, pairing, name, table, _as_they_are, drawn_frechet)


def _rows(metric: Metric, comparison: Comparison, pairing: Pairing, name: str, table: Table,
          prepare: Callable[[Pairing, Table], Tables], estimator: Estimator) -> Iterator[Row]:
    real, fake, pool = prepare(pairing, table)

    def distance(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> float:
        return 1e3 * estimator(a, b, rng, draws=comparison.effort.draws)[0]

    rng, of_floor = (numpy_rng(comparison.seed, pairing.name, name, metric.name, what) for what in ("value", "floor"))
    value = float(np.mean([distance(real[i], fake[j], rng) for i, j in pairing.pairs]))
    error = error_from_parts(np.array([distance(real[i], fake[j], rng) for i, j in pairing.fifths]))
    nulls = pairing.once(f"{metric.name} {name}", lambda: np.array([distance(pool[i], pool[j], of_floor)
                                                                    for i, j in pairing.nulls]))
    yield metric.row(name, pairing, value, float(error), nulls)


def _as_they_are(pairing: Pairing, table: Table) -> Tables:
    return table(pairing.real), table(pairing.fake), table(pairing.pool)


FPD = register(Metric(
    "fpd", "Frechet physics distance, extrapolated, in units of 1e-3", extrapolated, unit="1e-3", floor="quantile",
    ratio=False, place=70, cost=6, costly="energy flow", watched="seldom", headlines=(
        Headline("fpd_features", "FPD features", "features", unit="1e-3", sentence="FPD {number}e-3", followed=True,
                 axis="symlog"),
        Headline("fpd_energy_flow", "FPD energy flow", "energy_flow", unit="1e-3", axis="symlog"))))
FPD_JETNET = register(Metric(
    "fpd_jetnet", "the same with the jetnet library's estimator, in units of 1e-3", as_jetnet_does, unit="1e-3",
    floor="quantile", ratio=False, place=80, cost=6, costly="energy flow"))
