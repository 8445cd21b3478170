"""Generated jets against real ones: every metric with its error and its floor."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..base.devices import single_precision
from ..data.grid import Grid
from ..data.in_memory import Arrays, as_jets
from ..data.jets import JetImages
from ..data.matching import copies, matched, training_jets
from ..data.selection import Selection
from ..data.selection import select as chosen
from ..data.units import NOMINAL_PT, TITLES, Units, title
from ..sampling.source import JetSource
from .comparison import Comparison
from .effort import Effort, effort
from .like_with_like import unlike
from .pairing import pooled
from .real_jets import RealJets, check_alike, rarest
from .registry import METRICS, Metric, in_order, listed
from .result import Evaluation
from .rows import Curve, Evidence, Finding, Row
from .work import cores, side_by_side


def evaluate(real: JetImages | Arrays, fake: JetImages | Arrays, *, n_per_class: int = 5000, seed: int = 0,
             quick: bool = False, reference: JetImages | Arrays | None = None, generator: JetSource | None = None,
             grid: Grid | None = None, workers: int | None = None, allow_shared: bool = False,
             select: Selection | None = None, referees: Sequence[str] = (), device: str = "cpu") -> Evaluation:
    """Compares generated with real jets, class by class and together; see :class:`Reference` for several generators.

    Jets may be files, or arrays: images (N, H, W) in GeV, or (images, labels), or (images, labels, conditions); see
    :meth:`~qgan.data.jets.JetImages.from_arrays`.

    Args:
        real: held-out jets, which nothing was chosen on.
        fake: generated jets in the same frame and grid; conditions are optional (no closure without them).
        n_per_class: jets a class on each side of a comparison, at most.
        seed: of every draw and split.
        quick: fewer jets and draws, no energy flow and memorising, smaller referees: for a look during work.
        reference: the jets the generator was trained on. They add to the floor, and are what
            ``memorising`` looks for.
        generator: what made the jets, for its own symmetry.
        grid: where the pixels of arrays lie (by default as those of ``real``, if that is no array).
        workers: pieces of work side by side, by default as many as there are cores (or ``OMP_NUM_THREADS``); the
            numbers do not depend on it.
        allow_shared: whether held-out jets may be among the training jets; it is said how many are.
        select: compare only jets, on all sides, of a class or with quantities within ranges:
            ``{"label": "w", "pt": (265.0, 275.0)}``.
        referees: taggers by name that are referees too; those of particles see pixels as massless ones.
        device: where networks among the referees are trained; the numbers of a GPU differ by its rounding.

    Raises:
        ConfigError: there is no such tagger or device.
        DataError: the sets differ in grid, frame, units or classes, share no class, have too few jets, or held-out
            jets are among the training jets.

    Real jets under the name of generated ones: no metric may tell them apart.

    >>> from qgan import embedded_jets
    >>> real, fake = (embedded_jets("quark_gluon", split).sample(200, seed=0) for split in ("test", "validation"))
    >>> row = evaluate(real, fake, quick=True, workers=1).find("mean_image", "", "quark")
    >>> row.value < 2 * row.floor, row.n
    (True, 100)
    """
    real = as_jets(real, grid, source="real")
    reference = reference if reference is None else as_jets(reference, grid, real, "training")
    fake = as_jets(fake, grid, real, "generated")
    if select:
        real, fake = chosen(real, select), chosen(fake, select)
        reference = reference and chosen(reference, select)
    yardstick = Reference.of(real, reference, n_per_class=n_per_class, seed=seed, quick=quick,
                             allow_shared=allow_shared, referees=referees, device=device)
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
           quick: bool = False, allow_shared: bool = False, referees: Sequence[str] = (), device: str = "cpu",
           fakes: Iterable[JetImages] = ()) -> Reference:
        """A yardstick; nothing is computed before the first generator is judged. Other arguments as of
        :func:`evaluate`.

        Args:
            fakes: jets of the generators that are going to be judged: of those that have nearly as many as many are
                taken, so that floors are found once for all.

        Raises:
            ConfigError: there is no such referee or device.
            DataError: held-out and training jets cannot be compared, or share jets.
        """
        plan = effort(n_per_class, quick, referees, device)
        if training is not None:
            training = training_jets(real, training, allow_shared)
        side = RealJets(real, training, plan, seed, tuple(map(rarest, fakes)))
        return cls(side, n_per_class, quick)

    @classmethod
    def by(cls, real: JetImages, training: JetImages | None, plan: Effort, seed: int) -> Reference:
        """The same with an effort of its own."""
        return cls(RealJets(real, training, plan, seed), plan.n_per_class, not plan.costly)

    @single_precision()
    def judge(self, fake: JetImages, *, generator: JetSource | None = None, metrics: Collection[str] | None = None,
              workers: int | None = None) -> Evaluation:
        """Generated jets by every metric, each with its error and its floor.

        Args:
            fake, generator, workers: as of :func:`evaluate`.
            metrics: names of those that are asked for; by default all there are.

        Raises:
            ConfigError: there is no metric of that name.
            DataError: as of :func:`evaluate`.
        """
        start = time.perf_counter()
        side, notes = self.side, list[str]()
        fake = matched(side.real, fake)
        check_alike(side.real, fake)
        notes += copies(side.real, fake, side.training)
        notes += unlike(side.real, fake)
        workers = workers or cores()
        classes = side.pairings(fake, notes, workers)
        together = pooled(classes, side.seed) if side.plan.together and len(classes) == 2 else None
        comparison = Comparison(classes, together, side.real, fake, side.training, side.plan, side.seed, generator)
        asked = in_order() if metrics is None else sorted(map(METRICS.__getitem__, metrics), key=lambda m: m.place)
        found = _findings(asked, comparison, workers)
        notes += dict.fromkeys(finding for finding in found if isinstance(finding, str))
        if not side.plan.costly and (costly := list(dict.fromkeys(m.costly for m in asked if m.costly))):
            notes.append(f"A quick evaluation leaves out {listed(costly)}.")
        curves = [finding for finding in found if isinstance(finding, Curve)]
        evidence = [finding for finding in found if isinstance(finding, Evidence)]
        rows = in_units(_ordered(found, asked, comparison), side.real.units, notes)
        return Evaluation(rows, notes, side.real.source, fake.source, self._settings(
            classes[0].n), time.perf_counter() - start, curves, evidence)

    def _settings(self, n: int) -> dict[str, Any]:
        plan, training = self.side.plan, self.side.training
        return {"n_per_class": n, "asked_n_per_class": self.asked, "seed": self.side.seed, "quick": self.quick,
                "floor_pairs": plan.floors, "tree_floor_pairs": plan.tree_floors,
                "referee_jets": max(plan.referee_sizes), "referee_seeds": plan.referee_seeds,
                "reference": training.source if training is not None else None}


def in_units(rows: list[Row], units: Units, notes: list[str]) -> list[Row]:
    """The rows with the unit that the pixels have in the place of GeV."""
    if units == "GeV":
        return rows
    notes.append(f"Pixels are in units of {TITLES[units]}, no GeV: they are cut and counted at shares of the jet's pT "
                 f"(0.1 GeV is 0.1 of {NOMINAL_PT:g}), and what compares with asked pT or mass is left out.")
    return [replace(row, unit=title(row.unit, units)) for row in rows]


def _findings(metrics: Sequence[Metric], comparison: Comparison, workers: int) -> list[Finding]:
    """What each metric, or those that share a function, has found; what is dear is begun first."""
    tasks = {}
    for metric in sorted(metrics, key=lambda m: -m.cost):
        if metric.measure not in tasks:
            tasks[metric.measure] = list(metric.measure(comparison))
    every = [task for family in tasks.values() for task in family]
    done = iter(side_by_side([piece for task in every for piece in task.pieces], workers))
    results = {id(task): [next(done) for _ in task.pieces] for task in every}
    return [finding for measure in dict.fromkeys(metric.measure for metric in metrics) for task in tasks[measure]
            for finding in task.finish(results[id(task)])]


def _ordered(found: Sequence[Finding], metrics: Sequence[Metric], comparison: Comparison) -> list[Row]:
    """The rows that were asked for, metric by metric, class by class."""
    place = {metric.name: i for i, metric in enumerate(metrics)}
    group = {pairing.name: i for i, pairing in enumerate(comparison.every)}
    rows = [finding for finding in found if isinstance(finding, Row) and finding.metric in place]
    return sorted(rows, key=lambda row: (place[row.metric], group.get(row.group, len(group))))
