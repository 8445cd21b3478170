"""Scores between two samples, brought to rows: value over the pairs, error over the parts, floor over the nulls."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..metrics import (
    error_from_parts,
    extrapolated_frechet,
    kernel_distance,
    mean_image_difference,
    monomials,
    precision_recall,
    separation_edges,
    separation_power,
    two_sample_test,
    variance_ratio,
    wasserstein,
)
from ..observables import ALL, UNITS
from .rows import Row, row_from_nulls
from .sample import Group, Indices, Sample

#: What the Frechet and kernel distances, the trees and the neighbours see. Pixel mean is left out: it is pT.
FEATURES = ("pt", "mass", "tau_1", "tau_21", "nnz", "width", "sigma_r", "ptd", "leading_1", "pixel_std", "c2")
#: Neighbours are searched among at most this many jets a side: the cost grows with the square.
NEIGHBOUR_JETS = 2500
Score = Callable[[Sample, Sample], np.ndarray]


def w1_rows(group: Group) -> Iterator[Row]:
    """W1 of every observable and of log pixel intensity, in standard deviations and in units."""
    names = (*ALL, "log_pixel")
    spread = np.append(group.real.values.std(0), log_pixels(group.real).std())
    value, error, nulls = over_group(group, _w1)
    for scale, metric in ((np.where(spread > 0, spread, 1.0), "w1"), (np.ones(len(names)), "w1_unit")):
        for i, name in enumerate(names):
            unit = "sd" if metric == "w1" else UNITS.get(name, "")
            yield row_from_nulls(metric, name, group.name, value[i] / scale[i], error[i] / scale[i],
                                 nulls[:, i] / scale[i], group.n, unit)


def separation_rows(group: Group) -> Iterator[Row]:
    """Separation power of every observable."""
    edges = [separation_edges(x) for x in group.real.values.T]

    def score(a: Sample, b: Sample) -> np.ndarray:
        return np.array([separation_power(x, y, e) for x, y, e in zip(a.values.T, b.values.T, edges, strict=True)])

    value, error, nulls = over_group(group, score)
    for i, name in enumerate(ALL):
        yield row_from_nulls("separation", name, group.name, value[i], error[i], nulls[:, i], group.n)


def picture_rows(group: Group) -> Iterator[Row]:
    """Difference of the mean images and ratio of the pixel variances."""
    value, error, nulls = over_group(group, lambda a, b: np.array([
        mean_image_difference(a.images, b.images), variance_ratio(a.images, b.images)]))
    for i, metric in enumerate(("mean_image", "variance_ratio")):
        yield row_from_nulls(metric, "", group.name, value[i], error[i], nulls[:, i], group.n)


def frechet_rows(group: Group, rng: np.random.Generator, draws: int) -> Iterator[Row]:
    """FPD (in 1e-3) on the features, and on energy-flow polynomials where the samples have them."""
    sets = {"features": lambda s: s.columns(FEATURES)}
    if group.real.flow.shape[1]:
        sets["energy_flow"] = lambda s: s.flow
    for name, table in sets.items():
        real, fake, pool = standardised(group, table)

        def fpd(a: np.ndarray, b: np.ndarray) -> float:
            return 1e3 * extrapolated_frechet(a, b, rng, draws=draws)[0]

        value = float(np.mean([fpd(real[i], fake[j]) for i, j in group.pairs]))
        error = error_from_parts(np.array([fpd(real[i], fake[j]) for i, j in _fifths(group)]))
        nulls = np.array([fpd(pool[i], pool[j]) for i, j in group.nulls])
        yield row_from_nulls("fpd", name, group.name, value, float(error), nulls, group.n, "1e-3")


def kernel_rows(group: Group, rng: np.random.Generator) -> Iterator[Row]:
    """KPD (in 1e-3) on the features."""
    real, fake, pool = (monomials(x) for x in standardised(group, lambda s: s.columns(FEATURES)))
    values, errors = zip(*(kernel_distance(real[i], fake[j], rng) for i, j in group.pairs), strict=True)
    nulls = np.array([kernel_distance(pool[i], pool[j], rng)[0] for i, j in group.nulls])
    error = 1e3 * float(np.mean(errors)) / np.sqrt(len(errors))
    yield row_from_nulls("kpd", "features", group.name, 1e3 * float(np.mean(values)), error, 1e3 * nulls, group.n,
                         "1e-3")


def two_sample_rows(group: Group, seed: int, repeats: int, floors: int) -> Iterator[Row]:
    """AUC, divergence and p-value of boosted trees; the floor has one split per real pair."""
    real, fake, pool = (s.columns(FEATURES) for s in (group.real, group.fake, group.pool))
    tests = [two_sample_test(real[i], fake[j], seed + 101 * k, max(1, repeats // len(group.pairs)))
             for k, (i, j) in enumerate(group.pairs)]
    nulls = [two_sample_test(pool[i], pool[j], seed + 7 + k, 1) for k, (i, j) in enumerate(group.nulls[:floors])]
    for metric, name in (("c2st_auc", "auc"), ("c2st_jsd", "jsd")):
        values = np.concatenate([getattr(t, name) for t in tests])
        error = float(values.std(ddof=1)) if len(values) > 1 else None
        yield row_from_nulls(metric, "features", group.name, float(values.mean()), error,
                             np.concatenate([getattr(t, name) for t in nulls]), group.n, with_ratio=False)
    p_value = min(1.0, 2 * float(np.median(np.concatenate([t.p_value for t in tests]))))
    yield Row("c2st_p", "features", group.name, p_value, None, None, None, None, "", group.n)


def neighbour_rows(group: Group) -> Iterator[Row]:
    """Precision, recall, density and coverage, on at most :data:`NEIGHBOUR_JETS` a side."""
    n = min(group.n, NEIGHBOUR_JETS)
    real, fake, pool = standardised(group, lambda s: s.columns(FEATURES))
    results = [precision_recall(real[i[:n]], fake[j[:n]]) for i, j in group.pairs]
    parts = [precision_recall(real[i], fake[j]) for i, j in _fifths(group)]
    nulls = [precision_recall(pool[i[:n]], pool[j[:n]]) for i, j in group.nulls]
    for metric in ("precision", "recall", "density", "coverage"):
        yield row_from_nulls(metric, "features", group.name, float(np.mean([r[metric] for r in results])),
                             float(error_from_parts(np.array([r[metric] for r in parts]))),
                             np.array([r[metric] for r in nulls]), n)


def over_group(group: Group, score: Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the pairs, error from the parts, and each null's values, (pairs of the floor, length)."""
    value = np.mean([score(group.real[i], group.fake[j]) for i, j in group.pairs], axis=0)
    error = error_from_parts(np.array([score(group.real[i], group.fake[j]) for i, j in group.parts]))
    return value, error, np.array([score(group.pool[i], group.pool[j]) for i, j in group.nulls])


def standardised(group: Group, table: Callable[[Sample], np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A table of real, generated and pool jets in standard deviations of the real ones."""
    real, fake, pool = (table(s) for s in (group.real, group.fake, group.pool))
    mean, spread = real.mean(0), real.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    return (real - mean) / spread, (fake - mean) / spread, (pool - mean) / spread


def log_pixels(sample: Sample) -> np.ndarray:
    """ln(pT / GeV) of every pixel that is not empty."""
    return np.log(sample.images[sample.images > 0])


def _w1(a: Sample, b: Sample) -> np.ndarray:
    per_observable = [wasserstein(x, y) for x, y in zip(a.values.T, b.values.T, strict=True)]
    return np.array([*per_observable, wasserstein(log_pixels(a), log_pixels(b))])


def _fifths(group: Group) -> list[Indices]:
    """Every two neighbouring parts as one: for scores that need more jets than a tenth."""
    return [(np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]]))
            for a, b in zip(group.parts[::2], group.parts[1::2], strict=False)]
