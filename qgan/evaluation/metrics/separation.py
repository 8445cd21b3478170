"""Separation power: ½ Σ (p − q)² / (p + q) of two histograms, over the range of the real jets or of the literature."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from ..comparison import Comparison, Task, in_one_piece
from ..distributions import separation_edges, separation_power
from ..pairing import Pairing
from ..registry import Metric, register
from ..rows import Row
from ..sample import Sample, log_pixels

#: Ranges that the literature has histograms of W and QCD jets in, GeV; pixels that are not empty.
LITERATURE = {"mass": (40.0, 120.0), "pt": (200.0, 340.0), "pixel": (0.0, 300.0)}
BINS = 100
Columns = Callable[[Sample], Sequence[np.ndarray]]


def over_real_range(comparison: Comparison) -> Iterator[Task]:
    """Of every observable and of log pixel intensity."""
    for pairing in comparison.classes:
        edges = pairing.once("separation edges", partial(_edges, pairing.real))
        yield in_one_piece(_rows, SEPARATION, pairing, (*pairing.real.names, "log_pixel"), _all, edges)


def over_ranges_of_the_literature(comparison: Comparison) -> Iterator[Task]:
    """Of mass, pT and pixels of W and QCD jets, where these are in GeV."""
    edges = [np.linspace(*span, BINS + 1) for span in LITERATURE.values()]
    for pairing in comparison.classes:
        if pairing.name in ("qcd", "w") and comparison.real.units == "GeV":
            yield in_one_piece(_rows, IN_LITERATURE, pairing, tuple(LITERATURE), _mass_pt_pixels, edges)


def _rows(metric: Metric, pairing: Pairing, names: Sequence[str], columns: Columns,
          edges: Sequence[np.ndarray]) -> Iterator[Row]:
    value, error, nulls = pairing.over(metric.name, lambda a, b: np.array(
        [separation_power(x, y, e) for x, y, e in zip(columns(a), columns(b), edges, strict=True)]))
    for i, name in enumerate(names):
        yield metric.row(name, pairing, value[i], error[i], nulls[:, i])


def _edges(real: Sample) -> list[np.ndarray]:
    return [separation_edges(values, BINS) for values in _all(real)]


def _all(sample: Sample) -> list[np.ndarray]:
    return [*sample.values.T, log_pixels(sample)]


def _mass_pt_pixels(sample: Sample) -> list[np.ndarray]:
    return [*sample.columns(["mass", "pt"]).T, sample.images[sample.images > 0]]


SEPARATION = register(Metric("separation", "separation power, 100 bins over the real range", over_real_range, place=30,
                             cost=2, by_observable=True, in_table=()))
IN_LITERATURE = register(Metric(
    "separation_literature", "separation power, 100 bins over mass 40-120, pT 200-340, pixel 0-300 GeV",
    over_ranges_of_the_literature, place=40))
