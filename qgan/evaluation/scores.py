"""Scores between two samples, brought to rows: value over the pairs, error over the parts, floor over the nulls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..observables.registry import measured, unit
from .distributions import separation_edges, separation_power, wasserstein
from .neighbours import precision_recall
from .pictures import mean_image_difference, variance_ratio
from .resampling import error_from_parts
from .rows import Row, row_from_nulls
from .sample import Group, Indices, Sample

#: Ranges that the literature has histograms of W and QCD jets in, GeV; pixels that are not empty.
LITERATURE = {"mass": (40.0, 120.0), "pt": (200.0, 340.0), "pixel": (0.0, 300.0)}
BINS = 100
#: What the Frechet and kernel distances, the trees and the neighbours see. Pixel mean is left out: it is pT.
FEATURES = ("pt", "mass", "tau_1", "tau_21", "nnz", "width", "sigma_r", "ptd", "leading_1", "pixel_std", "c2")
#: Neighbours are searched among at most this many jets a side: the cost grows with the square.
NEIGHBOUR_JETS = 2500
Score = Callable[[Sample, Sample], np.ndarray]


def w1_rows(group: Group) -> Iterator[Row]:
    """W1 of every observable and of log pixel intensity, in standard deviations and in units."""
    names = (*measured(), "log_pixel")
    spread = np.append(group.real.values.std(0), log_pixels(group.real).std())
    value, error, nulls = over_group(group, "w1", _w1)
    for scale, metric in ((np.where(spread > 0, spread, 1.0), "w1"), (np.ones(len(names)), "w1_unit")):
        for i, name in enumerate(names):
            its_unit = "sd" if metric == "w1" else "ln GeV" if name == "log_pixel" else unit(name)
            yield row_from_nulls(metric, name, group.name, value[i] / scale[i], error[i] / scale[i],
                                 nulls[:, i] / scale[i], group.n, its_unit)


def separation_rows(group: Group) -> Iterator[Row]:
    """Separation power of every observable and of log pixel intensity, over the range of the real jets."""
    edges = [separation_edges(x, BINS) for x in (*group.real.values.T, log_pixels(group.real))]

    def score(a: Sample, b: Sample) -> np.ndarray:
        columns = zip((*a.values.T, log_pixels(a)), (*b.values.T, log_pixels(b)), edges, strict=True)
        return np.array([separation_power(x, y, e) for x, y, e in columns])

    yield from _each("separation", (*measured(), "log_pixel"), group, score)


def literature_rows(group: Group) -> Iterator[Row]:
    """Separation power of mass, pT and pixels of W and QCD jets in the ranges of the literature."""
    def score(a: Sample, b: Sample) -> np.ndarray:
        columns = [(s.columns(["mass"])[:, 0], s.columns(["pt"])[:, 0], s.images[s.images > 0]) for s in (a, b)]
        return np.array([separation_power(x, y, np.linspace(*LITERATURE[name], BINS + 1))
                         for name, x, y in zip(LITERATURE, *columns, strict=True)])

    yield from _each("separation_literature", tuple(LITERATURE), group, score)


def _each(metric: str, names: Sequence[str], group: Group, score: Score) -> Iterator[Row]:
    value, error, nulls = over_group(group, metric, score)
    for i, name in enumerate(names):
        yield row_from_nulls(metric, name, group.name, value[i], error[i], nulls[:, i], group.n)


def picture_rows(group: Group) -> Iterator[Row]:
    """Difference of the mean images and ratio of the pixel variances."""
    value, error, nulls = over_group(group, "pictures", lambda a, b: np.array([
        mean_image_difference(a.images, b.images), variance_ratio(a.images, b.images)]))
    for i, metric in enumerate(("mean_image", "variance_ratio")):
        yield row_from_nulls(metric, "", group.name, value[i], error[i], nulls[:, i], group.n)


def neighbour_rows(group: Group) -> Iterator[Row]:
    """Precision, recall, density and coverage, on at most :data:`NEIGHBOUR_JETS` a side."""
    n = min(group.n, NEIGHBOUR_JETS)
    real, fake, pool = standardised(group, lambda s: s.columns(FEATURES))
    results = [precision_recall(real[i[:n]], fake[j[:n]]) for i, j in group.pairs]
    parts = [precision_recall(real[i], fake[j]) for i, j in fifths(group)]
    nulls = group.once("neighbours", lambda: [precision_recall(pool[i[:n]], pool[j[:n]]) for i, j in group.nulls])
    for metric in ("precision", "recall", "density", "coverage"):
        yield row_from_nulls(metric, "features", group.name, float(np.mean([r[metric] for r in results])),
                             float(error_from_parts(np.array([r[metric] for r in parts]))),
                             np.array([r[metric] for r in nulls]), n)


def over_group(group: Group, metric: str, score: Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the pairs, error from the parts, and each null's values, (pairs of the floor, length)."""
    value = np.mean([score(group.real[i], group.fake[j]) for i, j in group.pairs], axis=0)
    error = error_from_parts(np.array([score(group.real[i], group.fake[j]) for i, j in group.parts]))
    nulls = group.once(metric, lambda: np.array([score(group.pool[i], group.pool[j]) for i, j in group.nulls]))
    return value, error, nulls


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


def fifths(group: Group) -> list[Indices]:
    """Every two neighbouring parts as one: for scores that need more jets than a tenth."""
    return [(np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]]))
            for a, b in zip(group.parts[::2], group.parts[1::2], strict=False)]
