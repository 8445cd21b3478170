"""Controls: scores without a network, which any trained model has to beat.

The trivial ones need no training, and grow with the number of particles: gluon jets score higher than quark jets.

The best linear autoencoder are principal components: with the mean μ and the k leading eigenvectors V (pixels, k) of
the covariance of the training images, an image x is coded as Vᵀ(x − μ) and decoded as μ + V Vᵀ(x − μ). No linear
encoder and decoder of k numbers has a smaller mean squared error on the training images (Eckart and Young 1936).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgan.data.jets import JetImages
from qgan.observables import arrays as observables

from .registry import TRIVIAL


@TRIVIAL.register("pixel sum / max")
def pixel_sum(jets: JetImages, scaled: np.ndarray) -> np.ndarray:
    """Sum of the pixels of max-normalised images: the pT in units of the hardest pixel, (N,)."""
    return scaled.sum((1, 2), dtype=np.float64)


@TRIVIAL.register("pixels above 0.1 GeV")
def nnz(jets: JetImages, scaled: np.ndarray) -> np.ndarray:
    """Number of pixels above 0.1 GeV, (N,)."""
    return observables.nnz(jets.images, jets.grid)


@TRIVIAL.register("-ptd")
def minus_ptd(jets: JetImages, scaled: np.ndarray) -> np.ndarray:
    """−√Σp² / Σp: high where the pT is spread over many pixels, (N,)."""
    return -observables.ptd(jets.images, jets.grid)


@dataclass(frozen=True)
class PrincipalComponents:
    """Attributes: ``mean`` (pixels,), ``axes`` (k, pixels), orthonormal rows, and ``shape`` (H, W) of an image."""

    mean: np.ndarray
    axes: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def fit(cls, images: np.ndarray, n_components: int) -> PrincipalComponents:
        """From training images (N, H, W) of the usual class alone."""
        flat = _flat(images)
        if not 0 < n_components <= min(flat.shape):
            raise ValueError(f"{n_components} components of {flat.shape[1]} pixels in {len(flat)} images")
        mean = flat.mean(0)
        _, axes = np.linalg.eigh(np.cov(flat, rowvar=False))
        return cls(mean, axes[:, ::-1][:, :n_components].T.copy(), (images.shape[1], images.shape[2]))

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """(N, H, W): the nearest images that the components can make."""
        if images.shape[1:] != self.shape:
            raise ValueError(f"images of shape {images.shape[1:]}, fitted on {self.shape}")
        centred = _flat(images) - self.mean
        return (self.mean + centred @ self.axes.T @ self.axes).reshape(images.shape)

    def score(self, images: np.ndarray) -> np.ndarray:
        """(N,): mean squared difference between image and reconstruction."""
        return ((images - self.reconstruct(images)) ** 2).mean((1, 2))


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64)
