"""A broad list of observables, for referees: most of them no loss has ever looked at.

They come in families, each a file, which are measured together. Which of them the losses, codings or laws of a given
generator do look at is another matter (:mod:`qgan.evaluation.used`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..base.registry import Registry
from ..data.grid import Grid

_BLOCK = 1024


@dataclass(frozen=True)
class Family:
    """Observables that are measured together.

    Attributes:
        units: by name, empty for a pure number.
        measure: images (N, H, W), GeV, and their grid → each name's values, (N,) float64; 0 where an image has none.
    """

    units: Mapping[str, str]
    measure: Callable[[np.ndarray, Grid], Mapping[str, np.ndarray]]


FAMILIES: Registry[Family] = Registry("family of observables", "qgan.families", package="qgan.observables", of=Family)


def broad_units() -> dict[str, str]:
    """Names and units of all of them, in order."""
    return {name: unit for family in FAMILIES.values() for name, unit in family.units.items()}


def broad(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Every observable of every family.

    Args:
        images: (N, H, W) pixel pT in GeV.
        grid: where the pixels lie.

    Returns:
        Each name's values, (N,) float64.

    Raises:
        ValueError: images of another shape than the grid.

    >>> images = np.zeros((1, 3, 3))
    >>> images[0, 1, 2] = 250.0
    >>> float(broad(images, Grid.square(3, 0.3))["centroid_phi"][0].round(9))
    0.2
    """
    if images.ndim != 3 or images.shape[1:] != grid.shape:
        raise ValueError(f"images of shape {images.shape} do not fit a grid of {grid.height} x {grid.width} pixels")
    found = {name: np.zeros(len(images)) for name in broad_units()}
    for start in range(0, len(images), _BLOCK):
        for family in FAMILIES.values():
            for name, values in family.measure(images[start:start + _BLOCK], grid).items():
                found[name][start:start + _BLOCK] = values
    return found
