"""Images as an anomaly model takes them: resized with their pT kept, and normalised jet by jet."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qgan.data.convert import centre_crop, resize_images
from qgan.data.jets import JetImages
from qgan.errors import DataError

Norm = Literal["max", "sum"]
Method = Literal["pool", "area"]


def prepare(jets: JetImages, size: int = 12, norm: Norm = "max", method: Method = "pool") -> np.ndarray:
    """Resized and normalised images, (N, size, size) float32.

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
    return normalise(resize_images(jets.images, size), norm)


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
