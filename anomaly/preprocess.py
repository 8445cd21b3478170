"""Images as an anomaly model takes them: resized with their pT kept, and normalised jet by jet."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qgan.data.jets import JetImages
from qgan.errors import DataError

Norm = Literal["max", "sum"]
Method = Literal["pool", "area"]


def prepare(jets: JetImages, size: int = 12, norm: Norm = "max", method: Method = "pool") -> np.ndarray:
    """Resized and normalised images, (N, size, size) float32.

    Raises:
        DataError: there are fewer than ``size`` pixels to pool.
    """
    if size < 1 or (method == "pool" and size > min(jets.grid.shape)):
        height, width = jets.grid.shape
        raise DataError(jets.source, "image", f"{height} x {width} pixels cannot be pooled to {size} x {size}; "
                                              "a larger image needs the method 'area'")
    return normalise((sum_pool if method == "pool" else area_resize)(jets.images, size), norm)


def sum_pool(images: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W) to (N, size, size) by adding whole pixels; what does not divide is cut off at the border.

    Of 25 pixels pooled to 12 the last one is cut off: the pixel on the jet's axis, the hardest, stays whole.
    """
    blocks = []
    for n in images.shape[1:]:
        block = n // size
        first = (n - block * size) // 2
        blocks.append((block, slice(first, first + block * size)))
    (height, rows), (width, columns) = blocks
    cut = images[:, rows, columns]
    return cut.reshape(len(images), size, height, size, width).sum((2, 4), dtype=np.float64).astype(np.float32)


def area_resize(images: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W) to (N, size, size), smaller or larger; each pixel is shared out by area, so that no pT is lost.

    Where ``size`` divides H and W this is sum-pooling; where it does not, a hard pixel on an edge is divided.
    """
    rows, columns = _shares(images.shape[1], size), _shares(images.shape[2], size)
    return np.einsum("ih,nhw,jw->nij", rows, images, columns, optimize=True).astype(np.float32)


def normalise(images: np.ndarray, norm: Norm) -> np.ndarray:
    """Each image divided by its maximum or by its sum; an empty image stays empty."""
    if norm not in ("max", "sum"):
        raise ValueError(f"norm is {norm!r}, expected 'max' or 'sum'")
    total = images.max((1, 2)) if norm == "max" else images.sum((1, 2))
    return (images / np.where(total > 0, total, 1.0)[:, None, None]).astype(np.float32)


def require_only(jets: JetImages, name: str) -> JetImages:
    """``jets``, if all of them are of the class ``name``.

    Raises:
        DataError: there are others, or none at all: what is to be found must not be trained on.
    """
    if name not in jets.class_names:
        raise DataError(jets.source, "signal", f"no class {name!r}; the classes are {', '.join(jets.class_names)}")
    others = int((jets.label != jets.class_names.index(name)).sum())
    if others:
        raise DataError(jets.source, "signal", f"{others} of {len(jets)} jets are no {name} jets, expected none")
    if not len(jets):
        raise DataError(jets.source, "signal", f"no {name} jets to train on")
    return jets


def _shares(n_in: int, n_out: int) -> np.ndarray:
    """(n_out, n_in): the share of each input pixel that falls into each output pixel; columns sum to 1."""
    low = np.arange(n_in) / n_in
    high = low + 1 / n_in
    edges = np.arange(n_out + 1) / n_out
    overlap = np.minimum(high, edges[1:, None]) - np.maximum(low, edges[:-1, None])
    return np.maximum(overlap, 0.0) * n_in
