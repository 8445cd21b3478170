"""One class against the other: what a tagger trained on real jets sees in generated ones, and one trained on those."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch

from ...base.seeding import integer_seed
from ...taggers import TAGGERS, Labelled, Seen, Setting
from ..classifiers import NETWORK, TREES, Eyes
from ..comparison import Comparison, Task, in_one_piece
from ..pairing import Pairing
from ..registry import Metric, register
from ..resampling import disjoint_parts, error_from_parts
from ..rows import Curve, Finding, Row
from ..two_sample import roc_auc

_PARTS = 10


def measure(comparison: Comparison) -> Iterator[Task]:
    """Both directions, where there are two classes; networks not in a quick evaluation."""
    if len(comparison.classes) == 2:
        for eyes in (NETWORK, TREES) if comparison.effort.costly else (TREES,):
            yield in_one_piece(rows, comparison.classes, eyes, integer_seed(comparison.seed, "tagger"),
                               comparison.effort.device)


def rows(classes: list[Pairing], eyes: Eyes, seed: int, device: str | torch.device) -> Iterator[Finding]:
    """Trained on half of the real jets, applied to generated ones and to the other half; and the other way round."""
    rng = np.random.default_rng(seed)
    halves = [np.array_split(rng.permutation(len(p.pool)), 2) for p in classes]
    m = min(eyes.most, *(len(h[0]) for h in halves), *(len(p.fake) for p in classes))
    tested = [eyes.see(p.pool)[h[1]] for p, h in zip(classes, halves, strict=True)]
    generated = [eyes.see(p.fake)[rng.permutation(len(p.fake))] for p in classes]
    real = [eyes.see(p.pool)[h[0][:m]] for p, h in zip(classes, halves, strict=True)]
    fit_seed = integer_seed(seed, "fit") % 2**31
    by_real = classes[0].ledger.once(("tagger", eyes.name, m, *(p.name for p in classes)),
                                     lambda: _tagger(real, eyes.tagger, fit_seed, device))
    by_fake = _tagger([t[:m] for t in generated], eyes.tagger, fit_seed, device)
    parts = [disjoint_parts(len(t), _PARTS, rng) for t in tested]
    fake_parts = [disjoint_parts(len(t), _PARTS, rng) for t in generated]
    applied, gained = [by_real(t) for t in generated], [by_fake(t) for t in tested]
    at_floor = [by_real(t) for t in tested]
    (value, errors), (floor, floor_errors), (useful, useful_errors) = (
        _auc(s, p) for s, p in ((applied, fake_parts), (at_floor, parts), (gained, parts)))
    apart = float(np.hypot(error_from_parts(errors), error_from_parts(floor_errors)))
    # Both taggers are tested on the same jets: their difference fluctuates less than either.
    together = float(error_from_parts(useful_errors - floor_errors))
    yield Row(TAGGER.name, eyes.name, "all", value, float(error_from_parts(errors)), floor, None,
              _over(value - floor, apart), TAGGER.unit, min(map(len, generated)))
    yield Row(USEFULNESS.name, eyes.name, "all", useful, float(error_from_parts(useful_errors)), floor, useful / floor,
              _over(useful - floor, together), USEFULNESS.unit, m)
    curve = partial(Curve, by=eyes.kind)
    yield curve(TAGGER.name, eyes.name, "generated", *applied)
    yield curve(TAGGER.name, eyes.name, "real", *at_floor)
    yield curve(USEFULNESS.name, eyes.name, "all", *gained)


def _tagger(classes: list[Seen], tagger: str, seed: int, device: str | torch.device) -> Callable[[Seen], np.ndarray]:
    cut = round(0.8 * len(classes[0]))
    training, validation = (Labelled.of(*(jets[part] for jets in classes)) for part in (slice(cut), slice(cut, None)))
    fitted = TAGGERS[tagger].fit(training, validation, Setting(seed, device))
    return lambda jets: fitted.scores(jets)[:, 1]


def _auc(scores: list[np.ndarray], parts: list[list[np.ndarray]]) -> tuple[float, np.ndarray]:
    """AUC of all jets, and of each part."""
    return roc_auc(*scores), np.array([roc_auc(*(s[i] for s, i in zip(scores, pair, strict=True)))
                                       for pair in zip(*parts, strict=True)])


def _over(difference: float, error: float) -> float | None:
    return difference / error if error > 0 else None


_AXES = ("background efficiency", "signal efficiency")
TAGGER = register(Metric(
    "tagger_auc", "class AUC of a tagger trained on real jets, on generated ones", measure, best="floor", floor="real",
    ratio=False, place=210, cost=20, costly="networks on images", roc=("tagger trained on real jets", *_AXES)))
USEFULNESS = register(Metric(
    "usefulness", "class AUC on real jets of a tagger trained on generated ones", measure, best="floor", floor="real",
    place=220, cost=20, costly="networks on images",
    roc=("tagger trained on generated, tested on real jets", *_AXES)))
