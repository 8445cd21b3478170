"""Images as an anomaly model takes them: resized with their pT kept, and scaled jet by jet."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qgan.base.errors import DataError
from qgan.data.convert import centre_crop, resize
from qgan.data.jets import JetImages

Norm = Literal["max", "sum", "sqrt", "log"]
Method = Literal["pool", "area"]
#: log(1 + LOG_SCALE s) / LOG_RANGE of a share s of the jet's pT lies between 0 and 1, and shows the soft pixels.
LOG_SCALE, LOG_RANGE = 1000.0, 7.0


def prepare(jets: JetImages, size: int = 12, norm: Norm = "max", method: Method = "pool") -> np.ndarray:
    """Resized and scaled images, (N, size, size) float32; see :func:`resized` and :func:`normalise`."""
    return normalise(resized(jets, size, method).images, norm)


def resized(jets: JetImages, size: int, method: Method = "pool") -> JetImages:
    """The jets on ``size`` × ``size`` pixels.

    ``pool`` adds whole pixels and cuts off a border that does not divide: of 25 pixels pooled to 12 the last row and
    column, so that the pixel on the jet's axis, the hardest, stays whole. ``area`` shares pixels out by area, keeps
    all pT, and also makes larger images; there the same pixel is divided between four.

    Raises:
        DataError: there are fewer than ``size`` pixels to pool.
    """
    if size < 1 or (method == "pool" and size > min(jets.grid.shape)):
        height, width = jets.grid.shape
        raise DataError(jets.source, "image", f"{height} x {width} pixels cannot be pooled to {size} x {size}; "
                                              "a larger image needs the method 'area'")
    if method == "pool":
        jets = centre_crop(jets, min(jets.grid.shape) // size * size)
    return resize(jets, size)


def normalise(images: np.ndarray, norm: Norm) -> np.ndarray:
    """Images (N, H, W) scaled one by one; an empty image stays empty.

    ``max``: x / max x. ``sum``: the shares s = x / Σx. ``sqrt``: √s. ``log``: log(1 + 1000 s) / 7.
    """
    if norm not in ("max", "sum", "sqrt", "log"):
        raise ValueError(f"norm is {norm!r}, expected 'max', 'sum', 'sqrt' or 'log'")
    total = images.max((1, 2)) if norm == "max" else images.sum((1, 2))
    scaled = images / np.where(total > 0, total, 1.0)[:, None, None]
    if norm == "sqrt":
        scaled = np.sqrt(scaled)
    elif norm == "log":
        scaled = np.log1p(LOG_SCALE * scaled) / LOG_RANGE
    return scaled.astype(np.float32)


def shares(images: np.ndarray, norm: Norm) -> np.ndarray:
    """The shares of the jet's pT, (N, H, W) float64 with sum 1, that scaled images stand for.

    What a model reconstructs may be negative: that counts as empty. An image without pT becomes a flat one.
    """
    positive = np.clip(images, 0.0, None).astype(np.float64)
    if norm == "sqrt":
        positive = positive**2
    elif norm == "log":
        positive = np.expm1(LOG_RANGE * positive) / LOG_SCALE
    total = positive.sum((1, 2), keepdims=True)
    flat = 1.0 / (images.shape[1] * images.shape[2])
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), flat)
