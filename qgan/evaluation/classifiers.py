"""What classifiers say: real against generated jets, and one class against the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..base.seeding import integer_seed
from .resampling import disjoint_parts, error_from_parts
from .rows import Curve, Row, row_from_nulls
from .sample import Group, Sample
from .scores import FEATURES
from .two_sample import Fit, Trial, auc_spread, fit_network, fit_trees, one_trial, roc_auc

#: Jets a side that a network is trained and tested on at most, and of each class for a tagger.
IMAGE_JETS = 3000
#: Trees a tagger is trained on at most this many jets of each class.
TABLE_JETS = 20_000
_PARTS = 10


@dataclass(frozen=True)
class Eyes:
    """A classifier and what it sees of a jet.

    Attributes:
        name: of what it sees, the ``observable`` of its rows.
        see: the array of a sample.
        fit: the classifier.
        most: jets a side at most.
    """

    name: str
    see: Callable[[Sample], np.ndarray]
    fit: Fit
    most: int


TREES = Eyes("features", lambda s: s.columns(FEATURES), fit_trees, TABLE_JETS)
NETWORK = Eyes("images", lambda s: s.images, fit_network, IMAGE_JETS)


@dataclass(frozen=True)
class Splits:
    """The work of a two-sample test, and what becomes of its results.

    Attributes:
        trials: independent pieces of work: ``repeats`` on real against generated jets, then one for each real pair
            whose result is not known yet.
    """

    eyes: Eyes
    group: Group
    n: int
    repeats: int
    trials: Sequence[Callable[[], Trial]]

    def rows(self, done: Sequence[Trial]) -> Iterator[Row]:
        """AUC, divergence and p-value; the floor of the network has few pairs, its spread is that of theory."""
        tests = done[:self.repeats]
        nulls = self.group.once(_floor_of(self.eyes), lambda: list(done[self.repeats:]))
        for metric, name in (("c2st_auc", "auc"), ("c2st_jsd", "jsd")):
            values, floor = (np.array([getattr(t, name) for t in part]) for part in (tests, nulls))
            error = float(values.std(ddof=1)) if len(values) > 1 else None
            spread = auc_spread(len(tests[0].real), len(tests[0].fake)) if name == "auc" and len(floor) < 5 else None
            yield row_from_nulls(metric, self.eyes.name, self.group.name, float(values.mean()), error, floor, self.n,
                                 with_ratio=False, spread=spread)
        p_value = min(1.0, 2 * float(np.median([t.p_value for t in tests])))
        yield Row("c2st_p", self.eyes.name, self.group.name, p_value, None, None, None, None, "", self.n)

    def curve(self, done: Sequence[Trial]) -> Curve:
        """Of the split whose AUC is the median one."""
        trial = sorted(done[:self.repeats], key=lambda t: t.auc)[(self.repeats - 1) // 2]
        return Curve("c2st_auc", self.eyes.name, self.group.name, trial.real, trial.fake)


def splits(group: Group, eyes: Eyes, seed: int, repeats: int, floors: int) -> Splits:
    """Deals the jets of a group's two-sample test; nothing is trained yet."""
    real, fake, pool = (eyes.see(s) for s in (group.real, group.fake, group.pool))
    n, of_pair = min(group.n, eyes.most), len(group.pairs)
    trials = []
    for repeat in range(repeats):
        i, j = group.pairs[repeat % of_pair]
        trials.append(partial(one_trial, real[i[:n]], fake[j[:n]], seed, repeat, eyes.fit))
    for k, (i, j) in enumerate([] if group.knows(_floor_of(eyes)) else group.nulls[:floors]):
        trials.append(partial(one_trial, pool[i[:n]], pool[j[:n]], seed, 1000 + k, eyes.fit))
    return Splits(eyes, group, n, repeats, trials)


def tagger_rows(groups: list[Group], eyes: Eyes, seed: int) -> tuple[list[Row], list[Curve]]:
    """One class against the other, in both directions.

    ``tagger_auc``: trained on half of the real jets, applied to generated ones; floor: to the other half.
    ``usefulness``: trained on generated jets, applied to that other half; floor: trained on as many real ones.
    """
    rng = np.random.default_rng(seed)
    halves = [np.array_split(rng.permutation(len(g.pool)), 2) for g in groups]
    m = min(eyes.most, *(len(h[0]) for h in halves), *(len(g.fake) for g in groups))
    tested = [eyes.see(g.pool)[h[1]] for g, h in zip(groups, halves, strict=True)]
    generated = [eyes.see(g.fake)[rng.permutation(len(g.fake))] for g in groups]
    real = [eyes.see(g.pool)[h[0][:m]] for g, h in zip(groups, halves, strict=True)]
    fit_seed = integer_seed(seed, "fit") % 2**31
    by_real = groups[0].kept.once(("tagger", eyes.name, m, *(g.name for g in groups)),
                                  lambda: _tagger(real, eyes.fit, fit_seed))
    by_fake = _tagger([t[:m] for t in generated], eyes.fit, fit_seed)
    parts = [disjoint_parts(len(t), _PARTS, rng) for t in tested]
    fake_parts = [disjoint_parts(len(t), _PARTS, rng) for t in generated]
    fake_scores, floor_scores, gained = ([predict(t) for t in tables] for predict, tables in
                                         ((by_real, generated), (by_real, tested), (by_fake, tested)))
    (value, errors), (floor, floor_errors), (useful, useful_errors) = (
        _auc(s, p) for s, p in ((fake_scores, fake_parts), (floor_scores, parts), (gained, parts)))
    apart = float(np.hypot(error_from_parts(errors), error_from_parts(floor_errors)))
    n = min(len(t) for t in generated)
    rows = [Row("tagger_auc", eyes.name, "all", value, float(error_from_parts(errors)), floor, None,
                _over(value - floor, apart), "", n),
            # Both taggers are tested on the same jets: their difference fluctuates less than either.
            Row("usefulness", eyes.name, "all", useful, float(error_from_parts(useful_errors)), floor, useful / floor,
                _over(useful - floor, float(error_from_parts(useful_errors - floor_errors))), "", m)]
    curves = [Curve("tagger_auc", eyes.name, "generated", *fake_scores),
              Curve("tagger_auc", eyes.name, "real", *floor_scores), Curve("usefulness", eyes.name, "all", *gained)]
    return rows, curves


def _floor_of(eyes: Eyes) -> str:
    return f"c2st {eyes.name}"


def _tagger(tables: list[np.ndarray], fit: Fit, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    cut = round(0.8 * len(tables[0]))
    return fit((tables[0][:cut], tables[1][:cut]), (tables[0][cut:], tables[1][cut:]), seed)


def _auc(scores: list[np.ndarray], parts: list[list[np.ndarray]]) -> tuple[float, np.ndarray]:
    """AUC of all jets, and of each part."""
    return roc_auc(*scores), np.array([roc_auc(*(s[i] for s, i in zip(scores, pair, strict=True)))
                                       for pair in zip(*parts, strict=True)])


def _over(difference: float, error: float) -> float | None:
    return difference / error if error > 0 else None
