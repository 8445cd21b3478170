"""Closure: bias, resolution and R² of what was measured on the image against what was asked for, and W1 in its bins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...observables.registry import unit
from ..closure import binned_wasserstein, closure
from ..comparison import Comparison, Task, in_one_piece
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..resampling import error_from_parts
from ..rows import Finding, Row
from ..sample import Sample

#: What can be asked for and measured on the image.
ASKED = ("mass", "pt")
BINS = 5
#: Fewer generated jets than this in a bin of the asked quantity, and its W1 is not quoted.
FEWEST_IN_BIN = 20
_PARTS = 10


def measure(comparison: Comparison) -> Iterator[Task]:
    """Of each class; beside it the same of real jets."""
    yield Task([], lambda _: _left_out(comparison.classes))
    for pairing in comparison.classes:
        yield in_one_piece(rows, pairing)


def rows(pairing: Pairing) -> Iterator[Finding]:
    for name in ASKED:
        if not _known(pairing, name):
            continue
        n = len(pairing.fake)
        (values, errors), (of_real, _) = (_with_error(side, name) for side in (pairing.fake, pairing.real))
        for i, metric in enumerate((BIAS, RESOLUTION, R2)):
            ratio = values[i] / of_real[i] if metric.ratio and of_real[i] > 0 else None
            yield Row(metric.name, name, pairing.name, values[i], errors[i], of_real[i], ratio, None,
                      "" if metric is R2 else unit(name), n)
        if _fills_bins(pairing, name):
            yield _in_bins(pairing, name)
        else:
            yield (f"{pairing.name}: {IN_BINS.name} of {name} is left out, since the asked values do not fill the "
                   f"{BINS} bins of the real ones.")


def _left_out(classes: list[Pairing]) -> Iterator[str]:
    if not all(_known(pairing, name) for name in ASKED for pairing in classes):
        yield "The files do not both have the conditions jet_mass and jet_pt: their closure is left out."


def _known(pairing: Pairing, name: str) -> bool:
    return name in pairing.real.asked and name in pairing.fake.asked


def _in_bins(pairing: Pairing, name: str) -> Row:
    def score(a: Sample, b: Sample) -> np.ndarray:
        measured = (s.columns([name])[:, 0] for s in (a, b))
        (x, y), (of_x, of_y) = measured, (s.asked[name] for s in (a, b))
        bins = binned_wasserstein(x, of_x, y, of_y, BINS)
        return np.array([bins[np.isfinite(bins)].mean()])

    value, error, nulls = pairing.over(f"closure {name}", score)
    return IN_BINS.row(name, pairing, value[0], float(error[0]), nulls[:, 0], unit=unit(name))


def _fills_bins(pairing: Pairing, name: str) -> bool:
    edges = np.quantile(pairing.real.asked[name], np.linspace(0, 1, BINS + 1)[1:-1])
    counts = np.bincount(np.searchsorted(edges, pairing.fake.asked[name]), minlength=BINS)
    return bool(counts.min() >= FEWEST_IN_BIN)


def _with_error(sample: Sample, name: str) -> tuple[list[float], list[float]]:
    measured, asked = sample.columns([name])[:, 0], sample.asked[name]

    def values(index: np.ndarray) -> list[float]:
        result = closure(measured[index], asked[index])
        return [result.bias, result.resolution, result.r2]

    parts = np.array_split(np.arange(len(sample)), _PARTS)
    return values(np.arange(len(sample))), error_from_parts(np.array([values(p) for p in parts])).tolist()


def _beyond_real(found: list[Row]) -> Row:
    """|bias, less that of real jets|."""
    row = found[0]
    return replace(row, value=abs(row.value - (row.floor or 0.0)), floor=0.0, ratio=None)


def _added(found: list[Row]) -> Row:
    """√(resolution² − that of real jets²), 0 where it is less."""
    row = found[0]
    return replace(row, value=math.sqrt(max(0.0, row.value**2 - (row.floor or 0.0) ** 2)), floor=0.0, ratio=None)


BIAS = register(Metric("closure_bias", "median of measured - asked", measure, floor="real", ratio=False, place=170,
                       picture=("closure", "bias {value:+.1f} GeV"),
                       headlines=(Headline("mass_bias", "mass bias", "mass", _beyond_real, unit="GeV"),)))
RESOLUTION = register(Metric(
    "closure_resolution", "spread of measured - asked, IQR/1.349", measure, best="floor", floor="real", place=180,
    picture=("closure", "resolution {value:.1f} GeV"),
    headlines=(Headline("mass_resolution", "mass resolution", "mass", _added, unit="GeV"),)))
R2 = register(Metric("closure_r2", "R2 of measured against asked", measure, best="high", floor="real", ratio=False,
                     place=190, picture=("closure", "$R^2$ {value:.2f}")))
IN_BINS = register(Metric("closure_w1", "Wasserstein-1 of what was measured, mean over 5 bins of what was asked",
                          measure, place=200))
