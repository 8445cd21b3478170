"""What the published recipe does around its networks.

Pixels are shares of the largest pixel of all training images, pT and mass are scaled to [0, 1], the statistics of the
pixels are those of pixels over the largest one, everything else enters as it is. The η-flip reverses the rows although
the jets' frame is canonical, and those of a crop that is not centred.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from ...data.grid import Grid
from ...data.jets import Frame
from ..blueprint import Blueprint
from ..pixels import PixelStatistics
from ..symmetry import EtaFlip, SymmetryMode
from ..transforms import ConditionTransform, PixelTransform
from .networks import PublishedGenerator

#: Options that the network has; the others of the configuration do not concern it.
OPTIONS = ("n_qubits", "n_layers", "n_rotations", "backend")
#: Conditions in units of the largest pixel, and those scaled to [0, 1].
IN_PIXELS, TO_UNIT_RANGE = ("delta_r_mean", "delta_r_std", "pixel_mean", "pixel_std"), ("pt", "mass")


class PublishedBlueprint(Blueprint):
    """A generator of the published recipe without weights; see :class:`~qgan.models.blueprint.Blueprint`."""

    @classmethod
    def fit(cls, network: Mapping[str, Any], images: np.ndarray, table: np.ndarray, names: Sequence[str], grid: Grid, *,
            power: float, frame: Frame, symmetry: SymmetryMode, seed: int,
            plugins: Sequence[str] = ()) -> PublishedBlueprint:
        largest = float(images.max())
        return cls(dict(network), unit_range(table, names, largest), PixelTransform(power), grid, largest, "raw",
                   symmetry, seed, tuple(plugins))

    @staticmethod
    def without(network: Mapping[str, Any]) -> Collection[str]:
        return network.keys() - {"architecture", "exact", *OPTIONS}

    def flip(self) -> EtaFlip:
        return EtaFlip.of(self.conditions.names, self.frame)

    def _network(self, pixels: PixelStatistics | None) -> nn.Module:
        return PublishedGenerator(len(self.conditions.names), self.grid.shape, seed=self.seed,
                                  **{name: self.network[name] for name in OPTIONS})


def unit_range(table: np.ndarray, names: Sequence[str], largest: float) -> ConditionTransform:
    """The transform of the conditions (N, C): see above; ``largest`` is the largest pixel in GeV."""
    shift, scale = np.zeros(len(names)), np.ones(len(names))
    for i, name in enumerate(names):
        if name in TO_UNIT_RANGE:
            shift[i], scale[i] = table[:, i].min(), np.ptp(table[:, i])
        elif name in IN_PIXELS:
            scale[i] = largest
    return ConditionTransform(tuple(names), tuple(shift.tolist()), tuple(scale.tolist()))
