"""Samples that are wrong in a known way, which an evaluation must tell from good ones.

| control | what is wrong | what sees it |
|---|---|---|
| ``mean_image`` | every jet is the mean one of its class | all but the mean image itself |
| ``independent_pixels`` | each pixel is right, none knows of another | trees, Frechet distance, width |
| ``shuffled_conditions`` | right jets with the conditions of others | closure alone |
| ``memorised`` | copies of training jets | memorising alone |
| ``smeared`` | each pixel is multiplied by a random factor | W1, Frechet distance |
| ``shifted`` | every jet is moved by a pixel | mean image, W1 of the distances to the origin, networks |

And, of :func:`subtle_controls`, for referees alone:

| ``mirrored`` | half of the jets are mirrored in Δφ, which the canonical frame forbids |
| ``nudged`` | a fifth of the jets are moved by a pixel |
| ``faded`` | a fifth of the pixels below 1 GeV are empty |
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
#: Shares of jets that are mirrored or moved, and of pixels below :data:`SOFT` (GeV) that are lost.
MIRRORED, NUDGED, FADED = 0.5, 0.2, 0.2
SOFT = 1.0
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


def subtle_controls(jets: JetImages, seed: int = 0) -> dict[str, JetImages]:
    """Jets that are wrong in a way that most metrics hardly see, by name; arguments as of :func:`negative_controls`."""
    changes: dict[str, Change] = {"mirrored": _mirrored, "nudged": _nudged, "faded": _faded}
    return {name: _by_class(jets, name, change, seed) for name, change in changes.items()}


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


def _mirrored(jets: JetImages, rng: np.random.Generator) -> JetImages:
    chosen = rng.random(len(jets)) < MIRRORED
    return replace(jets, images=np.where(chosen[:, None, None], jets.images[:, :, ::-1], jets.images))


def _nudged(jets: JetImages, rng: np.random.Generator) -> JetImages:
    chosen = rng.random(len(jets)) < NUDGED
    return replace(jets, images=np.where(chosen[:, None, None], _shifted(jets, rng).images, jets.images))


def _faded(jets: JetImages, rng: np.random.Generator) -> JetImages:
    lost = (rng.random(jets.images.shape) < FADED) & (jets.images < SOFT)
    return replace(jets, images=np.where(lost, np.float32(0), jets.images))


def _copies(training: JetImages, n: int, rng: np.random.Generator) -> JetImages:
    if len(training) < n:
        raise DataError(training.source, "signal", f"{len(training)} jets of class {training.name(training.classes[0])}"
                                                   f", {n} are to be copied")
    return training[rng.permutation(len(training))[:n]]
