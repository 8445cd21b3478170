"""Which named symmetries a set of jets has: whether a classifier tells jets from transformed jets.

Its AUC is 0.5 for jets that have the symmetry, whatever the classifier, since no jet stands on both sides and each is
scored by a classifier that was not trained on it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..base.seeding import integer_seed, numpy_rng
from ..data.grid import Grid
from ..data.units import Units, in_cut_units
from ..observables.broad import broad, broad_units
from ..symmetry.named import sides
from ..taggers import TAGGERS, Labelled, Seen, Setting
from .resampling import disjoint_parts
from .two_sample import auc_spread, roc_auc

#: Classifiers, each trained on all parts but one, which it scores.
FOLDS = 3
#: Fewer jets a side than this are not told apart.
FEWEST = 30


class Broken(NamedTuple):
    """How far jets break a symmetry.

    Attributes:
        auc: of jets against transformed jets; 0.5 where they have it.
        error: what it varies by where they have it.
        n: jets on the smaller side.
        seen_in: the observable that alone tells most; empty where the tagger sees none.
    """

    auc: float
    error: float
    n: int
    seen_in: str = ""

    @property
    def is_broken(self) -> bool:
        """Beyond three errors."""
        return self.auc - 0.5 > 3 * self.error


def broken(images: np.ndarray, grid: Grid, frame: str, eta: np.ndarray | None, *, seed: int, units: Units = "GeV",
           tagger: str = "trees") -> dict[str, Broken]:
    """AUC of jets against transformed jets, by the name of the transformation (:mod:`qgan.symmetry.named`).

    Args:
        images: (N, H, W) in ``units``, of one class, without the softest pixels.
        grid, frame: of the images.
        eta: (N,), or None where it is not known.
        seed: deals the jets, and of the classifiers.
        tagger: by name; trees see the broad list of observables, other taggers what they always see.
    """
    see = _observables if TAGGERS[tagger].sees == "observables" else _images
    rng = numpy_rng(seed, "sides")
    found = {}
    for name, *pair in sides(images, grid, frame, eta, rng):
        if min(map(len, pair)) >= FEWEST:
            a, b = (see(side, grid, units) for side in pair)
            found[name] = _told_apart(a, b, tagger, integer_seed(seed, name) % 2**31)
            if see is _observables:
                found[name] = found[name]._replace(seen_in=_most(a.observables, b.observables))
    return found


def _most(a: np.ndarray, b: np.ndarray) -> str:
    """The column of two tables of the broad list that differs most, by its values or their sizes."""
    far = [max(abs(roc_auc(x, y) - 0.5), abs(roc_auc(np.abs(x), np.abs(y)) - 0.5))
           for x, y in zip(a.T, b.T, strict=True)]
    return list(broad_units())[int(np.argmax(far))]


def _told_apart(a: Seen, b: Seen, tagger: str, seed: int) -> Broken:
    rng, aucs = np.random.default_rng(seed), list[float]()
    parts = [disjoint_parts(len(side), FOLDS, rng) for side in (a, b)]
    for fold in range(FOLDS):
        held_out = [side[of_side[fold]] for side, of_side in zip((a, b), parts, strict=True)]
        others = [side[np.concatenate([*of_side[:fold], *of_side[fold + 1:]])]
                  for side, of_side in zip((a, b), parts, strict=True)]
        fitted = TAGGERS[tagger].fit(Labelled.of(*others), None, Setting(seed + fold))
        aucs.append(roc_auc(*(fitted.scores(side)[:, 1] for side in held_out)))
    return Broken(float(np.mean(aucs)), auc_spread(len(a), len(b)), min(len(a), len(b)))


def _observables(images: np.ndarray, grid: Grid, units: Units) -> Seen:
    found = broad(np.ascontiguousarray(in_cut_units(images, units)), grid)
    return Seen(observables=np.stack(list(found.values()), 1))


def _images(images: np.ndarray, grid: Grid, units: Units) -> Seen:
    return Seen(grid, units, images=np.ascontiguousarray(images))
