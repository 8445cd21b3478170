"""Single numbers of a jet, and the pT of its hardest particles, as taggers: what every other one has to beat.

A logistic regression makes probabilities of them, which of two classes rise or fall with a single number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from .registry import TAGGERS, Labelled, Setting, Tagger
from .seen import Seen

#: Of the hardest particles.
HARDEST = 10


@dataclass(frozen=True)
class FittedNumbers:
    """A logistic regression on (N, d) numbers, standardised by ``mean`` and ``spread`` of the training jets."""

    see: Callable[[Seen], np.ndarray]
    mean: np.ndarray
    spread: np.ndarray
    model: LogisticRegression
    steps: int = 0
    seconds: float = 0.0

    @property
    def numbers(self) -> int:
        """Slopes and offsets."""
        return int(self.model.coef_.size + self.model.intercept_.size)

    def scores(self, jets: Seen) -> np.ndarray:
        """(N, classes) probabilities of the classes."""
        return self.model.predict_proba((self.see(jets) - self.mean) / self.spread)


@dataclass(frozen=True)
class Numbers:
    """``fit`` of a tagger that sees (N, d) numbers of jets."""

    see: Callable[[Seen], np.ndarray]

    def __call__(self, training: Labelled, validation: Labelled | None, setting: Setting) -> FittedNumbers:
        x = self.see(training.jets)
        mean, spread = x.mean(0), np.where(np.ptp(x, axis=0) > 0, x.std(0), 1.0)
        return FittedNumbers(self.see, mean, spread, LogisticRegression().fit((x - mean) / spread, training.label))


def transverse(jets: Seen) -> np.ndarray:
    """(N, M) pT of the particles, the largest first."""
    return np.hypot(jets.momenta[..., 1], jets.momenta[..., 2])


def pt_sum(jets: Seen) -> np.ndarray:
    """Sum of the particles' pT."""
    return transverse(jets).sum(1, keepdims=True)


def nnz(jets: Seen) -> np.ndarray:
    """Number of particles, or of pixels that are not empty."""
    return (transverse(jets) > 0).sum(1, keepdims=True).astype(float)


def hardest(jets: Seen) -> np.ndarray:
    """pT of the :data:`HARDEST` hardest particles."""
    pt = transverse(jets)[:, :HARDEST]
    return np.pad(pt, ((0, 0), (0, HARDEST - pt.shape[1])))


for _name, _see, _title in (("pt_sum", pt_sum, "sum of the particles' pT"), ("nnz", nnz, "number of particles"),
                            ("hardest_pt", hardest, f"logistic regression on the {HARDEST} largest pT")):
    TAGGERS.add(_name, Tagger(Numbers(_see), _title, "number", "particles"))
