"""Which jets are compared with which: real with generated samples, and real with real ones for the floor."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from ..base.seeding import numpy_rng
from .resampling import disjoint_pairs, disjoint_parts, error_from_parts
from .sample import Sample, join

#: More disjoint pairs of real and generated samples than this are not averaged over.
MOST_PAIRS = 4
Indices = tuple[np.ndarray, np.ndarray]
T = TypeVar("T")


class Ledger:
    """What is the same for every generator that is judged by the same real jets, computed once."""

    def __init__(self) -> None:
        self._found: dict[Hashable, Any] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._found

    def __getitem__(self, key: Hashable) -> Any:
        return self._found[key]

    def __setitem__(self, key: Hashable, value: Any) -> None:
        self._found[key] = value

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make()`` returned the first time."""
        if key not in self:
            self[key] = make()
        found: T = self[key]
        return found


@dataclass(frozen=True)
class Pairing:
    """One class (or all together), and the positions of the jets that are compared.

    Attributes:
        name: of the class, or ``all``.
        real, fake: what is compared.
        pool: the real jets and those of the reference: floors come from here.
        n: jets on each side of a comparison.
        pairs: positions in (real, fake), n each, disjoint between pairs: their mean is the value.
        parts: the same jets dealt into smaller disjoint parts, for the error.
        nulls: positions in (pool, pool), n each, disjoint within a pair, for the floor.
        key: which real jets these are, and how many.
        ledger: what was found between real jets.
    """

    name: str
    real: Sample
    fake: Sample
    pool: Sample
    n: int
    pairs: list[Indices]
    parts: list[Indices]
    nulls: list[Indices]
    key: tuple[Hashable, ...] = ()
    ledger: Ledger = field(default_factory=Ledger, repr=False)

    def knows(self, what: str) -> bool:
        """Whether :meth:`once` was asked for it before."""
        return (*self.key, what) in self.ledger

    def once(self, what: str, make: Callable[[], T]) -> T:
        """``make()``, which may use real jets alone, the first time that it is asked of them; then what it was."""
        return self.ledger.once((*self.key, what), make)

    def over(self, what: str,
             score: Callable[[Sample, Sample], np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A score of two samples, (length,): its mean over the pairs, error from the parts, value of each real pair.

        Args:
            what: the score's name: its values of real pairs are kept under it.
            score: of real and generated jets, or of real and real ones.
        """
        value = np.mean([score(self.real[i], self.fake[j]) for i, j in self.pairs], axis=0)
        error = error_from_parts(np.array([score(self.real[i], self.fake[j]) for i, j in self.parts]))
        nulls = self.once(what, lambda: np.array([score(self.pool[i], self.pool[j]) for i, j in self.nulls]))
        return value, np.broadcast_to(error, value.shape), nulls

    @property
    def fifths(self) -> list[Indices]:
        """Every two neighbouring parts as one: for scores that need more jets than a tenth."""
        return [(np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]]))
                for a, b in zip(self.parts[::2], self.parts[1::2], strict=False)]


def deal(name: str, real: Sample, fake: Sample, pool: Sample, n: int, floors: int, parts: int,
               seed: int, ledger: Ledger) -> Pairing:
    """Deals the jets of one class; needs at least n real, n generated and 2n jets in the pool.

    The pairs of the floor are drawn by themselves, so that they do not depend on the generated jets.
    """
    rng = numpy_rng(seed, "group", name)
    count = min(len(real) // n, len(fake) // n, MOST_PAIRS)
    orders = [rng.permutation(len(s))[:count * n] for s in (real, fake)]
    pairs = list(zip(*(np.split(order, count) for order in orders), strict=True))
    cuts = [[part[i] for part in pair for i in (disjoint_parts(n, parts, rng) if parts else ())]
            for pair in zip(*pairs, strict=True)]
    key = (name, n)
    of_floor = numpy_rng(seed, "floor", name)
    nulls = ledger.once((*key, "pairs"), lambda: list(disjoint_pairs(len(pool), n, floors, of_floor)))
    return Pairing(name, real, fake, pool, n, pairs, list(zip(*cuts, strict=True)), nulls, key, ledger)


def pooled(groups: Sequence[Pairing], seed: int) -> Pairing:
    """All classes together, as many jets of each."""
    rng, ledger, key = numpy_rng(seed, "pooled"), groups[0].ledger, ("all", *(g.key for g in groups))
    real, fake, pool = ([g.real for g in groups], [g.fake for g in groups], [g.pool for g in groups])
    count = min(len(g.pairs) for g in groups)
    parts = min(len(g.parts) for g in groups)
    together, everything = ledger.once(("all", *(g.name for g in groups)), lambda: (join(real), join(pool)))
    nulls = ledger.once((*key, "pairs"), lambda: _stack([g.nulls for g in groups], pool, pool,
                                                      numpy_rng(seed, "pooled floor")))
    return Pairing("all", together, join(fake), everything, sum(g.n for g in groups),
                 pairs=_stack([g.pairs[:count] for g in groups], real, fake, rng),
                 parts=_stack([g.parts[:parts] for g in groups], real, fake, rng),
                 nulls=nulls, key=key, ledger=ledger)


def _stack(classes: Sequence[Sequence[Indices]], left: Sequence[Sample], right: Sequence[Sample],
           rng: np.random.Generator) -> list[Indices]:
    """Positions in the joined samples, shuffled so that any leading part holds every class."""
    out = []
    for row in zip(*classes, strict=True):
        sides = []
        for side, samples in ((0, left), (1, right)):
            offsets = np.cumsum([0, *(len(s) for s in samples[:-1])])
            sides.append(rng.permutation(np.concatenate([p[side] + o for p, o in zip(row, offsets, strict=True)])))
        out.append((sides[0], sides[1]))
    return out
