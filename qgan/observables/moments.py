"""Moments of first and second order of a jet's pT in the plane of its image: where it lies, how it is drawn out."""

from __future__ import annotations

import numpy as np

from ..data.grid import Grid
from .broad import FAMILIES, Family

UNITS = {"centroid_eta": "rad", "centroid_phi": "rad", "centroid_r": "rad", "major": "rad", "minor": "rad",
         "planar_flow": "", "orientation": "rad", "skewness": ""}
Pair = tuple[np.ndarray, np.ndarray]


def measure(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Moments of images (N, H, W), GeV, each (N,) float64; 0 for an image without pT.

    With z the shares of the pT: ``centroid_eta`` and ``centroid_phi`` are Σ z η and Σ z φ, ``centroid_r`` their
    distance from the frame's origin. About the centroid, ``major`` and ``minor`` are √λ₁ ≥ √λ₂ of Σ z x xᵀ,
    ``planar_flow`` is 4 λ₁λ₂/(λ₁ + λ₂)² (arXiv:0807.0234), ``orientation`` the angle of the major axis from that
    of η, −π/2 to π/2, and ``skewness`` |Σ z u³|/λ₁^(3/2) along it.
    """
    share = shares(images)
    eta, phi = centres(grid)
    centroid_eta, centroid_phi = share @ eta, share @ phi
    ee = np.maximum(share @ eta**2 - centroid_eta**2, 0)
    pp = np.maximum(share @ phi**2 - centroid_phi**2, 0)
    ep = share @ (eta * phi) - centroid_eta * centroid_phi
    half, root = (ee + pp) / 2, np.hypot((ee - pp) / 2, ep)
    large, small = half + root, np.maximum(half - root, 0)
    angle = np.arctan2(2 * ep, ee - pp) / 2
    third = np.abs(_third_moment(share, (eta, phi), (centroid_eta, centroid_phi), (np.cos(angle), np.sin(angle))))
    spread = large > 1e-9  # below it the pT is in one pixel, up to rounding
    return {"centroid_eta": centroid_eta, "centroid_phi": centroid_phi,
            "centroid_r": np.hypot(centroid_eta, centroid_phi), "major": np.sqrt(large), "minor": np.sqrt(small),
            "planar_flow": quotient(large * small, half**2, spread), "orientation": np.where(spread, angle, 0.0),
            "skewness": quotient(third, large**1.5, spread)}


def shares(images: np.ndarray) -> np.ndarray:
    """(N, pixels) float64: each pixel's part of the image's pT."""
    flat = images.reshape(len(images), -1).astype(np.float64)
    total = flat.sum(1, keepdims=True)
    return flat / np.where(total > 0, total, 1.0)


def centres(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """η and φ of every pixel, (pixels,) each, radians."""
    eta, phi = np.meshgrid(grid.eta, grid.phi, indexing="ij")
    return eta.ravel(), phi.ravel()


def _third_moment(share: np.ndarray, centres: Pair, centroid: Pair, direction: Pair) -> np.ndarray:
    """Σ z u³ of u along a direction from the centroid, (N,): E w³ − 3 E w E w² + 2 (E w)³ with w from the origin."""
    (eta, phi), (c, s) = centres, direction
    cubes = share @ np.stack([eta**3, 3 * eta**2 * phi, 3 * eta * phi**2, phi**3], axis=1)
    squares = share @ np.stack([eta**2, 2 * eta * phi, phi**2], axis=1)
    first = c * centroid[0] + s * centroid[1]
    second = c**2 * squares[:, 0] + c * s * squares[:, 1] + s**2 * squares[:, 2]
    third = c**3 * cubes[:, 0] + c**2 * s * cubes[:, 1] + c * s**2 * cubes[:, 2] + s**3 * cubes[:, 3]
    return third - 3 * first * second + 2 * first**3


def quotient(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> np.ndarray:
    """a / b, and 0 elsewhere."""
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=where)


FAMILIES.add("moments", Family(UNITS, measure))
