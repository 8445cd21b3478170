"""Jets that a metric must see through, and real jets in the place of generated ones: what a table is read against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..data import JetImages, concatenate
from ..seeding import numpy_rng

REAL = "real jets"
#: What each control is.
CONTROLS = {
    "mean image": "every jet is the mean image of its class",
    "independent pixels": "each pixel drawn alone from the real ones",
    "shuffled conditions": "real jets with the conditions of others",
    "memorised": "the training jets themselves",
    "smeared": "real jets whose pixels fluctuate by 20 %",
}
#: Relative fluctuation of the pixels of smeared jets.
SMEARING = 0.2


class Control(NamedTuple):
    """Jets to be judged as if they were generated, and the real jets that were not used for them."""

    name: str
    seed: int
    jets: JetImages
    reference: JetImages


def controls(train: JetImages, seed: int) -> Iterator[Control]:
    """Real jets (two disjoint samples) and each of :data:`CONTROLS`, made of training jets alone."""
    halves = [concatenate(parts) for parts in zip(*(_halves(train, label, seed) for label in train.classes),
                                                  strict=True)]
    yield Control(REAL, 0, halves[0], halves[1])
    yield Control(REAL, 1, halves[1], halves[0])
    by_class = [halves[0].only(label) for label in train.classes]
    for name, change in (("mean image", _mean_image), ("independent pixels", _independent),
                         ("shuffled conditions", _shuffled), ("smeared", _smeared)):
        rng = numpy_rng(seed, "control", name)
        yield Control(name, 0, concatenate([change(jets, rng) for jets in by_class]), halves[1])
    yield Control("memorised", 0, halves[0], train)


def _halves(train: JetImages, label: int, seed: int) -> tuple[JetImages, JetImages]:
    jets = train.only(label)
    order = numpy_rng(seed, "halves", label).permutation(len(jets))
    half = len(jets) // 2
    return jets[np.sort(order[:half])], jets[np.sort(order[half:2 * half])]


def _mean_image(jets: JetImages, rng: np.random.Generator) -> JetImages:
    mean = jets.images.mean(0, dtype=np.float64).astype(np.float32)
    return replace(jets, images=np.repeat(mean[None], len(jets), axis=0))


def _independent(jets: JetImages, rng: np.random.Generator) -> JetImages:
    flat = jets.images.reshape(len(jets), -1)
    return replace(jets, images=rng.permuted(flat, axis=0).reshape(jets.images.shape))


def _shuffled(jets: JetImages, rng: np.random.Generator) -> JetImages:
    order = rng.permutation(len(jets))
    return replace(jets, conditions={name: values[order] for name, values in jets.conditions.items()})


def _smeared(jets: JetImages, rng: np.random.Generator) -> JetImages:
    factors = rng.lognormal(-SMEARING**2 / 2, SMEARING, jets.images.shape).astype(np.float32)
    return replace(jets, images=jets.images * factors)
