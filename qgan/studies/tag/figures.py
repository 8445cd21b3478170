"""What the scores of a tagger are worth: AUC, accuracy and background rejection, with errors over seeds and jets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from ...base.seeding import numpy_rng
from ...evaluation.two_sample import roc_auc

#: Bootstrap samples of the test jets.
DRAWS = 100
#: Signal efficiencies of the rejections.
EFFICIENCIES = (0.3, 0.5)


class Figure(NamedTuple):
    """A mean over seeds and its standard error: from their spread, and from the finite number of test jets."""

    value: float
    error: float


@dataclass(frozen=True)
class Figures:
    """Attributes:
        auc: area under the ROC curve.
        accuracy: share of the jets whose class has the largest probability.
        rejection_30, rejection_50: 1/ε_B at ε_S = 30 % and 50 %; None where no background jet is left.
    """

    auc: Figure
    accuracy: Figure
    rejection_30: Figure | None
    rejection_50: Figure | None


def figures(scores: Sequence[np.ndarray], label: np.ndarray) -> Figures:
    """Of the same test jets scored by trainings with other seeds.

    Args:
        scores: (N,) probabilities of label 1, of each seed.
        label: (N,) 0 or 1.
    """
    background, signal = (np.flatnonzero(label == c) for c in (0, 1))
    rng = numpy_rng(0, "bootstrap", len(label))
    drawn = [(rng.choice(background, len(background)), rng.choice(signal, len(signal))) for _ in range(DRAWS)]

    def found(measure: Callable[[np.ndarray, np.ndarray], float]) -> Figure:
        values = np.array([measure(s[background], s[signal]) for s in scores])
        of_jets = np.std([np.mean([measure(s[i], s[j]) for s in scores]) for i, j in drawn], ddof=1)
        of_seeds = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
        return Figure(float(values.mean()), float(np.hypot(of_jets, of_seeds)))

    passing = [found(partial(_passing, efficiency)) for efficiency in EFFICIENCIES]
    return Figures(found(roc_auc), found(_accuracy), *(
        Figure(1 / p.value, p.error / p.value**2) if p.value > 0 else None for p in passing))


def _passing(efficiency: float, background: np.ndarray, signal: np.ndarray) -> float:
    return float((background >= np.quantile(signal, 1 - efficiency)).mean())


def _accuracy(background: np.ndarray, signal: np.ndarray) -> float:
    return float(((background < 0.5).sum() + (signal >= 0.5).sum()) / (len(background) + len(signal)))
