"""Metrics as they are defined, slow and of one pair of samples: what the fast ones of the package are compared with."""

from __future__ import annotations

import numpy as np

from qgan.evaluation.frechet import gaussian_frechet
from qgan.evaluation.kernel import kernel_distances
from qgan.evaluation.two_sample import Trial, one_trial
from qgan.taggers import Seen


def mmd2(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased MMD² of two samples (N, d) and (M, d), from all pairs."""
    within_a, within_b, across = ((x @ y.T / a.shape[1] + 1) ** 4 for x, y in ((a, a), (b, b), (a, b)))
    return float(sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (within_a, within_b))
                 - 2 * across.mean())


def kernel_distance(real: np.ndarray, fake: np.ndarray, rng: np.random.Generator,
                    batches: int = 10) -> tuple[float, float]:
    """KPD of one pair of samples."""
    values, errors = kernel_distances(real, fake, [(np.arange(len(real)), np.arange(len(fake)))], rng, batches)
    return float(values[0]), float(errors[0])


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """d² between the Gaussians with the means and covariances of two samples, (N, d) and (M, d)."""
    (mean_a, cov_a), (mean_b, cov_b) = ((x.mean(0), np.cov(x, rowvar=False, ddof=1)) for x in (a, b))
    return float(gaussian_frechet(mean_a, cov_a, mean_b, cov_b))


def two_sample_test(real: np.ndarray, fake: np.ndarray, seed: int, repeats: int, tagger: str = "trees") -> list[Trial]:
    """Several splits of the same samples, images or observables."""
    a, b = (Seen(images=x) if x.ndim == 3 else Seen(observables=x) for x in (real, fake))
    return [one_trial(a, b, seed, repeat, tagger) for repeat in range(repeats)]


def combined_p(trials: list[Trial]) -> float:
    """Twice the median, which stays valid however the splits depend on one another."""
    return float(min(1.0, 2 * np.median([trial.p_value for trial in trials])))
