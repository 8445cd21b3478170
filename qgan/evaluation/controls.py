"""Samples that are wrong in a known way, which an evaluation must tell from good ones.

| control | what is wrong | what sees it |
|---|---|---|
| ``mean_image`` | every jet is the mean one of its class | all but the mean image itself |
| ``independent_pixels`` | each pixel is right, none knows of another | trees, Frechet distance, width |
| ``shuffled_conditions`` | right jets with the conditions of others | closure alone |
| ``memorised`` | copies of training jets | memorising alone |
| ``smeared`` | each pixel is multiplied by a random factor | W1, Frechet distance |
| ``shifted`` | every jet is moved by a pixel | mean image, W1 of the distances to the origin, networks |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..base.errors import DataError
from ..base.seeding import numpy_rng
from ..data.jets import JetImages, concatenate

#: Standard deviation of the logarithm of a pixel's factor.
SMEARING = 0.25
Change = Callable[[JetImages, np.random.Generator], JetImages]


def negative_controls(jets: JetImages, training: JetImages | None = None, seed: int = 0) -> dict[str, JetImages]:
    """Controls by name, as many jets of each class as there are.

    Args:
        jets: good jets, disjoint from those that the controls are going to be compared with.
        training: what is copied for ``memorised``, which is left out without it.
        seed: of the draws.

    Raises:
        DataError: fewer training jets of a class than there are jets.
    """
    changes: dict[str, Change] = {"mean_image": _mean_image, "independent_pixels": _independent_pixels,
                                  "shuffled_conditions": _shuffled_conditions, "smeared": _smeared,
                                  "shifted": _shifted}
    out = {name: _by_class(jets, name, change, seed) for name, change in changes.items()}
    if training is not None:
        def copy(of_class: JetImages, rng: np.random.Generator) -> JetImages:
            return _copies(training.only(int(of_class.label[0])), len(of_class), rng)

        out["memorised"] = _by_class(jets, "memorised", copy, seed)
    return out


def _by_class(jets: JetImages, name: str, change: Change, seed: int) -> JetImages:
    changed = concatenate([change(jets.only(c), numpy_rng(seed, name, c)) for c in jets.classes])
    return replace(changed, source=name, origin={"control": name, "seed": seed})


def _mean_image(jets: JetImages, rng: np.random.Generator) -> JetImages:
    mean = jets.images.mean(0, dtype=np.float64).astype(np.float32)
    return replace(jets, images=np.repeat(mean[None], len(jets), 0))


def _independent_pixels(jets: JetImages, rng: np.random.Generator) -> JetImages:
    flat = jets.images.reshape(len(jets), -1)
    return replace(jets, images=rng.permuted(flat, axis=0).reshape(jets.images.shape))


def _shuffled_conditions(jets: JetImages, rng: np.random.Generator) -> JetImages:
    order = rng.permutation(len(jets))
    return replace(jets, conditions={k: v[order] for k, v in jets.conditions.items()})


def _smeared(jets: JetImages, rng: np.random.Generator) -> JetImages:
    factor = rng.lognormal(0.0, SMEARING, jets.images.shape)
    return replace(jets, images=(jets.images * factor).astype(np.float32))


def _shifted(jets: JetImages, rng: np.random.Generator) -> JetImages:
    moved = np.zeros_like(jets.images)
    moved[:, 1:] = jets.images[:, :-1]
    return replace(jets, images=moved)


def _copies(training: JetImages, n: int, rng: np.random.Generator) -> JetImages:
    if len(training) < n:
        raise DataError(training.source, "signal", f"{len(training)} jets of class {training.name(training.classes[0])}"
                                                   f", {n} are to be copied")
    return training[rng.permutation(len(training))[:n]]
