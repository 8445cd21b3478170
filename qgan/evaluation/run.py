"""Generated jets against real ones: every metric with its error and its floor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..data.jets import JetImages
from ..errors import DataError
from ..seeding import integer_seed, numpy_rng
from .asked import ASKED, closure_rows, memorising_row, tagger_row
from .rows import METRICS, Evaluation, Row
from .sample import CUT, Group, join, make_group, measure, pooled
from .scores import (
    frechet_rows,
    kernel_rows,
    neighbour_rows,
    picture_rows,
    separation_rows,
    two_sample_rows,
    w1_rows,
)

#: Fewer jets a side than this and no metric is worth its name.
FEWEST = 50
#: A class's floors come from at most this many times n jets.
POOL = 3


@dataclass(frozen=True)
class Effort:
    """How much is computed.

    Attributes:
        n_per_class: most jets a class on each side.
        floors: real pairs for the floors.
        parts: disjoint parts for the errors, even.
        draws: subsamples per size in the Frechet distance.
        tree_repeats, tree_floors: of the two-sample test.
        energy_flow, neighbours, memorising: whether the costly ones are computed.
    """

    n_per_class: int
    floors: int = 20
    parts: int = 10
    draws: int = 20
    tree_repeats: int = 5
    tree_floors: int = 20
    energy_flow: bool = True
    neighbours: bool = True
    memorising: bool = True


def effort(n_per_class: int, quick: bool) -> Effort:
    """The usual effort, or a tenth of it."""
    if not quick:
        return Effort(n_per_class)
    return Effort(min(n_per_class, 1000), draws=5, tree_repeats=2, tree_floors=5, energy_flow=False, neighbours=False,
                  memorising=False)


def evaluate(real: JetImages, fake: JetImages, *, n_per_class: int = 5000, seed: int = 0, quick: bool = False,
             reference: JetImages | None = None) -> Evaluation:
    """Compares generated with real jets, class by class and together.

    The floor of a metric comes from pairs of disjoint real samples of the size n that real and generated
    jets are compared at: from ``real`` and ``reference`` together. Without enough of them n is reduced to
    half of the real jets, for value and floor alike; a note says so.

    Args:
        real: held-out jets, which nothing was chosen on.
        fake: generated jets in the same frame and grid; conditions are optional (no closure without them).
        n_per_class: jets a class on each side of a comparison, at most.
        seed: of every draw and split.
        quick: fewer jets and draws, no energy flow, neighbours and memorising: for a look during work.
        reference: the jets the generator was trained on. They add to the floor, and are what
            ``memorising`` looks for.

    Raises:
        DataError: the two differ in grid or frame, share no class, or have too few jets.
    """
    start = time.perf_counter()
    _check_alike(real, fake)
    if reference is not None:
        _check_alike(real, reference)
    plan = effort(n_per_class, quick)
    notes: list[str] = []
    groups = _groups(real, fake, reference, plan, seed, notes)
    if not all(name in g.fake.asked and name in g.real.asked for name in ASKED for g in groups):
        notes.append("The files do not both have the conditions jet_mass and jet_pt: their closure is left out.")
    rows = [row for group in groups for row in _group_rows(group, plan, seed, notes)]
    rows += _memorising_rows(groups, real, reference, plan, seed, notes)
    if len(groups) == 2:
        rows.append(tagger_row(groups, integer_seed(seed, "tagger")))
        rows += _group_rows(pooled(groups, numpy_rng(seed, "pooled")), plan, seed, notes)
    order = list(METRICS)
    rows.sort(key=lambda r: order.index(r.metric))
    settings = {"n_per_class": groups[0].n, "asked_n_per_class": n_per_class, "seed": seed, "quick": quick,
                "floor_pairs": plan.floors, "reference": reference.source if reference is not None else None}
    return Evaluation(rows, notes, real.source, fake.source, settings, time.perf_counter() - start)


def _group_rows(group: Group, plan: Effort, seed: int, notes: list[str]) -> Iterator[Row]:
    yield from w1_rows(group)
    yield from picture_rows(group)
    yield from frechet_rows(group, numpy_rng(seed, "frechet", group.name), plan.draws)
    yield from kernel_rows(group, numpy_rng(seed, "kernel", group.name))
    yield from two_sample_rows(group, integer_seed(seed, "trees", group.name) % 2**31, plan.tree_repeats,
                               plan.tree_floors)
    if plan.neighbours:
        yield from neighbour_rows(group)
    if group.name != "all":
        yield from separation_rows(group)
        yield from closure_rows(group, notes)


def _groups(real: JetImages, fake: JetImages, reference: JetImages | None, plan: Effort, seed: int,
            notes: list[str]) -> list[Group]:
    """One group per class that both sides have, all of the same n."""
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
    groups = []
    for c in classes:
        sample, other, extra = (measure(side[c], plan.energy_flow) for side in (mine, generated, more))
        pool = join([sample, extra]) if len(extra) else sample
        groups.append(make_group(real.name(c), sample, other, pool, n, plan.floors, plan.parts,
                                 numpy_rng(seed, "group", c)))
    return groups


def _why_fewer(n: int, real: int, generated: int) -> str:
    if n in (real, generated):
        return f"n is {n} jets a class: there are {real} real and {generated} generated ones."
    return (f"n is {n} jets a class, though there are {real} real and {generated} generated ones: the floor needs two "
            "disjoint real samples of that size. More real jets can be given as reference.")


def _some(jets: JetImages, label: int, most: int, seed: int) -> JetImages:
    """At most ``most`` random jets of a class, perhaps none."""
    index = numpy_rng(seed, "some", label).permutation(np.flatnonzero(jets.label == label))
    return jets[np.sort(index[:max(most, 0)])]


def _memorising_rows(groups: list[Group], real: JetImages, reference: JetImages | None, plan: Effort, seed: int,
                     notes: list[str]) -> Iterator[Row]:
    if reference is None:
        notes.append("Memorising is left out: it needs the training jets as reference.")
    elif plan.memorising:
        for group in groups:
            training = reference.images[reference.label == real.class_names.index(group.name)]
            if len(training):
                yield memorising_row(group, training, numpy_rng(seed, "memorising", group.name))


def _check_alike(real: JetImages, other: JetImages) -> None:
    for what in ("grid", "frame"):
        if getattr(real, what) != getattr(other, what):
            raise DataError(other.source, what, f"{getattr(other, what)} differs from {getattr(real, what)} of "
                                                f"{real.source}")
    empty = other.images.reshape(len(other), -1).max(1, initial=0) < CUT
    if len(other) and empty.all():
        raise DataError(other.source, "image", f"holds no pixel above {CUT} GeV")
