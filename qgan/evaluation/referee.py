"""Referees: taggers that are trained to tell generated from real jets, and scored on jets they have not seen.

An AUC of 0.5 means that nothing was found, and says as much of the referee as of the jets: it grows with the jets that
it is trained on. So every verdict carries that number, and :attr:`Refereed.curve` says what fewer would have given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from ..base.seeding import integer_seed, numpy_rng
from ..taggers import TAGGERS, Fitted, Labelled, Seen, Setting
from .resampling import disjoint_parts, error_from_parts
from .two_sample import auc_p_value, jsd_bound, roc_auc

#: Training jets a side of the learning curve; the last one that there are jets for is the referee's own.
SIZES = (1000, 2500, 5000, 10_000)
SEEDS = (0, 1, 2)
#: Share of the training jets that decides when to stop.
VALIDATION = 0.1
_PARTS = 10


@dataclass(frozen=True)
class Dealt:
    """Jets for a referee, no jet in two of them."""

    real_train: Seen
    fake_train: Seen
    real_test: Seen
    fake_test: Seen

    @property
    def most(self) -> int:
        """Training jets a side."""
        return min(len(self.real_train), len(self.fake_train))


@dataclass(frozen=True)
class Trained:
    """One referee: training jets a side, the scores of the test jets, and itself."""

    size: int
    seed: int
    real: np.ndarray
    fake: np.ndarray
    fitted: Fitted


@dataclass(frozen=True)
class Verdict:
    """What referees of one size say.

    Attributes:
        size: training jets a side, those for early stopping included.
        auc: area under the ROC curve, mean over the seeds.
        error: of it, over seeds and test jets.
        jsd: lower bound of the Jensen-Shannon divergence in bits, mean over the seeds.
        p_value: of the hypothesis AUC = 0.5, that of the mean AUC.
    """

    size: int
    auc: float
    error: float
    jsd: float
    p_value: float


@dataclass(frozen=True)
class Refereed:
    """The verdict, its learning curve, and the referees.

    Attributes:
        curve: a verdict for each size, the last one is the verdict.
        trained: the referees of the largest size, a seed each.
    """

    curve: list[Verdict]
    trained: list[Trained]

    @property
    def verdict(self) -> Verdict:
        return self.curve[-1]

    @property
    def scores(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the real and of the generated test jets, mean over the seeds."""
        return np.mean([t.real for t in self.trained], axis=0), np.mean([t.fake for t in self.trained], axis=0)


def referee(dealt: Dealt, tagger: str = "resnet", seeds: Sequence[int] = SEEDS,
            sizes: Sequence[int] = SIZES, device: str | torch.device = "cpu") -> Refereed:
    """A tagger as referee, with its learning curve.

    Args:
        dealt: what it is trained on, a tenth of which decides when to stop, and other jets that it is scored on.
        tagger: its name.
        seeds: of the referee; the smaller ones of the curve have the first alone.
        sizes: training jets a side; sizes beyond what there is become what there is.
        device: where a network is trained.

    Example:
        ``referee(Dealt(*map(Seen.of, (train, fake[:10_000], test, fake[10_000:])))).verdict.auc``
    """
    return verdicts([piece() for piece in trainings(dealt, tagger, seeds, sizes, device)])


def trainings(dealt: Dealt, tagger: str, seeds: Sequence[int] = SEEDS,
              sizes: Sequence[int] = SIZES, device: str | torch.device = "cpu") -> list[Callable[[], Trained]]:
    """The work of a referee in independent pieces, the longest first; :func:`verdicts` sums up what they return."""
    known = [size for size in sorted(sizes, reverse=True) if size < dealt.most]
    work = [(min(max(sizes), dealt.most), seed) for seed in seeds]
    work += [(size, seeds[0]) for size in known if size < work[0][0]]
    return [partial(train, dealt, tagger, size, seed, device) for size, seed in work]


def train(dealt: Dealt, tagger: str, size: int, seed: int, device: str | torch.device = "cpu") -> Trained:
    """One referee on ``size`` jets a side, drawn with the seed."""
    rng = numpy_rng(seed, "referee", size)
    held_out = max(1, round(VALIDATION * size))
    sides = [side[rng.permutation(len(side))[:size]] for side in (dealt.real_train, dealt.fake_train)]
    training, validation = (Labelled.of(*(side[part] for side in sides))
                            for part in (slice(held_out, None), slice(held_out)))
    fitted = TAGGERS[tagger].fit(training, validation, Setting(integer_seed(seed, "fit") % 2**31, device))
    real, fake = (fitted.scores(side)[:, 1] for side in (dealt.real_test, dealt.fake_test))
    return Trained(size, seed, real, fake, fitted)


def verdicts(trained: Sequence[Trained]) -> Refereed:
    """The learning curve of referees that were trained on the same jets."""
    sizes = sorted({t.size for t in trained})
    by_size = [[t for t in trained if t.size == size] for size in sizes]
    return Refereed([_verdict(group) for group in by_size], by_size[-1])


def _verdict(trained: Sequence[Trained]) -> Verdict:
    aucs = np.array([roc_auc(t.real, t.fake) for t in trained])
    rng = np.random.default_rng(0)
    parts = zip(*(disjoint_parts(len(side), _PARTS, rng) for side in (trained[0].real, trained[0].fake)), strict=True)
    of_jets = error_from_parts(np.array([np.mean([roc_auc(t.real[i], t.fake[j]) for t in trained])
                                         for i, j in parts]))
    of_seeds = aucs.std(ddof=1) / np.sqrt(len(aucs)) if len(aucs) > 1 else 0.0
    auc = float(aucs.mean())
    return Verdict(trained[0].size, auc, float(np.hypot(of_jets, of_seeds)),
                   float(np.mean([jsd_bound(t.real, t.fake) for t in trained])),
                   auc_p_value(auc, len(trained[0].real), len(trained[0].fake)))
