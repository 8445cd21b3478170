"""How improbable a jet is among usual ones: a Gaussian mixture in the space of a model's features.

The reconstruction error alone says how complex a jet is: a model of complex jets reconstructs simpler ones well and
takes them for usual. A density is low on either side of what is usual. With features f, standardised on the usual
jets, the score is −log Σ_k π_k N(f; μ_k, Σ_k).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

from qgan.base.seeding import integer_seed

#: Of a feature's mean and 1: what varies less is rounding. Shares of pT in single precision add up to 1 within 1e-7.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Density:
    """Attributes: ``centre``, ``scale`` (F,) of the features; ``weights`` (K,), ``means`` (K, F) and
    ``precisions`` (K, F, F), the Cholesky factors of the inverse covariances."""

    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    precisions: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray, components: int = 4, seed: int = 0) -> Density:
        """From the features (N, F) of usual jets alone; a feature that does not vary counts for nothing."""
        centre, scale = features.mean(0), features.std(0)
        scale = np.where(scale > ROUNDING * (1 + np.abs(centre)), scale, np.inf)
        # Where nothing varies all points are one.
        components = components if np.isfinite(scale).any() else 1
        mixture = GaussianMixture(components, reg_covar=1e-4, random_state=integer_seed(seed, "density") % 2**32)
        mixture.fit((features - centre) / scale)
        return cls(centre, scale, mixture.weights_, mixture.means_, mixture.precisions_cholesky_)

    def score(self, features: np.ndarray) -> np.ndarray:
        """(N,): −log of the density of (N, F)."""
        z = (features - self.centre) / self.scale
        logs = [np.log(weight) + np.log(np.diag(root)).sum() - 0.5 * (((z - mean) @ root) ** 2).sum(1)
                for weight, mean, root in zip(self.weights, self.means, self.precisions, strict=True)]
        return 0.5 * z.shape[1] * np.log(2 * np.pi) - logsumexp(np.stack(logs), axis=0)

    def to_dict(self) -> dict[str, Any]:
        """Nested lists, for a checkpoint."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Density:
        return cls(**{name: np.asarray(value) for name, value in state.items()})
