"""Real jets and negative controls in the place of generated ones: what a table is read against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...base.seeding import numpy_rng
from ...data import JetImages, concatenate
from ...evaluation import negative_controls

REAL = "real jets"


class Control(NamedTuple):
    """Jets to be judged as if they were generated, and the real jets that were not used for them."""

    name: str
    seed: int
    jets: JetImages
    reference: JetImages


def controls(train: JetImages, seed: int) -> Iterator[Control]:
    """Real jets (two disjoint samples) and each of :func:`~qgan.evaluation.negative_controls`, of training jets alone.

    For memorised jets alone the reference holds the very jets that were copied.
    """
    halves = [concatenate(parts) for parts in zip(*(_halves(train, label, seed) for label in train.classes),
                                                  strict=True)]
    yield Control(REAL, 0, halves[0], halves[1])
    yield Control(REAL, 1, halves[1], halves[0])
    for name, jets in negative_controls(halves[0], halves[0], seed).items():
        yield Control(name.replace("_", " "), 0, jets, train if name == "memorised" else halves[1])


def _halves(train: JetImages, label: int, seed: int) -> tuple[JetImages, JetImages]:
    jets = train.only(label)
    order = numpy_rng(seed, "halves", label).permutation(len(jets))
    half = len(jets) // 2
    return jets[np.sort(order[:half])], jets[np.sort(order[half:2 * half])]
