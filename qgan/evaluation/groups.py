"""Which jets are compared with which: a group for each class, and one for all together."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..base.errors import DataError
from ..base.seeding import numpy_rng
from ..data.jets import JetImages
from .effort import Effort
from .sample import CUT, Group, join, make_group, measure
from .work import side_by_side

#: Fewer jets a side than this and no metric is worth its name.
FEWEST = 50
#: A class's floors come from at most this many times n jets.
POOL = 3


def class_groups(real: JetImages, fake: JetImages, reference: JetImages | None, plan: Effort, seed: int,
                 notes: list[str], workers: int) -> list[Group]:
    """One group per class that both sides have, all of the same n.

    Raises:
        DataError: no class is shared, or there are too few jets.
    """
    classes = [c for c in real.classes if c in fake.classes]
    if not classes:
        raise DataError(fake.source, "signal", f"shares no class with {real.source}")
    notes += [f"Class {jets.name(c)} is in {jets.source} alone and is not compared."
              for jets, other in ((real, fake), (fake, real)) for c in jets.classes if c not in other.classes]
    most = plan.n_per_class
    mine = {c: _some(real, c, 2 * most, seed) for c in classes}
    generated = {c: _some(fake, c, 2 * most, seed) for c in classes}
    more = {c: _some(real[:0] if reference is None else reference, c, POOL * most - len(mine[c]), seed)
            for c in classes}
    n = min(min(most, len(mine[c]), len(generated[c]), (len(mine[c]) + len(more[c])) // 2) for c in classes)
    if n < FEWEST:
        raise DataError(fake.source, "image", f"only {n} jets a class can be compared, expected at least {FEWEST} "
                        f"generated and {2 * FEWEST} real ones")
    if n < most:
        notes.append(_why_fewer(n, min(map(len, mine.values())), min(map(len, generated.values()))))
    sides = [side[c] for c in classes for side in (mine, generated, more)]
    measured = side_by_side([partial(measure, jets, plan.costly) for jets in sides], workers)
    groups = []
    for c, sample, other, extra in zip(classes, measured[::3], measured[1::3], measured[2::3], strict=True):
        pool = join([sample, extra]) if len(extra) else sample
        groups.append(make_group(real.name(c), sample, other, pool, n, plan.floors, plan.parts,
                                 numpy_rng(seed, "group", c)))
    return groups


def check_alike(real: JetImages, other: JetImages) -> None:
    """Raises :class:`DataError` unless both have the same pixels, and the other has something in them."""
    for what in ("grid", "frame"):
        if getattr(real, what) != getattr(other, what):
            raise DataError(other.source, what, f"{getattr(other, what)} differs from {getattr(real, what)} of "
                                                f"{real.source}")
    empty = other.images.reshape(len(other), -1).max(1, initial=0) < CUT
    if len(other) and empty.all():
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
