"""The statistical power of generated jets (amplification, arXiv:2008.06545).

A generator that was trained on N real jets makes as many as one likes; how good a histogram do they fill? The
truth p_j is known from many held-out jets, whose quantiles are the edges of the bins. The squared error
Σ_j (x_j − p_j)² of the shares x_j that a sample puts into the bins is, on average,

    (1 − Σ p_j²) / N              for N real jets,
    B + (1 − Σ g_j²) / M          for M jets of a generator with the shares g_j,   B = Σ_j (g_j − p_j)²,

so that M generated jets are worth as many real ones as have the same error, the more the larger M, at most
(1 − Σ p²) / B. That number over N is the amplification factor: above 1 generated jets know the truth better than
the jets the generator was trained on. B is estimated without bias from finite samples; its estimate can be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: A ratio of errors that is smaller than so many of its errors is compatible with none: only a limit is given.
CLEAR = 2.0


class Power(NamedTuple):
    """What one generator's jets and the truth say of one histogram.

    Attributes:
        n: jets that the generator was trained on.
        bias: B, an unbiased estimate.
        bias_variance: its variance from the finite number of generated jets.
        truth_variance: the same from the finite number of held-out jets.
        real, generated: 1 − Σ p² and 1 − Σ g².
    """

    n: int
    bias: float
    bias_variance: float
    truth_variance: float
    real: float
    generated: float

    def ratio(self, m: float = np.inf) -> float:
        """Squared error of ``m`` generated jets over that of the N real ones."""
        return (self.bias + self.generated / m) * self.n / self.real


class Amplification(NamedTuple):
    """Several generators' statistical power, each trained on other N jets.

    Attributes:
        n: jets that each was trained on.
        ratio: mean squared error of infinitely many generated jets over that of N real ones, and ``ratio_error``.
        factor: 1 / ratio, how many times N real jets they are worth; None where the ratio is not clearly above 0,
            and then ``at_least`` says what it exceeds (two errors).
        factor_error: of the factor.
        needed: generated jets with the squared error of N real ones; None where no number is enough, or where
            the ratio is too close to 1 to tell.
        needed_error: of that.
        generators: how many.
    """

    n: int
    ratio: float
    ratio_error: float
    factor: float | None
    factor_error: float | None
    at_least: float | None
    needed: float | None
    needed_error: float | None
    generators: int


def quantile_edges(truth: np.ndarray, bins: int) -> np.ndarray:
    """Edges between ``bins`` bins with as many values each; fewer where values coincide, as whole numbers do."""
    return np.unique(np.quantile(truth, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf"))


def shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Which share of the values, (N,), lies in each of the len(edges) + 1 bins; an edge belongs to the bin below it."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1) / len(values)


def power(truth: np.ndarray, generated: np.ndarray, n: int, bins: int = 10) -> Power:
    """The power of generated jets in one observable.

    Args:
        truth: (T,) values of held-out real jets.
        generated: (M,) values of jets of a generator.
        n: jets of this class that the generator was trained on.
        bins: of the histogram, quantiles of the truth.

    Raises:
        ValueError: fewer than two values on a side, or a truth that is the same everywhere.
    """
    if min(len(truth), len(generated)) < 2:
        raise ValueError(f"{len(truth)} and {len(generated)} values, expected at least two on each side")
    edges = quantile_edges(truth, bins)
    p, g = shares(truth, edges), shares(generated, edges)
    real, fake = 1 - float((p**2).sum()), 1 - float((g**2).sum())
    if real <= 0:
        raise ValueError("all values of the truth lie in one bin")
    # Finite samples add their own variance to the distance of the shares.
    bias = float(((g - p) ** 2).sum()) - real / (len(truth) - 1) - fake / (len(generated) - 1)
    of_truth, of_fake = (_covariance(x, size) for x, size in ((p, len(truth)), (g, len(generated))))
    variances = [_variance(g - p, mine, other) for mine, other in ((of_fake, of_truth), (of_truth, of_fake))]
    return Power(n, bias, variances[0], variances[1], real, fake)


def amplification(powers: Sequence[Power]) -> Amplification:
    """The mean over generators that were trained on different jets, all compared with (about) the same truth.

    The error has the spread between generators, or the finite number of generated jets where that is more, and
    the finite number of held-out jets, which all share.
    """
    n, count = powers[0].n, len(powers)
    ratios = np.array([p.ratio() for p in powers])
    scale = np.array([p.n / p.real for p in powers])
    within = float((scale**2 * [p.bias_variance for p in powers]).mean())
    between = float(ratios.var(ddof=1)) if count > 1 else 0.0
    shared = float((scale**2 * [p.truth_variance for p in powers]).mean())
    ratio, error = float(ratios.mean()), float(np.sqrt(max(within, between) / count + shared))
    spread = float(np.mean([p.generated / p.real for p in powers]))
    clear, reachable = ratio > CLEAR * error, 1 - ratio > CLEAR * error
    return Amplification(
        n, ratio, error,
        factor=1 / ratio if clear else None, factor_error=error / ratio**2 if clear else None,
        at_least=None if clear else 1 / (max(ratio, 0.0) + CLEAR * error),
        needed=n * spread / (1 - ratio) if reachable else None,
        needed_error=n * spread * error / (1 - ratio) ** 2 if reachable else None, generators=count)


def _variance(away: np.ndarray, mine: np.ndarray, other: np.ndarray) -> float:
    """The part of one sample, whose shares have the covariance ``mine``, in the variance of |away|².

    For a Gaussian with mean δ and covariance C it is 4 δᵀCδ + 2 tr C²; ``away`` has noise on top of δ.
    """
    distance = max(away @ mine @ away - (mine * (mine + other)).sum(), 0.0)
    return float(4 * distance + 2 * (mine * mine).sum() + 2 * (mine * other).sum())


def _covariance(share: np.ndarray, size: int) -> np.ndarray:
    return (np.diag(share) - np.outer(share, share)) / size
