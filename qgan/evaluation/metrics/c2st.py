"""Classifier two-sample tests: how well trees on a few observables tell real from generated jets, cheap enough for
looks during training. :mod:`.referees` are the ones to trust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from ...base.seeding import integer_seed
from ..classifiers import TREES, Eyes
from ..comparison import Comparison, Task
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..rows import Curve, Finding, Row
from ..two_sample import Trial, auc_spread, one_trial


def measure(comparison: Comparison) -> Iterator[Task]:
    """Several splits of each class."""
    effort, seed = comparison.effort, comparison.seed
    for pairing in comparison.every:
        yield _splits(pairing, TREES, seed, effort.tree_repeats, effort.tree_floors)


def _splits(pairing: Pairing, eyes: Eyes, seed: int, repeats: int, floors: int) -> Task:
    """A piece for each repeat on real against generated jets, then for each real pair not known yet."""
    seed = integer_seed(seed, eyes.name, pairing.name) % 2**31
    real, fake, pool = (eyes.see(s) for s in (pairing.real, pairing.fake, pairing.pool))
    n, of_pair, floor = min(pairing.n, eyes.most), len(pairing.pairs), f"c2st {eyes.name}"
    pieces = []
    for repeat in range(repeats):
        i, j = pairing.pairs[repeat % of_pair]
        pieces.append(partial(one_trial, real[i[:n]], fake[j[:n]], seed, repeat, eyes.tagger))
    for k, (i, j) in enumerate([] if pairing.knows(floor) else pairing.nulls[:floors]):
        pieces.append(partial(one_trial, pool[i[:n]], pool[j[:n]], seed, 1000 + k, eyes.tagger))

    def finish(done: Sequence[Trial]) -> Iterator[Finding]:
        nulls = pairing.once(floor, lambda: list(done[repeats:]))
        yield from _rows(pairing, eyes, n, done[:repeats], nulls)
        # Of the split whose AUC is the median one.
        trial = sorted(done[:repeats], key=lambda t: t.auc)[(repeats - 1) // 2]
        yield Curve(AUC.name, eyes.name, pairing.name, trial.real, trial.fake, eyes.kind)

    return Task(pieces, finish)


def _rows(pairing: Pairing, eyes: Eyes, n: int, tests: Sequence[Trial], nulls: Sequence[Trial]) -> Iterator[Row]:
    """AUC, divergence and p-value; where there are few pairs, the floor's spread is that of theory."""
    for metric, name in ((AUC, "auc"), (JSD, "jsd")):
        values, floor = (np.array([getattr(t, name) for t in part]) for part in (tests, nulls))
        error = float(values.std(ddof=1)) if len(values) > 1 else None
        spread = auc_spread(len(tests[0].real), len(tests[0].fake)) if metric is AUC and len(floor) < 5 else None
        yield metric.row(eyes.name, pairing, float(values.mean()), error, floor, n=n, spread=spread)
    p_value = min(1.0, 2 * float(np.median([t.p_value for t in tests])))
    yield Row(P_VALUE.name, eyes.name, pairing.name, p_value, n=n)


AUC = register(Metric(
    "c2st_auc", "AUC of trees on eleven observables, real against generated", measure, ratio=False,
    place=130, cost=30, watched="seldom",
    roc=("{}: generated from real", "real jets taken for generated", "generated jets found"), headlines=(
        Headline("auc_trees", "AUC trees", TREES.name, followed=True),)))
JSD = register(Metric("c2st_jsd", "Jensen-Shannon divergence that they can show, bits", measure, ratio=False,
                      place=140))
P_VALUE = register(Metric("c2st_p", "p-value of their AUC", measure, best="high", floor="none", ratio=False,
                          place=150))
