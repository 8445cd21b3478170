"""How well a score tells unusual jets from usual ones.

A jet is called unusual when its score exceeds a threshold. ε_S and ε_B are the shares of unusual (signal) and
usual (background) jets above it. Where many jets share a score, the threshold is taken as randomised between
them: the ROC curve runs in straight lines. Errors are the standard deviation over bootstrap samples of both classes,
which is right for a fixed score.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qgan.base.seeding import numpy_rng

#: A working point with fewer background jets above the threshold than this is not looked at for the SIC.
MIN_BACKGROUND = 25


@dataclass(frozen=True)
class Quantity:
    """A number and its statistical error."""

    value: float
    error: float

    def __str__(self) -> str:
        digits = 3 if abs(self.value) < 2 else 1
        return f"{self.value:.{digits}f} ± {self.error:.{digits}f}"


@dataclass(frozen=True)
class Score:
    """What one score reaches on a sample of jets.

    Attributes:
        name: what the score is.
        auc: area under the ROC curve: the probability that an unusual jet scores higher than a usual one.
        sic: the largest ε_S / √ε_B where at least :data:`MIN_BACKGROUND` background jets pass.
        rejection_30, rejection_50: 1/ε_B at ε_S = 30 % and 50 %.
        n_background, n_signal: how many jets.
        equal_nnz, equal_pt: the AUC at equal lit pixels and at equal pT (see :mod:`anomaly.counting`); None where
            the classes have none in common.
        follows_nnz: rank correlation with the lit pixels among usual jets.
    """

    name: str
    auc: Quantity
    sic: Quantity
    rejection_30: Quantity
    rejection_50: Quantity
    n_background: int
    n_signal: int
    equal_nnz: Quantity | None = None
    equal_pt: Quantity | None = None
    follows_nnz: Quantity | None = None

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Score:
        """What :meth:`to_dict` made."""
        figures: dict[str, Any] = {name: Quantity(**value) if isinstance(value, dict) else value
                                   for name, value in plain.items()}
        return cls(**figures)


def score(name: str, background: np.ndarray, signal: np.ndarray, seed: int = 0, n_bootstrap: int = 200) -> Score:
    """All figures of a score with their errors.

    Args:
        name: what the score is.
        background, signal: (N,) and (M,) scores of usual and unusual jets.
        seed: of the bootstrap.
        n_bootstrap: how many bootstrap samples.
    """
    for what, values in (("background", background), ("signal", signal)):
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            raise ValueError(f"{what} scores of {name} must be a row of finite numbers, got shape {values.shape}")
    rng = numpy_rng(seed, "bootstrap", name)
    draws = np.array([_figures(rng.choice(background, len(background)), rng.choice(signal, len(signal)))
                      for _ in range(n_bootstrap)])
    area, sic, at_30, at_50 = map(Quantity, _figures(background, signal), draws.std(0, ddof=1).tolist())
    return Score(name, area, sic, at_30, at_50, len(background), len(signal))


@dataclass(frozen=True)
class RocCurve:
    """The ROC curve, one point for each distinct score, from (0, 0) to (1, 1).

    Attributes:
        epsilon_b, epsilon_s: (points,) shares of background and of signal above the threshold.
        n_background: how many background jets there are.
    """

    epsilon_b: np.ndarray
    epsilon_s: np.ndarray
    n_background: int

    @classmethod
    def of(cls, background: np.ndarray, signal: np.ndarray) -> RocCurve:
        """From the scores (N,) of usual and (M,) of unusual jets."""
        values = np.concatenate([background, signal])
        order = np.argsort(-values, kind="stable")
        # Jets with equal scores pass together: keep the last of each run.
        last = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)
        passed = np.cumsum(order >= len(background))[last]
        return cls(np.append(0.0, (last + 1 - passed) / len(background)), np.append(0.0, passed / len(signal)),
                   len(background))

    def auc(self) -> float:
        """The area under the curve; ties count one half."""
        return float(np.trapezoid(self.epsilon_s, self.epsilon_b))

    def sic_maximum(self) -> float:
        """The largest ε_S / √ε_B where at least :data:`MIN_BACKGROUND` background jets pass; 0 if there are fewer."""
        enough = self.epsilon_b * self.n_background > MIN_BACKGROUND - 0.5
        return float((self.epsilon_s[enough] / np.sqrt(self.epsilon_b[enough])).max(initial=0.0))

    def rejection(self, efficiency: float) -> float:
        """1/ε_B at ε_S = ``efficiency``; the number of background jets, a lower limit, where less than one passes."""
        # The first segment of the curve that reaches the efficiency is the one with the least background.
        end = int(np.searchsorted(self.epsilon_s, efficiency))
        ends = slice(max(end - 1, 0), end + 1)
        passed = float(np.interp(efficiency, self.epsilon_s[ends], self.epsilon_b[ends]))
        return 1.0 / max(passed, 1.0 / self.n_background)


def _figures(background: np.ndarray, signal: np.ndarray) -> tuple[float, ...]:
    curve = RocCurve.of(background, signal)
    return curve.auc(), curve.sic_maximum(), curve.rejection(0.3), curve.rejection(0.5)
