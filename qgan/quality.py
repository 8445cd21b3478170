"""Quick figures of a generator during training, on validation jets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .data import JetImages, concatenate
from .metrics import mean_image_difference, wasserstein
from .observables import SIMPLE, observables
from .sampling import JetSource
from .seeding import numpy_rng

#: What is looked at; the pixel mean is pT over again.
WATCHED = tuple(name for name in SIMPLE if name not in ("pixel_mean", "leading_2", "leading_5"))


@dataclass(frozen=True)
class Watch:
    """Validation jets, measured once, that a generator is compared with again and again.

    Attributes:
        jets: n a class.
        values: observables by class label and name.
        floors: the same figures between disjoint real samples of n jets.
        seed: of the generated jets; the same at every look, so that looks can be compared.
    """

    jets: JetImages
    values: dict[int, dict[str, np.ndarray]]
    floors: dict[str, float]
    seed: int

    @classmethod
    def of(cls, validation: JetImages, training: JetImages, n_per_class: int, seed: int) -> Watch:
        """At most ``n_per_class`` validation jets; training jets stand in for the second sample of the floors."""
        n = min([n_per_class, *((jets.label == c).sum() for jets in (validation, training)
                                for c in validation.classes)])
        jets, others = validation.sample(int(n), seed), training.sample(int(n), seed)
        values = _measure(jets)
        return cls(jets, values, _figures(jets, values, others), seed)

    def look(self, source: JetSource) -> tuple[JetImages, dict[str, float]]:
        """Generated jets, as many of each class, and their figures by tag."""
        n = len(self.jets) // len(self.jets.classes)
        blocks = [block for c in self.jets.classes for block in source.jets(n, self.seed, c, substructure=False)]
        fake = concatenate(blocks)
        return fake, _figures(self.jets, self.values, fake)


def worst(figures: dict[str, float]) -> tuple[str, float]:
    """The largest W1 and whose it is."""
    name = max((tag for tag in figures if tag.startswith("w1/")), key=lambda tag: figures[tag])
    return name.removeprefix("w1/"), figures[name]


def subset(jets: JetImages, n: int, seed: int) -> JetImages:
    """``n`` random jets, for pictures."""
    return jets[numpy_rng(seed, "pictures").permutation(len(jets))[:n]]


def _measure(jets: JetImages) -> dict[int, dict[str, np.ndarray]]:
    return {c: observables(jets.images[jets.label == c], jets.grid, names=WATCHED) for c in jets.classes}


def _figures(real: JetImages, values: dict[int, dict[str, np.ndarray]], other: JetImages) -> dict[str, float]:
    """W1 of each observable in real standard deviations, and the difference of the mean images, per class."""
    figures = {}
    for label, measured in _measure(other).items():
        name = real.name(label)
        for key, mine in measured.items():
            theirs = values[label][key]
            # What is the same in all jets has no scale to measure a difference by.
            if theirs.std() > 1e-9 * abs(theirs.mean()):
                figures[f"w1/{name}/{key}"] = wasserstein(theirs, mine) / float(theirs.std())
        figures[f"mean_image/{name}"] = mean_image_difference(
            real.images[real.label == label], other.images[other.label == label])
    return figures
