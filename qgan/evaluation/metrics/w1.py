"""Wasserstein-1 of every observable and of log pixel intensity, in standard deviations of real jets and in units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...observables.registry import unit
from ..comparison import of_each
from ..distributions import wasserstein
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..rows import Row
from ..sample import Sample, log_pixels


def rows(pairing: Pairing) -> Iterator[Row]:
    names = (*pairing.real.names, "log_pixel")
    values, pixels = pairing.real.values, log_pixels(pairing.real)
    mean, spread = np.append(values.mean(0), pixels.mean()), np.append(values.std(0), pixels.std())
    value, error, nulls = pairing.over("w1", _distances)
    for metric, scale in ((W1, spread), (W1_UNIT, np.ones(len(names)))):
        for i, name in enumerate(names):
            # What is the same in all jets but for rounding has no scale to measure a difference by.
            if metric is W1 and spread[i] <= 1e-9 * abs(mean[i]):
                continue
            yield metric.row(name, pairing, value[i] / scale[i], error[i] / scale[i], nulls[:, i] / scale[i],
                             unit=None if metric is W1 else _unit(name))


def _distances(a: Sample, b: Sample) -> np.ndarray:
    per_observable = [wasserstein(x, y) for x, y in zip(a.values.T, b.values.T, strict=True)]
    return np.array([*per_observable, wasserstein(log_pixels(a), log_pixels(b))])


def _unit(name: str) -> str:
    return "ln GeV" if name == "log_pixel" else unit(name)


def _median(found: list[Row]) -> Row:
    """Over the observables; its error is that of those in the middle, its floor the median of theirs."""
    ordered = sorted(found, key=lambda row: row.value)
    middle = ordered[(len(ordered) - 1) // 2: len(ordered) // 2 + 1]
    floors = [row.floor for row in ordered if row.floor is not None]
    errors = [row.error for row in middle if row.error is not None]
    value, floor = float(np.mean([row.value for row in middle])), float(np.median(floors)) if floors else None
    return replace(middle[0], observable="", value=value, error=float(np.mean(errors)) if errors else None,
                   floor=floor, ratio=value / floor if floor else None, significance=None)


measure = of_each(rows)
W1 = register(Metric(
    "w1", "Wasserstein-1 in standard deviations of the real jets", measure, unit="sd", place=10, by_observable=True,
    watched="often", picture=("observables", r"W1 = {number} $\sigma$ (real: {floor})"), headlines=(
        Headline("w1_worst", "worst W1", None, lambda found: max(found, key=lambda row: row.value), unit="sd",
                 sentence="worst W1 {row.value:.3f} sigma ({row.observable}, {row.group})", worst_of_classes=True,
                 followed=True, axis="log"),
        Headline("w1_median", "median W1", None, _median, unit="sd", followed=True, axis="log"))))
W1_UNIT = register(Metric(
    "w1_unit", "Wasserstein-1 in the observable's unit", measure, place=20, by_observable=True,
    in_table=("mass", "pt")))
