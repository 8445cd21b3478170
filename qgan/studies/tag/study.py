"""Trains taggers on jets of two classes and tests them on others; what is finished is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...base.devices import resolve_device
from ...base.errors import ConfigError, DataError
from ...base.progress import progress
from ...base.seeding import integer_seed, numpy_rng
from ...data.jets import JetImages
from ...data.matching import check_disjoint, matched
from ...evaluation.two_sample import roc_auc
from ...runs import kept
from ...taggers import TAGGERS, Labelled, Seen, Setting
from .figures import Figures, figures
from .invariance import moves
from .twins import against_twins

#: Jets that a tagger is trained on at least.
FEWEST = 40
_MOVED = "moved: "


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Attributes:
        taggers: by name.
        sizes: training jets in all, those that decide when to stop included; empty for all there are.
        seeds: trainings of each, with other weights and another order of jets, and other jets where not all are used.
        seed: the first of them.
        device: where networks compute.
        validation: share of the training jets that decides when to stop.
        hardest: particles of a jet that taggers see at most, the hardest; None for all.
    """

    taggers: tuple[str, ...]
    sizes: tuple[int, ...] = ()
    seeds: int = 3
    seed: int = 0
    device: str = "auto"
    validation: float = 0.1
    hardest: int | None = None


class Tagged(NamedTuple):
    """A tagger trained on so many jets, with several seeds.

    Attributes:
        tagger: its name.
        jets: it was trained on, those that decide when to stop included.
        figures: of its scores of the test jets.
        aucs: of each seed.
        numbers: that were trained, mean over the seeds.
        angles: how many of them are angles of circuits.
        seconds: a step of the training takes; None where it has no steps.
        moves: how far scores move when jets do, mean over the seeds, by name (see :mod:`.invariance`).
    """

    tagger: str
    jets: int
    figures: Figures
    aucs: tuple[float, ...]
    numbers: int
    angles: int
    seconds: float | None
    moves: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        told = {name: found and found._asdict() for name, found in vars(self.figures).items()}
        return {**self._asdict(), "figures": told}


def study(pool: JetImages, test: JetImages, plan: Plan, out: str | Path, *, restart: bool = False,
          quiet: bool = False) -> list[Tagged]:
    """Trains and tests everything; the same call goes on from where it was stopped.

    Args:
        pool: jets to train on.
        test: other jets of the same kind.
        plan: what is trained.
        out: folder that the scores are kept in.
        restart: drop what an earlier study left there.
        quiet: no progress bar.

    Raises:
        QganError: no such tagger, too few jets, test jets that are no others, a folder of another study.
    """
    for name in plan.taggers:
        TAGGERS[name]
    sizes, test = plan.sizes or (len(pool),), matched(pool, test)
    for jets in (pool, test):
        if jets.classes != [0, 1]:
            raise DataError(jets.source, "signal", f"holds {' and '.join(map(jets.name, jets.classes))} jets, expected "
                                                   "two classes to tell apart")
    if not FEWEST <= min(sizes) <= max(sizes) <= len(pool):
        raise ConfigError(f"training jets: {min(sizes)} to {max(sizes)}, expected {FEWEST} to {len(pool)}, which there "
                          "are")
    check_disjoint(test, pool)
    seen = {} if plan.hardest is None else {"hardest": plan.hardest}
    folder = kept.folder(out, {"jets": pool.fingerprint(), "test": test.fingerprint(),
                               "validation": plan.validation, **seen}, pieces="*.npz", restart=restart)
    shown = Seen.of(test).hardest(plan.hardest)
    with progress(len(plan.taggers) * len(sizes) * plan.seeds, "tag", "trainings", quiet=quiet) as bar:
        return [_tagged(name, size, list(_trainings(name, size, pool, shown, plan, folder, bar)), test.label)
                for name in plan.taggers for size in sizes]


def _trainings(name: str, size: int, pool: JetImages, test: Seen, plan: Plan, folder: Path,
               bar: Any) -> Iterator[dict[str, np.ndarray]]:
    """Of each seed the scores of the test jets, and what the training took."""
    for turn in range(plan.seeds):
        seed = plan.seed + turn
        path = folder / f"{name.replace(':', '_')}_{size}_{seed}.npz"
        yield kept.arrays(path, partial(_trained, name, pool, size, test, seed, plan))
        bar.update()


def _trained(name: str, pool: JetImages, size: int, test: Seen, seed: int, plan: Plan) -> dict[str, np.ndarray]:
    setting = Setting(integer_seed(seed, "tagger") % 2**31, resolve_device(plan.device))
    fitted = TAGGERS[name].fit(*_dealt(pool, size, seed, plan), setting)
    took = np.array([fitted.numbers, getattr(fitted, "angles", 0), fitted.steps, fitted.seconds])
    moved = {f"{_MOVED}{how}": np.array(far) for how, far in moves(name, fitted, test).items()}
    return {"scores": fitted.scores(test)[:, 1], "took": took, **moved}


def _dealt(pool: JetImages, size: int, seed: int, plan: Plan) -> tuple[Labelled, Labelled]:
    """``size`` jets, as many of each class as in the pool, to fit and to stop by."""
    shares = np.array([plan.validation, 1 - plan.validation]) * size / len(pool)
    rows: tuple[list[np.ndarray], ...] = ([], [])
    for label in pool.classes:
        index = numpy_rng(seed, "training jets", label).permutation(np.flatnonzero(pool.label == label))
        cuts = np.round(np.cumsum(shares) * len(index)).astype(int)
        for part, chosen in zip(rows, np.split(index, cuts)[:2], strict=True):
            part.append(chosen)
    stop, fit = (pool[np.sort(np.concatenate(part))] for part in rows)
    found = [Labelled(Seen.of(part).hardest(plan.hardest), part.label) for part in (fit, stop)]
    return found[0], found[1]


def _tagged(name: str, size: int, trainings: list[dict[str, np.ndarray]], label: np.ndarray) -> Tagged:
    numbers, angles, steps, seconds = np.mean([training["took"] for training in trainings], axis=0)
    scores = [training["scores"] for training in trainings]
    aucs = tuple(roc_auc(s[label == 0], s[label == 1]) for s in scores)
    return Tagged(name, size, figures(scores, label), aucs, round(float(numbers)), round(float(angles)),
                  float(seconds / steps) if steps else None,
                  {key.removeprefix(_MOVED): float(np.mean([training[key] for training in trainings]))
                   for key in trainings[0] if key.startswith(_MOVED)})


def to_dict(found: list[Tagged], plan: Plan, pool: JetImages, test: JetImages) -> dict[str, Any]:
    """Plain values of a study."""
    return {"jets": pool.source, "test": test.source, "test_jets": len(test), "classes": list(pool.class_names),
            "plan": asdict(plan), "taggers": [one.to_dict() for one in found],
            "twins": [one._asdict() for one in against_twins(found)]}
