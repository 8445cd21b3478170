"""Jets with everything that is measured on them, and which of them are compared with which."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from ..base.seeding import numpy_rng
from ..data.jets import JetImages
from ..data.units import in_cut_units
from ..observables.arrays import observables
from ..observables.energy_flow import GRAPHS, energy_flow
from ..observables.registry import measured
from .resampling import disjoint_pairs, disjoint_parts

#: Pixels under this pT (GeV) are set to 0 before anything is measured.
CUT = 1e-3
#: More disjoint pairs of real and generated samples than this are not averaged over.
MOST_PAIRS = 4
Indices = tuple[np.ndarray, np.ndarray]
T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """N jets of one class or several.

    Attributes:
        images: (N, H, W) float32, GeV, without pixels under :data:`CUT`.
        values: (N, S) float64, the observables in the order of ``observables.registry.measured()``.
        flow: (N, 20) energy-flow polynomials, or (N, 0) where they were not asked for.
        asked: conditions by name, each (N,); without those in GeV where the images are not.
    """

    images: np.ndarray
    values: np.ndarray
    flow: np.ndarray
    asked: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: np.ndarray) -> Sample:
        return Sample(self.images[index], self.values[index], self.flow[index],
                      {k: v[index] for k, v in self.asked.items()})

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """(N, len(names)) observables."""
        order = measured()
        return self.values[:, [order.index(name) for name in names]]


def measure(jets: JetImages, with_flow: bool = True) -> Sample:
    """Observables (and energy-flow polynomials) of jets."""
    images = np.where(above_cut(jets), jets.images, np.float32(0)).astype(np.float32, copy=False)
    values = observables(images, jets.grid, units=jets.units)
    if jets.units != "GeV":
        values = {name: _steady(x) for name, x in values.items()}
    flow = energy_flow(images, jets.grid) if with_flow else {}
    return Sample(images, np.stack(list(values.values()), axis=1),
                  np.stack([flow[g] for g in GRAPHS], axis=1) if flow else np.zeros((len(images), 0)),
                  {k: np.asarray(v, np.float64) for k, v in jets.conditions.items()
                   if jets.units == "GeV" or k not in ("pt", "mass")})


def _steady(values: np.ndarray) -> np.ndarray:
    """What is the same in all jets, such as a sum of 1, without the rounding that would pass for a spread."""
    if not len(values):
        return values
    middle = np.median(values)
    return np.full_like(values, np.float32(middle)) if np.ptp(values) < 1e-5 * abs(middle) else values


def above_cut(jets: JetImages) -> np.ndarray:
    """(N, H, W): which pixels are not under :data:`CUT`."""
    return in_cut_units(jets.images, jets.units) >= CUT


def join(samples: Sequence[Sample]) -> Sample:
    """All jets of several samples, in order; conditions that not every sample has are left out."""
    shared = [k for k in samples[0].asked if all(k in s.asked for s in samples)]
    return Sample(np.concatenate([s.images for s in samples]), np.concatenate([s.values for s in samples]),
                  np.concatenate([s.flow for s in samples]),
                  {k: np.concatenate([s.asked[k] for s in samples]) for k in shared})


class Kept:
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
class Group:
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
        kept: what was found between real jets.
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
    kept: Kept = field(default_factory=Kept, repr=False)

    def knows(self, what: str) -> bool:
        """Whether :meth:`once` was asked for it before."""
        return (*self.key, what) in self.kept

    def once(self, what: str, make: Callable[[], T]) -> T:
        """``make()``, which may use real jets alone, the first time that it is asked of them; then what it was."""
        return self.kept.once((*self.key, what), make)


def make_group(name: str, real: Sample, fake: Sample, pool: Sample, n: int, floors: int, parts: int,
               seed: int, kept: Kept) -> Group:
    """Deals the jets of one class; needs at least n real, n generated and 2n jets in the pool.

    The pairs of the floor are drawn by themselves, so that they do not depend on the generated jets.
    """
    rng = numpy_rng(seed, "group", name)
    count = min(len(real) // n, len(fake) // n, MOST_PAIRS)
    orders = [rng.permutation(len(s))[:count * n] for s in (real, fake)]
    pairs = list(zip(*(np.split(order, count) for order in orders), strict=True))
    cuts = [[part[i] for part in pair for i in disjoint_parts(n, parts, rng)] for pair in zip(*pairs, strict=True)]
    key = (name, n)
    of_floor = numpy_rng(seed, "floor", name)
    nulls = kept.once((*key, "pairs"), lambda: list(disjoint_pairs(len(pool), n, floors, of_floor)))
    return Group(name, real, fake, pool, n, pairs, list(zip(*cuts, strict=True)), nulls, key, kept)


def pooled(groups: Sequence[Group], seed: int) -> Group:
    """All classes together, as many jets of each."""
    rng, kept, key = numpy_rng(seed, "pooled"), groups[0].kept, ("all", *(g.key for g in groups))
    real, fake, pool = ([g.real for g in groups], [g.fake for g in groups], [g.pool for g in groups])
    count = min(len(g.pairs) for g in groups)
    parts = min(len(g.parts) for g in groups)
    together, everything = kept.once(("all", *(g.name for g in groups)), lambda: (join(real), join(pool)))
    nulls = kept.once((*key, "pairs"), lambda: _stack([g.nulls for g in groups], pool, pool,
                                                      numpy_rng(seed, "pooled floor")))
    return Group("all", together, join(fake), everything, sum(g.n for g in groups),
                 pairs=_stack([g.pairs[:count] for g in groups], real, fake, rng),
                 parts=_stack([g.parts[:parts] for g in groups], real, fake, rng),
                 nulls=nulls, key=key, kept=kept)


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
