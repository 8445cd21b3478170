"""A broad list of observables, for referees: most of them no loss has ever looked at.

Which of them the losses, codings or laws of a given generator do look at is another matter
(:mod:`qgan.evaluation.used`).
"""

from __future__ import annotations

import numpy as np

from ..data.grid import Grid
from . import clusters, correlators, hardest, moments, radial, spectrum

#: Modules with a table ``UNITS`` of names, and ``measure(images, grid)``.
FAMILIES = (moments, radial, hardest, spectrum, clusters, correlators)
UNITS = {name: unit for family in FAMILIES for name, unit in family.UNITS.items()}
BROAD = tuple(UNITS)
_BLOCK = 1024


def broad(images: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Every observable of :data:`BROAD`.

    Args:
        images: (N, H, W) pixel pT in GeV.
        grid: where the pixels lie.

    Returns:
        Each name's values, (N,) float64, in its unit of :data:`UNITS`.

    Raises:
        ValueError: images of another shape than the grid.

    Example:
        ``broad(jets.images, jets.grid)["planar_flow"]``
    """
    if images.ndim != 3 or images.shape[1:] != grid.shape:
        raise ValueError(f"images of shape {images.shape} do not fit a grid of {grid.height} x {grid.width} pixels")
    found = {name: np.zeros(len(images)) for name in BROAD}
    for start in range(0, len(images), _BLOCK):
        block = images[start:start + _BLOCK]
        for family in FAMILIES:
            for name, values in family.measure(block, grid).items():
                found[name][start:start + _BLOCK] = values
    return found
