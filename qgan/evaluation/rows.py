"""What is found of generated jets: rows of numbers, each with its error and its floor, and curves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        metric: its name, of :data:`~qgan.evaluation.METRICS`.
        observable: what it was computed on; empty where the metric says it all.
        group: name of the class, or ``all``.
        value: the number, real against generated.
        error: its statistical standard error.
        floor: the same number between real jets, as the metric's own rule has it.
        ratio: value over floor; None where that means nothing.
        significance: (value − mean of the real pairs) over their standard deviation; None without pairs.
        unit: empty for a pure number.
        n: jets on each side of the comparison.
    """

    metric: str
    observable: str
    group: str
    value: float
    error: float | None = None
    floor: float | None = None
    ratio: float | None = None
    significance: float | None = None
    unit: str = ""
    n: int = 0

    @property
    def tag(self) -> str:
        """Its name in TensorBoard: metric, class and observable."""
        return "/".join(part for part in (self.metric, self.group, self.observable) if part)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; ``group`` is called ``class``; what is not finite becomes None."""
        values = {("class" if k == "group" else k): v for k, v in asdict(self).items()}
        return {k: (None if isinstance(v, float) and not np.isfinite(v) else v) for k, v in values.items()}


@dataclass(frozen=True)
class Curve:
    """Scores of a classifier on jets it has not seen, for a ROC curve or a histogram.

    Attributes:
        metric, observable: of the row that sums it up.
        group: the class; of a tagger which jets it was applied to, ``real`` or ``generated``.
        background, signal: probabilities of label 1: of real and generated jets, or for a tagger of the classes with
            label 0 and 1.
        by: the kind of classifier.
    """

    metric: str
    observable: str
    group: str
    background: np.ndarray
    signal: np.ndarray
    by: str = ""

    def roc(self, points: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """Efficiencies of background and signal above a threshold that falls, (points,) each, from 0 to 1."""
        every = np.sort(np.concatenate([self.background, self.signal]))[::-1]
        thresholds = np.append(every[np.linspace(0, len(every) - 1, points - 1).round().astype(int)], -np.inf)
        return tuple((x[:, None] > thresholds).mean(0) for x in (self.background, self.signal))


@dataclass(frozen=True)
class Evidence:
    """What a referee of images went by.

    Attributes:
        group: the class.
        real, fake: test jets (k, H, W), GeV, that it is surest are real, and surest are generated.
        real_score, fake_score: its probability that they are generated, (k,).
        gradient: (H, W), mean over test jets of p ∂logit/∂p: positive where more pT speaks for generated jets.
    """

    group: str
    real: np.ndarray
    fake: np.ndarray
    real_score: np.ndarray
    fake_score: np.ndarray
    gradient: np.ndarray


#: What a metric tells: numbers, curves, evidence, and in whole sentences what it had to leave out.
Finding = Row | Curve | Evidence | str
