"""The real side of a comparison: measured once, and dealt with the generated jets of each generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ..base.errors import DataError
from ..base.seeding import numpy_rng
from ..data.jets import JetImages
from ..data.units import CUT, above_cut
from .effort import Effort
from .pairing import Ledger, Pairing, deal
from .sample import Sample, join, measure
from .work import side_by_side

#: A class's floors come from at most this many times n jets.
POOL = 3
#: Of several generators those are judged on as many jets that have at least this share of one another's.
NEARLY = 0.9


@dataclass(frozen=True)
class RealJets:
    """The real side of a comparison: measured once, with all that was found between real jets.

    Attributes:
        real: held-out jets.
        training: those that the generator was trained on, or None: they add to the floors.
        plan: how much is computed.
        seed: of every draw.
        sizes: :func:`rarest` of the generators that are going to be judged, where there are several.
    """

    real: JetImages
    training: JetImages | None
    plan: Effort
    seed: int
    sizes: tuple[int, ...] = ()
    ledger: Ledger = field(default_factory=Ledger, repr=False)

    def measured(self, classes: Sequence[int], workers: int) -> list[tuple[Sample, Sample]]:
        """Of each class the held-out jets and, with further ones, the pool of the floors."""
        missing = [c for c in classes if ("measured", c) not in self.ledger]
        most, none = self.plan.n_per_class, self.real[:0]
        mine = [_some(self.real, c, 2 * most, self.seed) for c in missing]
        # No fewer training jets than a referee can use, however many held-out ones there are.
        more = [_some(none if self.training is None else self.training, c, max(POOL * most - len(jets), 2 * most),
                      self.seed)
                for c, jets in zip(missing, mine, strict=True)]
        found = self._measure([*mine, *more], workers)
        for c, sample, extra in zip(missing, found, found[len(missing):], strict=False):
            pair = sample, join([sample, extra]) if len(extra) else sample
            self.ledger["measured", c] = pair
        return [self.ledger["measured", c] for c in classes]

    def _measure(self, jets: Sequence[JetImages], workers: int) -> list[Sample]:
        return side_by_side([partial(measure, some, self.plan.costly, self.plan.names) for some in jets], workers)

    def pairings(self, fake: JetImages, notes: list[str], workers: int) -> list[Pairing]:
        """One per class that both sides have, all of the same n.

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
        taken = self._taken(fake, notes)
        generated = self._measure([_some(fake, c, taken, self.seed) for c in classes], workers)
        n = min(min(most, len(mine), len(other), len(pool) // 2)
                for (mine, pool), other in zip(sides, generated, strict=True))
        if n < (fewest := self.plan.fewest):
            raise DataError(fake.source, "image", f"only {n} jets a class can be compared, expected at least {fewest} "
                            f"generated and {2 * fewest} real ones")
        if n < most:
            notes.append(_why_fewer(n, min(len(mine) for mine, _ in sides), min(map(len, generated))))
        return [deal(real.name(c), mine, other, pool, n, self.plan.floors, self.plan.parts, self.seed, self.ledger)
                for c, (mine, pool), other in zip(classes, sides, generated, strict=True)]

    def _taken(self, fake: JetImages, notes: list[str]) -> int:
        """Generated jets of a class at most: as many of each generator, so that floors are found once for all."""
        most, mine = POOL * self.plan.n_per_class, rarest(fake)
        fewest = min((size for size in self.sizes if size >= NEARLY * mine), default=most)
        if fewest < min(mine, most):
            notes.append(f"{fewest} generated jets a class are taken of {mine}: as many as another generator has.")
        return min(fewest, most)


def rarest(jets: JetImages) -> int:
    """How many jets there are of the class that has fewest."""
    return min((int((jets.label == c).sum()) for c in jets.classes), default=0)


def check_alike(real: JetImages, other: JetImages) -> None:
    """Raises :class:`DataError` unless both have the same pixels, and the other has something in them."""
    for what in ("grid", "frame"):
        if getattr(real, what) != getattr(other, what):
            raise DataError(other.source, what, f"{getattr(other, what)} differs from {getattr(real, what)} of "
                                                f"{real.source}")
    if len(other) and not above_cut(other.images, other.units).any():
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
