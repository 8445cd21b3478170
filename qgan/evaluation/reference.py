"""Generated jets against real ones: every metric with its error and its floor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from ..base.seeding import integer_seed, numpy_rng
from ..data.jets import JetImages
from ..data.matching import copies, matched, training_jets
from ..data.units import NOMINAL_PT, TITLES, Units, title
from ..sampling.source import JetSource
from .asked import ASKED, closure_rows, memorising_row
from .classifiers import NETWORK, TREES, Eyes, Splits, splits, tagger_rows
from .distances import drawn_row, feature_sets, frechet_row, kernel_row
from .effort import Effort, effort
from .groups import RealJets, check_alike
from .mirrored import generator_rows, symmetry_rows
from .rows import METRICS, Curve, Evaluation, Row
from .sample import Group, pooled
from .scores import literature_rows, neighbour_rows, picture_rows, separation_rows, w1_rows
from .work import cores, side_by_side

#: What a piece of work adds to an evaluation.
Found = tuple[list[Row], list[Curve]]
Piece = Callable[[], Found]


def evaluate(real: JetImages, fake: JetImages, *, n_per_class: int = 5000, seed: int = 0, quick: bool = False,
             reference: JetImages | None = None, generator: JetSource | None = None,
             workers: int | None = None, allow_shared: bool = False) -> Evaluation:
    """Compares generated with real jets, class by class and together; see :class:`Reference` for several generators.

    Args:
        real: held-out jets, which nothing was chosen on.
        fake: generated jets in the same frame and grid; conditions are optional (no closure without them).
        n_per_class: jets a class on each side of a comparison, at most.
        seed: of every draw and split.
        quick: fewer jets and draws, no energy flow, networks, neighbours and memorising: for a look during work.
        reference: the jets the generator was trained on. They add to the floor, and are what
            ``memorising`` looks for.
        generator: what made the jets, for its own symmetry.
        workers: pieces of work side by side, by default as many as there are cores (or ``OMP_NUM_THREADS``); the
            numbers do not depend on it.
        allow_shared: whether held-out jets may be among the training jets; it is said how many are.

    Raises:
        DataError: the sets differ in grid, frame, units or classes, share no class, have too few jets, or held-out
            jets are among the training jets.
    """
    yardstick = Reference.of(real, reference, n_per_class=n_per_class, seed=seed, quick=quick,
                             allow_shared=allow_shared)
    return yardstick.judge(fake, generator=generator, workers=workers)


@dataclass(frozen=True)
class Reference:
    """Real jets that generators are judged by: measured once, and every floor is found once.

    The floor of a metric comes from pairs of disjoint real samples of the size n that real and generated jets are
    compared at: from held-out and training jets together. Without enough of them n is reduced to half of the real
    jets, for value and floor alike; a note says so. A floor does not depend on the generated jets.

    Attributes:
        side: the real jets, and what was found between them.
        asked: jets a class on each side of a comparison, at most.
        quick: whether evaluations are short.
    """

    side: RealJets
    asked: int
    quick: bool

    @classmethod
    def of(cls, real: JetImages, training: JetImages | None = None, *, n_per_class: int = 5000, seed: int = 0,
           quick: bool = False, allow_shared: bool = False) -> Reference:
        """A yardstick; nothing is computed before the first generator is judged. Arguments as of :func:`evaluate`.

        Raises:
            DataError: held-out and training jets cannot be compared, or share jets.
        """
        if training is not None:
            training = training_jets(real, training, allow_shared)
        return cls(RealJets(real, training, effort(n_per_class, quick), seed), n_per_class, quick)

    def judge(self, fake: JetImages, *, generator: JetSource | None = None, workers: int | None = None) -> Evaluation:
        """Every metric of generated jets with its error and its floor. Arguments and errors as of :func:`evaluate`."""
        start = time.perf_counter()
        side, notes = self.side, list[str]()
        real, training, plan, seed = side.real, side.training, side.plan, side.seed
        fake = matched(real, fake)
        check_alike(real, fake)
        notes += copies(real, fake, training)
        workers = workers or cores()
        groups = side.groups(fake, notes, workers)
        rows, curves = _everything(groups, plan, seed, workers)
        for group in groups:
            rows += closure_rows(group, notes)
            rows += symmetry_rows(group, real.frame, real.grid, seed, plan.floors, notes)
            rows += _memorising(group, real, training, plan, seed)
        if generator is not None:
            rows += generator_rows(generator, seed, notes)
        notes += _left_out(groups, training, generator, plan)
        order = list(METRICS)
        rows = in_units(sorted(rows, key=lambda r: order.index(r.metric)), real.units, notes)
        settings = {"n_per_class": groups[0].n, "asked_n_per_class": self.asked, "seed": seed, "quick": self.quick,
                    "floor_pairs": plan.floors, "tree_floor_pairs": plan.tree_floors,
                    "network_floor_pairs": plan.network_floors if plan.costly else 0,
                    "reference": training.source if training is not None else None}
        return Evaluation(rows, notes, real.source, fake.source, settings, time.perf_counter() - start, curves)


def in_units(rows: list[Row], units: Units, notes: list[str]) -> list[Row]:
    """The rows with the unit that the pixels have in the place of GeV."""
    if units == "GeV":
        return rows
    notes.append(f"Pixels are in units of {TITLES[units]}, no GeV: they are cut and counted at shares of the jet's pT "
                 f"(0.1 GeV is 0.1 of {NOMINAL_PT:g}), and what compares with asked pT or mass is left out.")
    return [replace(row, unit=title(row.unit, units)) for row in rows if row.metric != "separation_literature"]


def _everything(groups: list[Group], plan: Effort, seed: int, workers: int) -> Found:
    """What can be computed side by side, the longest pieces first."""
    every = [*groups, pooled(groups, seed)] if len(groups) == 2 else groups
    rows, curves = list[Row](), list[Curve]()
    tests = [_test(g, NETWORK, plan.network_repeats, plan.network_floors, seed) for g in groups if plan.costly]
    tests += [_test(g, TREES, plan.tree_repeats, plan.tree_floors, seed) for g in every]
    done = iter(side_by_side([trial for test in tests for trial in test.trials], workers))
    for test in tests:
        mine = [next(done) for _ in test.trials]
        rows += test.rows(mine)
        curves.append(test.curve(mine))
    pieces: list[Piece] = [partial(tagger_rows, groups, eyes, integer_seed(seed, "tagger"))
                           for eyes in ((NETWORK, TREES) if plan.costly else (TREES,)) if len(groups) == 2]
    pieces += [piece for group in every[::-1] for piece in _pieces(group, plan, seed)]
    for more_rows, more_curves in side_by_side(pieces, workers):
        rows += more_rows
        curves += more_curves
    place = {g.name: i for i, g in enumerate(every)}
    rows.sort(key=lambda r: place[r.group])
    return rows, curves


def _test(group: Group, eyes: Eyes, repeats: int, floors: int, seed: int) -> Splits:
    return splits(group, eyes, integer_seed(seed, eyes.name, group.name) % 2**31, repeats, floors)


def _pieces(group: Group, plan: Effort, seed: int) -> Iterator[Piece]:
    """The metrics of a group that depend on nothing else."""
    for name, table in feature_sets(group).items():
        yield partial(_one, kernel_row, group, name, table, seed)
        yield partial(_one, frechet_row, group, name, table, seed, plan.draws)
        yield partial(_one, drawn_row, group, name, table, seed, plan.draws)
    if plan.costly:
        yield partial(_many, neighbour_rows, group)
    yield partial(_many, w1_rows, group)
    yield partial(_many, picture_rows, group)
    if group.name != "all":
        yield partial(_many, separation_rows, group)
        if group.name in ("qcd", "w"):
            yield partial(_many, literature_rows, group)


def _one(function: Callable[..., Row], *arguments: object) -> Found:
    return [function(*arguments)], []


def _many(function: Callable[[Group], Iterator[Row]], group: Group) -> Found:
    return list(function(group)), []


def _memorising(group: Group, real: JetImages, reference: JetImages | None, plan: Effort, seed: int) -> Iterator[Row]:
    if reference is not None and plan.costly:
        training = reference.images[reference.label == real.class_names.index(group.name)]
        if len(training):
            yield memorising_row(group, training, numpy_rng(seed, "memorising", group.name))


def _left_out(groups: list[Group], reference: JetImages | None, generator: JetSource | None,
              plan: Effort) -> Iterator[str]:
    """What could not be computed, and why."""
    if not all(name in g.fake.asked and name in g.real.asked for name in ASKED for g in groups):
        yield "The files do not both have the conditions jet_mass and jet_pt: their closure is left out."
    if reference is None:
        yield "Memorising is left out: it needs the training jets as reference."
    if generator is None:
        yield "The generator's own symmetry, |G(z, c) - F G(z, F c)|, is left out: it needs the generator."
    if not plan.costly:
        yield "A quick evaluation leaves out energy flow, networks on images, neighbours and memorising."
