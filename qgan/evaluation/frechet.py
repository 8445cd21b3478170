"""Fréchet distance of Gaussians fitted to features, plain and extrapolated to infinite samples.

    d² = |μ_a − μ_b|² + Tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)

At finite N it is biased upwards by a term ∝ 1/N, which the physics distance FPD removes by a straight line
through d² at several N (Kansal et al., arXiv:2211.10295). Features are standardised by the real sample.
:func:`drawn_frechet` is the same with the choices of the `jetnet` library, whose numbers are quoted most.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls


def gaussian_frechet(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> np.ndarray:
    """d² between Gaussians with means (…, d) and covariances (…, d, d); shape (…)."""
    # The eigenvalues of Σ_a Σ_b are those of the symmetric Rᵀ Σ_b R with R Rᵀ = Σ_a, real and not negative.
    root = _root(cov_a)
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(np.swapaxes(root, -1, -2) @ cov_b @ root), 0, None)).sum(-1)
    traces = np.trace(cov_a, axis1=-2, axis2=-1) + np.trace(cov_b, axis1=-2, axis2=-1)
    return ((mean_a - mean_b) ** 2).sum(-1) + traces - 2 * cross


def _root(covariance: np.ndarray) -> np.ndarray:
    """Some R with R Rᵀ = Σ; Cholesky's is the fastest, but exists for regular Σ alone."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(np.clip(values, 0, None))[..., None, :]


def extrapolated_frechet(real: np.ndarray, fake: np.ndarray, rng: np.random.Generator, points: int = 10,
                         draws: int = 20, smallest: float = 0.4) -> tuple[float, float]:
    """FPD: the Fréchet distance extrapolated to 1/N → 0.

    Args:
        real, fake: (N, d) and (M, d) features, standardised by the caller.
        rng: draws the subsamples, without replacement.
        points: number of sizes, evenly spaced in 1/N from ``smallest`` · N to N = min(N, M).
        draws: subsamples per size; those of one draw are nested.

    Returns:
        The intercept (0 on average for equal distributions; may be negative) and its error from the fit.
    """
    n = min(len(real), len(fake))
    sizes = np.round(1 / np.linspace(1 / (smallest * n), 1 / n, points)).astype(int)
    means = np.mean([gaussian_frechet(*_nested_moments(real, sizes, rng), *_nested_moments(fake, sizes, rng))
                     for _ in range(draws)], axis=0)
    design = np.stack([np.ones(points), 1 / sizes], axis=1)
    coefficients = np.linalg.lstsq(design, means, rcond=None)[0]
    return float(coefficients[0]), _intercept_error(design, means, coefficients)


def drawn_frechet(real: np.ndarray, fake: np.ndarray, rng: np.random.Generator, points: int = 10, draws: int = 20,
                  smallest: int | None = None, largest: int | None = None) -> tuple[float, float]:
    """FPD as the `jetnet` library estimates it: equal to its numbers for ``np.random.default_rng(42)``.

    Each feature is divided by its largest size among the real jets; the subsamples are drawn with replacement;
    neither intercept nor slope may be negative. So its floor is above 0, and at small N the duplicates
    make it larger than :func:`extrapolated_frechet`.

    Args:
        real, fake: (N, d) and (M, d) features in their own units.
        rng: draws the subsamples.
        points: number of sizes, evenly spaced in 1/size.
        draws: subsamples per size.
        smallest, largest: sizes; by default 0.4 and 1 times min(N, M), which is the library's 20,000 and 50,000
            where there are as many jets.

    Returns:
        The intercept and its error from the fit.
    """
    n = min(len(real), len(fake))
    ends = (1 / (smallest or 0.4 * n), 1 / (largest or n))
    sizes = np.repeat((1 / np.linspace(*ends, points)).astype(int), draws)
    counts = [np.zeros((len(sizes), len(x))) for x in (real, fake)]
    for row, size in enumerate(sizes):
        for count in counts:
            count[row] = np.bincount(rng.choice(count.shape[1], size=size), minlength=count.shape[1])
    largest_real = np.abs(real).max(0)
    scale = np.where(largest_real > 0, largest_real, 1.0)
    centre = real.mean(0)  # subtracted from both, which leaves d² as it is and saves digits
    moments = [_weighted_moments((x - centre) / scale, count) for x, count in zip((real, fake), counts, strict=True)]
    values = gaussian_frechet(*moments[0], *moments[1]).reshape(points, draws).mean(1)
    design = np.stack([np.ones(points), 1 / sizes[::draws]], axis=1)
    coefficients = nnls(design, values)[0]
    return float(coefficients[0]), _intercept_error(design, values, coefficients)


def _intercept_error(design: np.ndarray, values: np.ndarray, coefficients: np.ndarray) -> float:
    """Standard error of the first coefficient of a linear fit, from the scatter about it."""
    variance = float(((values - design @ coefficients) ** 2).sum()) / (len(values) - 2)
    return float(np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0]))


def _weighted_moments(x: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means (draws, d) and covariances (draws, d, d) of samples that hold jet i ``counts[:, i]`` times."""
    d, total = x.shape[1], counts.sum(1)
    mean = counts @ x / total[:, None]
    products = (counts @ (x[:, :, None] * x[:, None, :]).reshape(len(x), d * d)).reshape(-1, d, d)
    outer = mean[:, :, None] * mean[:, None, :] * total[:, None, None]
    return mean, (products - outer) / (total - 1)[:, None, None]


def _nested_moments(x: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Means (points, d) and covariances (points, d, d) of the first ``sizes`` (ascending) jets in a random order."""
    parts = np.split(x[rng.permutation(len(x))[:sizes[-1]]], sizes[:-1])
    totals = np.cumsum([part.sum(0) for part in parts], axis=0)
    products = np.cumsum([part.T @ part for part in parts], axis=0)
    mean = totals / sizes[:, None]
    outer = mean[:, :, None] * mean[:, None, :] * sizes[:, None, None]
    return mean, (products - outer) / (sizes - 1)[:, None, None]
