"""Figures of a generator during training, on validation jets: cheap ones often, costly ones now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np

from ..base.seeding import integer_seed, numpy_rng
from ..data import JetImages, concatenate
from ..observables.arrays import observables
from ..sampling.source import JetSource
from .distributions import wasserstein
from .frechet import extrapolated_frechet
from .pictures import mean_image_difference
from .scores import FEATURES
from .two_sample import two_sample_test

#: What is looked at: what costs next to nothing; the pixel mean is pT over again.
WATCHED = ("pt", "mass", "delta_r_mean", "delta_r_std", "width", "sigma_r", "pixel_std", "nnz", "ptd", "leading_1",
           "leading_3")
#: What stands for all figures: over observables and classes the median and the largest W1, and of the others the
#: worst class.
GLANCE = ("w1_median", "w1_worst", "mean_image", "fpd", "trees_auc")
#: Floors come from this many samples of training jets at most: with the validation jets, 21 pairs.
SAMPLES = 6
_DRAWS, _REPEATS = 5, 3
Values = dict[int, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Watch:
    """Validation jets, measured once, that a generator is compared with again and again.

    Attributes:
        jets: n a class.
        others: disjoint samples of n training jets a class: the second samples of the floors.
        seed: of the generated jets; the same at every look, so that looks can be compared.
    """

    jets: JetImages
    others: Sequence[JetImages] = field(repr=False)
    seed: int

    @classmethod
    def of(cls, validation: JetImages, training: JetImages, n_per_class: int, seed: int) -> Watch:
        """At most ``n_per_class`` validation jets a class, and as many training jets, up to :data:`SAMPLES` times."""
        n = int(min([n_per_class, *((jets.label == c).sum() for jets in (validation, training)
                                    for c in validation.classes)]))
        order = [numpy_rng(seed, "watch", c).permutation(np.flatnonzero(training.label == c))
                 for c in validation.classes]
        count = min(SAMPLES, *(len(index) // n for index in order))
        others = [training[np.concatenate([index[k * n:(k + 1) * n] for index in order])] for k in range(count)]
        return cls(validation.sample(n, seed), others, seed)

    def look(self, source: JetSource) -> tuple[JetImages, dict[str, float]]:
        """Generated jets, as many of each class, and their cheap figures by tag."""
        n = len(self.jets) // len(self.jets.classes)
        blocks = [block for c in self.jets.classes for block in source.jets(n, self.seed, c, substructure=False)]
        fake = concatenate(blocks)
        return fake, self._cheap(fake)

    def costly(self, fake: JetImages) -> dict[str, float]:
        """Fréchet distance (in 1e-3, extrapolated) and AUC of boosted trees for each class, on ``fake``."""
        figures: dict[str, float] = {}
        for label, mine in self._features.items():
            theirs, name = _table(fake, label), self.jets.name(label)
            figures[f"fpd/{name}"] = self._fpd(self._standardised(mine, label), self._standardised(theirs, label))
            seed = integer_seed(self.seed, "trees", label) % 2**31
            figures[f"trees_auc/{name}"] = float(two_sample_test(mine, theirs, seed, _REPEATS).auc.mean())
        return figures | _glance(figures)

    @cached_property
    def floors(self) -> dict[str, float]:
        """The cheap figures between disjoint real samples: their mean over the samples."""
        found = [self._cheap(other) for other in self.others]
        return {tag: float(np.mean([figures[tag] for figures in found])) for tag in found[0]}

    @cached_property
    def costly_floors(self) -> dict[str, float]:
        """Of the Fréchet distance the 95 % quantile over pairs of real samples, since its mean is 0; of the AUC ½."""
        floors: dict[str, float] = {}
        for label, mine in self._features.items():
            name = self.jets.name(label)
            tables = [self._standardised(t, label) for t in (mine, *(_table(other, label) for other in self.others))]
            values = [self._fpd(a, b) for a, b in combinations(tables, 2)]
            floors |= {f"fpd/{name}": float(np.quantile(values, 0.95)), f"trees_auc/{name}": 0.5}
        return floors | _glance(floors)

    @cached_property
    def _values(self) -> Values:
        return _measure(self.jets)

    @cached_property
    def _features(self) -> dict[int, np.ndarray]:
        return {label: _table(self.jets, label) for label in self.jets.classes}

    def _cheap(self, other: JetImages) -> dict[str, float]:
        """W1 of each observable in real standard deviations, and the difference of the mean images, per class."""
        figures = {}
        for label, measured in _measure(other).items():
            name = self.jets.name(label)
            for key, mine in measured.items():
                theirs = self._values[label][key]
                # What is the same in all jets has no scale to measure a difference by.
                if theirs.std() > 1e-9 * abs(theirs.mean()):
                    figures[f"w1/{name}/{key}"] = wasserstein(theirs, mine) / float(theirs.std())
            figures[f"mean_image/{name}"] = mean_image_difference(
                self.jets.images[self.jets.label == label], other.images[other.label == label])
        return figures | _glance(figures)

    def _standardised(self, table: np.ndarray, label: int) -> np.ndarray:
        mean, spread = self._features[label].mean(0), self._features[label].std(0)
        return (table - mean) / np.where(spread > 0, spread, 1.0)

    def _fpd(self, real: np.ndarray, fake: np.ndarray) -> float:
        return 1e3 * extrapolated_frechet(real, fake, numpy_rng(self.seed, "frechet"), draws=_DRAWS)[0]


def worst(figures: dict[str, float]) -> tuple[str, float]:
    """The largest W1 and whose it is."""
    name = max((tag for tag in figures if tag.startswith("w1/")), key=lambda tag: figures[tag])
    return name.removeprefix("w1/"), figures[name]


def subset(jets: JetImages, n: int, seed: int) -> JetImages:
    """``n`` random jets, for pictures."""
    return jets[numpy_rng(seed, "pictures").permutation(len(jets))[:n]]


def _glance(figures: dict[str, float]) -> dict[str, float]:
    """Those of :data:`GLANCE` that the figures allow."""
    kinds: dict[str, tuple[str, Callable[[Iterable[float]], float]]] = {
        "w1_median": ("w1", lambda values: float(np.median(list(values)))), "w1_worst": ("w1", max),
        "mean_image": ("mean_image", max), "fpd": ("fpd", max), "trees_auc": ("trees_auc", max)}
    found = {}
    for name in GLANCE:
        group, over = kinds[name]
        values = [value for tag, value in figures.items() if tag.startswith(f"{group}/")]
        if values:
            found[f"glance/{name}"] = over(values)
    return found


def _measure(jets: JetImages) -> Values:
    return {c: observables(jets.images[jets.label == c], jets.grid, names=WATCHED, units=jets.units)
            for c in jets.classes}


def _table(jets: JetImages, label: int) -> np.ndarray:
    """(N, features) of one class."""
    measured = observables(jets.images[jets.label == label], jets.grid, names=FEATURES, units=jets.units)
    return np.stack([measured[name] for name in FEATURES], axis=1)
