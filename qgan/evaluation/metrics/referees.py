"""Referees: a residual network on images, and trees on what the generator was made with and on what it was not.

They are trained on the training jets (all that the generator had too) and on generated ones, and scored on held-out
jets and on other generated ones. Their number of training jets stands beside every AUC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from ...base.seeding import integer_seed, numpy_rng
from ...data.jets import JetImages
from ...taggers import Seen
from ...taggers.training import FittedNetwork
from ..comparison import Comparison, Task
from ..explained import evidence, importance
from ..pairing import Pairing
from ..referee import Dealt, Trained, Verdict, train, trainings, verdicts
from ..registry import Headline, Metric, register
from ..rows import Curve, Evidence, Finding, Row
from ..sample import Sample
from ..two_sample import auc_spread, jsd_bound, roc_auc
from ..used import lists

IMAGES, UNUSED, USED = "images", "unused", "used"
#: Share of the generated jets that are kept for the test; of the held-out ones too where there are no training jets.
TEST = 0.25
#: Fewer training jets than this, and held-out ones are divided instead.
_FEWEST = 50


class Sides(NamedTuple):
    """Jets for referees, no jet in two of them."""

    real_train: Sample
    fake_train: Sample
    real_test: Sample
    fake_test: Sample

    def seen(self, see: Callable[[Sample], Seen]) -> Dealt:
        """What a referee sees of them."""
        return Dealt(*map(see, self))


class Explained(NamedTuple):
    """A referee, and what it went by."""

    trained: Trained
    importance: dict[str, float]
    evidence: Evidence | None


def measure(comparison: Comparison) -> Iterator[Task]:
    """All referees of each class, the longest work first."""
    known = lists(comparison.fake.origin)
    if known.assumed:
        yield Task([], lambda _: [f"{comparison.fake.source} does not say what its generator was made with: its used "
                                  "observables are assumed to be those of the generators that ship."])
    sides = [dealt(pairing, max(comparison.effort.referee_sizes), comparison.seed) for pairing in comparison.classes]
    yield Task([], lambda _: _told(comparison, sides))
    for pairing, mine in zip(comparison.classes, sides, strict=True):
        for name, tagger in ((IMAGES, "resnet"), *((other, other) for other in comparison.effort.referees)):
            sizes = comparison.effort.referee_sizes[0 if name == IMAGES else -1:]
            yield _task(comparison, pairing, mine, name, (), tagger, sizes, 1)
    for pairing, mine in zip(comparison.classes, sides, strict=True):
        for name, chosen in ((UNUSED, known.unused), (USED, known.used)):
            if names := tuple(n for n in chosen if n in pairing.real.everything):
                yield _task(comparison, pairing, mine, name, names, "trees", comparison.effort.referee_sizes[-1:],
                            comparison.effort.referee_floors)


def dealt(pairing: Pairing, most: int, seed: int) -> Sides:
    """Training jets are those of the pairing's pool that are not held out; without them held-out jets are divided."""
    real, fake, rng = pairing.real, pairing.fake, numpy_rng(seed, "referees", pairing.name)
    further = np.arange(len(real), len(pairing.pool))
    if len(further) >= _FEWEST:
        train_real, test_real = pairing.pool[further], real
    else:
        order = rng.permutation(len(real))
        train_real, test_real = real[order[round(TEST * len(real)):]], real[order[:round(TEST * len(real))]]
    order, size = rng.permutation(len(fake)), min(most, len(train_real), round((1 - TEST) * len(fake)))
    return Sides(train_real, fake[order[:size]], test_real, fake[order[size:]])


def _task(comparison: Comparison, pairing: Pairing, sides: Sides, name: str, names: Sequence[str], tagger: str,
          sizes: Sequence[int], floors: int) -> Task:
    """A piece for each referee, then for each real pair of the floor that is not known yet."""
    mine = sides.seen(partial(_see, names=names, like=comparison.real))
    seeds = [integer_seed(comparison.seed, "referee", name, k) % 2**31 for k in range(comparison.effort.referee_seeds)]
    first, *others = trainings(mine, tagger, seeds, sizes, comparison.effort.device)
    floor = f"referee {name} {','.join(names) or 'largest'} {mine.most}"
    missing = 0 if pairing.knows(floor) else floors
    pieces: list[Callable[[], Any]] = [partial(_explained, first, mine, tagger, names, pairing.name, seeds[0]), *others]
    pieces += [partial(_null, mine, tagger, seeds[0], k, comparison.effort.device) for k in range(missing)]

    def finish(done: Sequence[Any]) -> Iterator[Finding]:
        led: Explained = done[0]
        found = verdicts([led.trained, *done[1:1 + len(others)]])
        nulls: list[Trained] = pairing.once(floor, lambda: list(done[1 + len(others):]))
        yield from _rows(pairing, name, found.curve, nulls, found.scores)
        for key, lost in led.importance.items():
            yield Row(IMPORTANCE.name, f"{name}: {key}", pairing.name, lost, n=led.trained.size)
        if led.evidence is not None:
            yield led.evidence
        yield Curve(AUC.name, name, pairing.name, *found.scores, by=f"{name}, {found.verdict.size:,} jets")

    return Task(pieces, finish)


def _explained(work: Callable[[], Trained], mine: Dealt, tagger: str, names: Sequence[str], group: str,
               seed: int) -> Explained:
    trained = work()
    if names:
        return Explained(trained, importance(trained, mine, names, seed), None)
    if isinstance(trained.fitted, FittedNetwork) and tagger == "resnet":
        return Explained(trained, {}, evidence(trained.fitted, mine, trained, group))
    return Explained(trained, {}, None)


def _null(mine: Dealt, tagger: str, seed: int, index: int, device: str | torch.device) -> Trained:
    """Half of the real jets against the other half, for training and for the test."""
    rng = numpy_rng(seed, "real against real", index)
    halves = [np.array_split(rng.permutation(len(side)), 2) for side in (mine.real_train, mine.real_test)]
    sides = [side[half] for side, pair in zip((mine.real_train, mine.real_test), halves, strict=True) for half in pair]
    null = Dealt(*sides)
    return train(null, tagger, min(null.most, mine.most), seed + index, device)


def _rows(pairing: Pairing, name: str, curve: Sequence[Verdict], nulls: Sequence[Trained],
          scores: tuple[np.ndarray, np.ndarray]) -> Iterator[Row]:
    """AUC, divergence and p-value of the largest size, and the AUC of every size."""
    verdict = curve[-1]
    spread = float(np.hypot(auc_spread(*map(len, scores)), verdict.error))
    aucs, jsds = (np.array([score(null.real, null.fake) for null in nulls]) for score in (roc_auc, jsd_bound))
    yield AUC.row(name, pairing, verdict.auc, verdict.error, aucs, n=verdict.size, spread=spread)
    yield JSD.row(name, pairing, verdict.jsd, None, jsds, n=verdict.size)
    yield Row(P_VALUE.name, name, pairing.name, verdict.p_value, n=verdict.size)
    for one in curve if len(curve) > 1 else ():
        yield Row(LEARNING.name, f"{name} {one.size}", pairing.name, one.auc, one.error, n=one.size)


def _told(comparison: Comparison, sides: Sequence[Sides]) -> Iterator[str]:
    """On how many jets referees stand: without that their AUC means nothing."""
    most, few = max(comparison.effort.referee_sizes), not comparison.effort.costly
    for pairing, mine in zip(comparison.classes, sides, strict=True):
        size = min(most, len(mine.real_train), len(mine.fake_train))
        null = min(size, len(mine.real_train) // 2)
        which = "" if len(pairing.pool) - len(pairing.real) >= _FEWEST else " (held-out, for want of training jets)"
        yield (f"{pairing.name}: {'the small referees of a quick evaluation' if few else 'referees'} are trained on "
               f"{size:,} real{which} and {size:,} generated jets, a tenth of which decides when to stop, and scored "
               f"on {len(mine.real_test):,} and {len(mine.fake_test):,} others; their floor is that of {null:,} and "
               f"{null:,} real jets.")


def _see(sample: Sample, names: Sequence[str], like: JetImages) -> Seen:
    return Seen(observables=sample.table(names)) if names else Seen(like.grid, like.units, images=sample.images)


_QUICK = "the learning curve of referees"
AUC = register(Metric(
    "referee_auc", "AUC of referees, real against generated: a network on images, trees on observables that the "
    "generator was not made with and on those it was", measure, ratio=False, place=100, cost=100, tells_n=True,
    roc=("{}: referees", "real jets taken for generated", "generated jets found"), headlines=(
        Headline("auc_images", "AUC images", IMAGES, sentence="AUC of images {number} ({row.n:,} jets)"),
        Headline("auc_unused", "AUC unused", UNUSED, sentence="of unused observables {number}"),
        Headline("auc_used", "AUC used", USED))))
JSD = register(Metric("referee_jsd", "Jensen-Shannon divergence that they can show, bits", measure, ratio=False,
                      place=104, tells_n=True))
P_VALUE = register(Metric("referee_p", "p-value of their AUC", measure, best="high", floor="none", ratio=False,
                          place=106, tells_n=True))
LEARNING = register(Metric("learning_curve", "AUC of the network against the jets a side that it was trained on",
                           measure, floor="none", ratio=False, place=102, costly=_QUICK))
IMPORTANCE = register(Metric("importance", "AUC that the trees lose when an observable is shuffled", measure,
                             floor="none", ratio=False, place=108, by_observable=True, in_table=(),
                             picture=("tells", "AUC lost when it is shuffled")))
