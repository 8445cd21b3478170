"""What readers of images that others made have in common: channels, sizes, frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .convert import resize
from .grid import Grid
from .jets import JetImages
from .reading import Channel, Reading
from .reframe import to_canonical
from .units import Units

CHANNELS = {"tracks": 0, "ecal": 1, "hcal": 2}


def image_builder(path: str, grid: Grid, names: tuple[str, ...], options: Reading, *, units: Units = "GeV",
                  origin: dict[str, Any] | None = None
                  ) -> Callable[[np.ndarray, np.ndarray, dict[str, np.ndarray]], JetImages]:
    """A function from raw images, labels and conditions to jets of the size and in the frame that were asked for."""
    made = {"file": Path(path).name, **(origin or {})}

    def build(images: np.ndarray, label: np.ndarray, conditions: dict[str, np.ndarray]) -> JetImages:
        jets = JetImages(images, label, conditions, grid, "raw", options.class_names or names, made, path,
                         units=options.units or units)
        jets = resize(jets, options.size) if options.size else jets
        return to_canonical(jets) if options.frame == "canonical" else jets

    return build


def one_channel(images: np.ndarray, channel: Channel, axis: int) -> np.ndarray:
    """Of images with channels along ``axis`` the one that is asked for, or their sum.

    Channels that all hold the same are one image, as a picture in grey has three.
    """
    if images.shape[axis] == 1:
        return images.squeeze(axis)
    if channel != "sum":
        return np.ascontiguousarray(np.take(images, CHANNELS[channel], axis=axis), np.float32)
    first = np.take(images, [0], axis=axis)
    if (images == first).all() and images.any():
        return np.ascontiguousarray(first.squeeze(axis))
    return images.sum(axis=axis, dtype=np.float32)
