"""Comparisons of whole images: their mean, their spread, and a symmetry that should hold."""

from __future__ import annotations

import numpy as np


def mean_image_difference(real: np.ndarray, fake: np.ndarray) -> float:
    """Σ |mean real − mean generated| / Σ mean real over pixels, images (N, H, W) and (M, H, W)."""
    a, b = (x.mean(0, dtype=np.float64) for x in (real, fake))
    return float(np.abs(a - b).sum() / a.sum())


def variance_ratio(real: np.ndarray, fake: np.ndarray) -> float:
    """Sum over pixels of the generated variance over that of the real one: 1 is right, 0 is one image only."""
    return float(fake.var(0, dtype=np.float64).sum() / real.var(0, dtype=np.float64).sum())


def symmetry_violation(images: np.ndarray, mirrored: np.ndarray) -> float:
    """Σ |G(z, c) − F G(z, F c)| / Σ |G(z, c)| of two arrays (N, H, W); ``mirrored`` is mirrored back already."""
    images, mirrored = np.asarray(images, np.float64), np.asarray(mirrored, np.float64)
    if images.shape != mirrored.shape:
        raise ValueError(f"images of shapes {images.shape} and {mirrored.shape} cannot be compared jet by jet")
    total = np.abs(images).sum()
    return float(np.abs(images - mirrored).sum() / total) if total > 0 else 0.0
