"""Fréchet distance of Gaussians fitted to features, plain and extrapolated to infinite samples.

    d² = |μ_a − μ_b|² + Tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)

At finite N it is biased upwards by a term ∝ 1/N, which the physics distance FPD removes by a straight line
through d² at several N (Kansal et al., arXiv:2211.10295). Features are standardised by the real sample.
"""

from __future__ import annotations

import numpy as np


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """d² between the Gaussians with the means and covariances of two samples, (N, d) and (M, d)."""
    return gaussian_frechet(a.mean(0), _covariance(a), b.mean(0), _covariance(b))


def gaussian_frechet(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """d² between two Gaussians."""
    # The eigenvalues of Σ_a Σ_b are those of the symmetric Σ_a^½ Σ_b Σ_a^½, real and not negative.
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def extrapolated_frechet(real: np.ndarray, fake: np.ndarray, rng: np.random.Generator, points: int = 10,
                         draws: int = 20, smallest: float = 0.4) -> tuple[float, float]:
    """FPD: the Fréchet distance extrapolated to 1/N → 0.

    Args:
        real, fake: (N, d) and (M, d) features, standardised by the caller.
        rng: draws the subsamples, without replacement.
        points: number of sizes, evenly spaced in 1/N from ``smallest`` · N to N = min(N, M).
        draws: subsamples per size.

    Returns:
        The intercept (0 on average for equal distributions; may be negative) and its error from the fit.
    """
    n = min(len(real), len(fake))
    sizes = np.round(1 / np.linspace(1 / (smallest * n), 1 / n, points)).astype(int)
    means = [np.mean([frechet_distance(_draw(real, size, rng), _draw(fake, size, rng)) for _ in range(draws)])
             for size in sizes]
    design = np.stack([np.ones(points), 1 / sizes], axis=1)
    coefficients, residuals, _, _ = np.linalg.lstsq(design, np.asarray(means), rcond=None)
    variance = float(residuals[0]) / (points - 2) if len(residuals) else 0.0
    covariance = variance * np.linalg.inv(design.T @ design)
    return float(coefficients[0]), float(np.sqrt(covariance[0, 0]))


def _draw(x: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    return x[rng.permutation(len(x))[:size]]


def _covariance(x: np.ndarray) -> np.ndarray:
    centred = x - x.mean(0)
    return centred.T @ centred / (len(x) - 1)
