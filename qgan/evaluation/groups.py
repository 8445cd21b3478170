"""Which jets are compared with which: a group for each class, and one for all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ..base.errors import DataError
from ..base.seeding import numpy_rng
from ..data.jets import JetImages
from .effort import Effort
from .sample import CUT, Group, Kept, Sample, above_cut, join, make_group, measure
from .work import side_by_side

#: Fewer jets a side than this and no metric is worth its name.
FEWEST = 50
#: A class's floors come from at most this many times n jets.
POOL = 3


@dataclass(frozen=True)
class RealJets:
    """The real side of a comparison: measured once, with all that was found between real jets.

    Attributes:
        real: held-out jets.
        training: those that the generator was trained on, or None: they add to the floors.
        plan: how much is computed.
        seed: of every draw.
    """

    real: JetImages
    training: JetImages | None
    plan: Effort
    seed: int
    kept: Kept = field(default_factory=Kept, repr=False)

    def measured(self, classes: Sequence[int], workers: int) -> list[tuple[Sample, Sample]]:
        """Of each class the held-out jets and, with further ones, the pool of the floors."""
        missing = [c for c in classes if ("measured", c) not in self.kept]
        most, none = self.plan.n_per_class, self.real[:0]
        mine = [_some(self.real, c, 2 * most, self.seed) for c in missing]
        more = [_some(none if self.training is None else self.training, c, POOL * most - len(jets), self.seed)
                for c, jets in zip(missing, mine, strict=True)]
        found = side_by_side([partial(measure, jets, self.plan.costly) for jets in (*mine, *more)], workers)
        for c, sample, extra in zip(missing, found, found[len(missing):], strict=False):
            pair = sample, join([sample, extra]) if len(extra) else sample
            self.kept["measured", c] = pair
        return [self.kept["measured", c] for c in classes]

    def groups(self, fake: JetImages, notes: list[str], workers: int) -> list[Group]:
        """One group per class that both sides have, all of the same n.

        Raises:
            DataError: no class is shared, or there are too few jets.
        """
        real, most = self.real, self.plan.n_per_class
        classes = [c for c in real.classes if c in fake.classes]
        if not classes:
            raise DataError(fake.source, "signal", f"shares no class with {real.source}")
        notes += [f"Class {jets.name(c)} is in {jets.source} alone and is not compared."
                  for jets, other in ((real, fake), (fake, real)) for c in jets.classes if c not in other.classes]
        sides = self.measured(classes, workers)
        chosen = [_some(fake, c, 2 * most, self.seed) for c in classes]
        generated = side_by_side([partial(measure, jets, self.plan.costly) for jets in chosen], workers)
        n = min(min(most, len(mine), len(other), len(pool) // 2)
                for (mine, pool), other in zip(sides, generated, strict=True))
        if n < FEWEST:
            raise DataError(fake.source, "image", f"only {n} jets a class can be compared, expected at least {FEWEST} "
                            f"generated and {2 * FEWEST} real ones")
        if n < most:
            notes.append(_why_fewer(n, min(len(mine) for mine, _ in sides), min(map(len, generated))))
        return [make_group(real.name(c), mine, other, pool, n, self.plan.floors, self.plan.parts, self.seed, self.kept)
                for c, (mine, pool), other in zip(classes, sides, generated, strict=True)]


def check_alike(real: JetImages, other: JetImages) -> None:
    """Raises :class:`DataError` unless both have the same pixels, and the other has something in them."""
    for what in ("grid", "frame"):
        if getattr(real, what) != getattr(other, what):
            raise DataError(other.source, what, f"{getattr(other, what)} differs from {getattr(real, what)} of "
                                                f"{real.source}")
    if len(other) and not above_cut(other).any():
        raise DataError(other.source, "image", f"holds no pixel above {CUT} GeV")


def _why_fewer(n: int, real: int, generated: int) -> str:
    if n in (real, generated):
        return f"n is {n} jets a class: there are {real} real and {generated} generated ones."
    return (f"n is {n} jets a class, though there are {real} real and {generated} generated ones: the floor needs two "
            "disjoint real samples of that size. More real jets can be given as reference.")


def _some(jets: JetImages, label: int, most: int, seed: int) -> JetImages:
    """At most ``most`` random jets of a class, perhaps none."""
    index = numpy_rng(seed, "some", label).permutation(np.flatnonzero(jets.label == label))
    return jets[np.sort(index[:max(most, 0)])]
