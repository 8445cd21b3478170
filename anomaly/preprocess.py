"""Images as an anomaly model takes them: fewer pixels of the same total pT, normalised jet by jet."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qgan.data.jets import JetImages
from qgan.errors import DataError

Norm = Literal["max", "sum"]


def prepare(jets: JetImages, size: int = 12, norm: Norm = "max") -> np.ndarray:
    """Resized and normalised images, (N, size, size) float32."""
    return normalise(resize(jets.images, size), norm)


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W) to (N, size, size); each pixel is shared out by area, so that every jet keeps its pT.

    Where ``size`` divides H and W this is sum-pooling.
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
