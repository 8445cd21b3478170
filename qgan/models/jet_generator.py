"""A generator network with all that turns it into a source of jets: transforms and the scale of the pixels.

The network knows standardised conditions and network-space images. Around it stand the physical table of
conditions (GeV, radians, label) on the one side and pixels in GeV on the other. The sum of an image is not
left to the network where the pixel mean is among its codings: it is that number times the pixels. Nor is its mass
left to it alone where ``image_mass`` is one (see :mod:`qgan.models.mass`).
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from ..data.grid import Grid
from .mass import ExactMass
from .symmetry import SymmetricGenerator
from .transforms import ConditionTransform, PixelTransform


class JetGenerator(nn.Module):
    """Table of physical conditions (B, C) and noise (B, F) → network-space images and images in GeV, (B, H, W).

    Args:
        network: standardised conditions and noise → network-space images.
        conditions: transform of the table; its ``names`` are the columns.
        pixels: transform of the images.
        grid: of the images.
        scale: GeV that a network-space pixel of 1 stands for; left out, it is the image's sum as the
            ``pixel_mean`` coding gives it.
        exact_mass: whether images are given the mass of the ``image_mass`` coding, if there is one.

    Raises:
        ValueError: neither a scale nor ``pixel_mean`` among the conditions.
    """

    def __init__(self, network: nn.Module, conditions: ConditionTransform, pixels: PixelTransform, grid: Grid, *,
                 scale: float | None = None, exact_mass: bool = False) -> None:
        super().__init__()
        if scale is None and "pixel_mean" not in conditions.names:
            raise ValueError("data.codings: pixel_mean must be among them, since it sets the sum of the image")
        self.network, self.conditions, self.pixels, self.grid = network, conditions, pixels, grid
        self.fixed_scale = scale
        self.mass = ExactMass(grid) if exact_mass and scale is None and "image_mass" in conditions.names else None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the table."""
        return self.conditions.names

    @property
    def noise_features(self) -> int:
        return int(self.network.noise_features)  # type: ignore[arg-type]

    def scale(self, table: Tensor) -> Tensor:
        """GeV of a network-space pixel of 1 for each row, (B,)."""
        if self.fixed_scale is not None:
            return table.new_full((table.shape[0],), self.fixed_scale)
        return table[:, self.names.index("pixel_mean")] * math.prod(self.grid.shape)

    def forward(self, table: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Images in network space and in GeV."""
        seen, scale = self.conditions.forward(table), self.scale(table)
        if self.mass is None:
            images = self.network(seen, noise)
        elif isinstance(self.network, SymmetricGenerator):
            # Before images are mirrored, so that the symmetry stays exact to the last bit.
            images = self.network(seen, noise, lambda made: self._with_mass(made, table, scale))
        else:
            images = self._with_mass(self.network(seen, noise), table, scale)
        return images, self.pixels.to_gev(images, scale)

    def _with_mass(self, images: Tensor, table: Tensor, scale: Tensor) -> Tensor:
        assert self.mass is not None
        return self.mass(images, table[:, self.names.index("image_mass")] / scale, self.pixels.power)
