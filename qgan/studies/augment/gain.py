"""AUC of taggers that were trained several times, and whether one way of training is better than another.

The AUC is a mean over signal jets of the share of background jets below them, and over background jets of the share
of signal jets above them. The variances of these two shares give the error from the finite test sample (DeLong,
DeLong and Clarke-Pearson 1988), of an AUC and of the difference of two on the same jets. The spread over trainings on
different jets is the other part of the error; that of the test sample is common to all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.stats import norm, t

Verdict = Literal["helped", "hurt", "made no difference that can be told"]
#: How sure a verdict is.
CONFIDENCE = 0.95


class Measured(NamedTuple):
    """A mean over trainings.

    Attributes:
        value: the mean.
        error: standard error, from the spread over trainings and the test sample.
        margin: half of the 95 % interval; infinite for one training, whose spread is not known.
        trainings: how many.
    """

    value: float
    error: float
    margin: float
    trainings: int

    @property
    def verdict(self) -> Verdict:
        """For a difference: which sign it has, if the interval leaves one."""
        if abs(self.value) <= self.margin:
            return "made no difference that can be told"
        return "helped" if self.value > 0 else "hurt"

    def to_dict(self) -> dict[str, Any]:
        return {**self._asdict(), "margin": self.margin if np.isfinite(self.margin) else None}


def placements(scores: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each signal jet the share of background below it, for each background jet that of signal above it.

    Args:
        scores: (N,), larger for signal; equal ones count half.
        label: (N,), 0 or 1.
    """
    background, signal = np.sort(scores[label == 0]), np.sort(scores[label == 1])
    below = _share_below(background, scores[label == 1])
    return below, 1 - _share_below(signal, scores[label == 0])


def auc(scores: Sequence[np.ndarray], label: np.ndarray) -> Measured:
    """Mean AUC of several trainings; ``scores`` of each for the same test jets, (N,)."""
    return _mean([placements(s, label) for s in scores])


def gain(scores: Sequence[np.ndarray], others: Sequence[np.ndarray], label: np.ndarray) -> Measured:
    """Mean AUC of ``scores`` less that of ``others``, training by training on the same test jets."""
    pairs = [(placements(s, label), placements(o, label)) for s, o in zip(scores, others, strict=True)]
    return _mean([(mine[0] - theirs[0], mine[1] - theirs[1]) for mine, theirs in pairs])


def _mean(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Measured:
    values = np.array([below.mean() for below, _ in parts])
    count = len(values)
    of_test = sum(np.mean([part[side] for part in parts], 0).var(ddof=1) / len(parts[0][side]) for side in (0, 1))
    of_trainings = values.var(ddof=1) / count if count > 1 else 0.0
    # Few trainings tell their own spread badly: Student's t for that part.
    wide = t.ppf((1 + CONFIDENCE) / 2, count - 1) if count > 1 else np.inf
    margin = np.hypot(wide * np.sqrt(of_trainings), norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt(of_test)) \
        if count > 1 else np.inf
    return Measured(float(values.mean()), float(np.sqrt(of_trainings + of_test)), float(margin), count)


def _share_below(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    left, right = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (left + right) / (2 * len(ordered))
