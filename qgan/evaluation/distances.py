"""Frechet and kernel distances, on the features and on energy-flow polynomials."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base.seeding import numpy_rng
from .frechet import drawn_frechet, extrapolated_frechet
from .kernel import kernel_distances
from .resampling import error_from_parts
from .rows import Row, row_from_nulls
from .sample import Group, Sample
from .scores import FEATURES, fifths, standardised

Table = Callable[[Sample], np.ndarray]


def feature_sets(group: Group) -> dict[str, Table]:
    """Tables of a sample by the name that rows give them; polynomials where the samples have them."""
    sets: dict[str, Table] = {"features": lambda s: s.columns(FEATURES)}
    if group.real.flow.shape[1]:
        sets["energy_flow"] = lambda s: s.flow
    return sets


def frechet_row(group: Group, name: str, table: Table, seed: int, draws: int) -> Row:
    """FPD, in 1e-3, of standardised features."""
    real, fake, pool = standardised(group, table)

    def fpd(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> float:
        return 1e3 * extrapolated_frechet(a, b, rng, draws=draws)[0]

    return _row("fpd", group, name, (real, fake, pool), seed, fpd)


def drawn_row(group: Group, name: str, table: Table, seed: int, draws: int) -> Row:
    """FPD, in 1e-3, with the estimator of the `jetnet` library."""
    real, fake, pool = (table(s) for s in (group.real, group.fake, group.pool))

    def fpd(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> float:
        return 1e3 * drawn_frechet(a, b, rng, draws=draws)[0]

    return _row("fpd_jetnet", group, name, (real, fake, pool), seed, fpd)


def kernel_row(group: Group, name: str, table: Table, seed: int) -> Row:
    """KPD, in 1e-3, of standardised features."""
    real, fake, pool = standardised(group, table)
    values, errors = kernel_distances(real, fake, group.pairs, numpy_rng(seed, group.name, name, "kernel"))
    nulls = group.once(f"kpd {name}", lambda: kernel_distances(
        pool, pool, group.nulls, numpy_rng(seed, group.name, name, "kernel floor"))[0])
    error = 1e3 * float(np.mean(errors)) / np.sqrt(len(errors))
    return row_from_nulls("kpd", name, group.name, 1e3 * float(np.mean(values)), error, 1e3 * nulls, group.n, "1e-3")


def _row(metric: str, group: Group, name: str, tables: tuple[np.ndarray, np.ndarray, np.ndarray],
         seed: int, distance: Callable[[np.ndarray, np.ndarray, np.random.Generator], float]) -> Row:
    real, fake, pool = tables
    rng, of_floor = (numpy_rng(seed, group.name, name, metric, what) for what in ("value", "floor"))
    value = float(np.mean([distance(real[i], fake[j], rng) for i, j in group.pairs]))
    error = error_from_parts(np.array([distance(real[i], fake[j], rng) for i, j in fifths(group)]))
    nulls = group.once(f"{metric} {name}",
                       lambda: np.array([distance(pool[i], pool[j], of_floor) for i, j in group.nulls]))
    return row_from_nulls(metric, name, group.name, value, float(error), nulls, group.n, "1e-3")
