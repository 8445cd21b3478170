"""Rows that need more than images: what was asked for, and the jets the generator was trained on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..observables.registry import unit
from .closure import binned_wasserstein, closure
from .neighbours import memorising, nearest_distance
from .resampling import disjoint_parts, error_from_parts
from .rows import Row, row_from_nulls
from .sample import Group, Sample
from .scores import over_group

#: What can be asked for and measured on the image.
ASKED = ("mass", "pt")
BINS = 5
#: Fewer generated jets than this in a bin of the asked quantity, and its W1 is not quoted.
FEWEST_IN_BIN = 20
#: Training jets that the search for memorised ones looks through.
MOST_TRAINING_JETS = 20_000
_PARTS = 10


def closure_rows(group: Group, notes: list[str]) -> Iterator[Row]:
    """Bias, resolution and R² beside those of real jets, and W1 in bins of what was asked."""
    for name in ASKED:
        if not (name in group.real.asked and name in group.fake.asked):
            continue
        n = len(group.fake)
        (values, errors), (of_real, _) = (_closure_with_error(side, name) for side in (group.fake, group.real))
        for i, metric in enumerate(("closure_bias", "closure_resolution", "closure_r2")):
            ratio = values[i] / of_real[i] if metric == "closure_resolution" and of_real[i] > 0 else None
            yield Row(metric, name, group.name, values[i], errors[i], of_real[i], ratio, None,
                      "" if metric == "closure_r2" else unit(name), n)
        if not _fills_bins(group, name):
            notes.append(f"{group.name}: closure_w1 of {name} is left out, since the asked values do not fill "
                         f"the {BINS} bins of the real ones.")
            continue
        yield _binned_row(group, name)


def memorising_row(group: Group, training: np.ndarray, rng: np.random.Generator) -> Row:
    """Distance generated → training jets over real → training jets, n jets each; 1 between real samples.

    Args:
        training: (M, H, W) images that the generator was trained on, none of them among ``group.real``.
    """
    training = training[rng.permutation(len(training))[:MOST_TRAINING_JETS]]
    i, j = group.pairs[0]
    fake = nearest_distance(group.fake.images[j], training)
    real = group.once("memorising", lambda: nearest_distance(group.real.images[i], training))
    parts = [(fake[p], real[q]) for p, q in zip(disjoint_parts(len(fake), _PARTS, rng),
                                                disjoint_parts(len(real), _PARTS, rng), strict=True)]
    error = float(error_from_parts(np.array([memorising(*part) for part in parts])))
    value = memorising(fake, real)
    return Row("memorising", "", group.name, value, error, 1.0, value, (value - 1) / error if error > 0 else None,
               "", group.n)


def _binned_row(group: Group, name: str) -> Row:
    def score(a: Sample, b: Sample) -> np.ndarray:
        bins = binned_wasserstein(_column(a, name), a.asked[name], _column(b, name), b.asked[name], BINS)
        return np.array([bins[np.isfinite(bins)].mean()])

    value, error, nulls = over_group(group, f"closure {name}", score)
    return row_from_nulls("closure_w1", name, group.name, value[0], float(error[0]), nulls[:, 0], group.n, unit(name))


def _column(sample: Sample, name: str) -> np.ndarray:
    return sample.columns([name])[:, 0]


def _fills_bins(group: Group, name: str) -> bool:
    edges = np.quantile(group.real.asked[name], np.linspace(0, 1, BINS + 1)[1:-1])
    counts = np.bincount(np.searchsorted(edges, group.fake.asked[name]), minlength=BINS)
    return bool(counts.min() >= FEWEST_IN_BIN)


def _closure_with_error(sample: Sample, name: str) -> tuple[list[float], list[float]]:
    measured, asked = _column(sample, name), sample.asked[name]

    def values(index: np.ndarray) -> list[float]:
        result = closure(measured[index], asked[index])
        return [result.bias, result.resolution, result.r2]

    parts = np.array_split(np.arange(len(sample)), _PARTS)
    return values(np.arange(len(sample))), error_from_parts(np.array([values(p) for p in parts])).tolist()
