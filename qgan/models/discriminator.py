"""The discriminator: image and conditions → one logit.

Three branches: convolutions over the image (network space, a soft occupancy, a logarithm and the pixels'
coordinates), a small network over the image's observables in units of their spread, and the distance of
each image's features to those of the rest of its batch, which shows missing variety. The conditions
enter the head and, by projection, the image features (Miyato and Koyama, arXiv:1802.05637).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from ..base.processes import gather
from ..data.grid import Grid
from ..observables.tensors import statistics
from .blocks import SLOPE
from .residual import ResidualTrunk, Views

#: Observables of the branch; pT and the pixel mean are left out: the generator is told the image's sum.
OBSERVABLES = ("mass", "width", "sigma_r", "delta_r_mean", "delta_r_std", "pixel_std", "soft_nnz", "ptd",
               "leading_1", "leading_3", "clumps_3", "clumps_5")
FEATURES = 128
#: GeV; the occupancy channel is at one half there.
SOFT_PIXEL = 0.3


class PlainViews(nn.Module):
    """Network-space images and the same in GeV, (B, H, W) → (B, 5, H, W) with a soft occupancy and coordinates."""

    coordinates: Tensor

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        axes = np.meshgrid(np.linspace(-1, 1, grid.height), np.linspace(-1, 1, grid.width), indexing="ij")
        self.register_buffer("coordinates", torch.tensor(np.stack(axes), dtype=torch.float32))

    def forward(self, images: Tensor, gev: Tensor) -> Tensor:
        occupancy, logarithm = gev / (gev + SOFT_PIXEL), torch.log1p(gev / SOFT_PIXEL) / 3
        places = self.coordinates.expand(len(images), -1, -1, -1)
        return torch.cat((torch.stack((3 * images, occupancy, logarithm), 1), places), 1)


def _plain(grid: Grid, channels: int) -> tuple[nn.Module, nn.Module]:
    layers: list[nn.Module] = []
    height, width, previous = grid.height, grid.width, 5
    for factor in (1, 2, 4):
        layers += [nn.Conv2d(previous, factor * channels, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
        height, width, previous = height // 2, width // 2, factor * channels
    layers += [nn.Flatten(), nn.Linear(previous * height * width, FEATURES), nn.LeakyReLU(SLOPE)]
    return PlainViews(grid), nn.Sequential(*layers)


def _residual(grid: Grid, channels: int) -> tuple[nn.Module, nn.Module]:
    return Views(), ResidualTrunk(grid.shape, channels, FEATURES)


_TRUNKS = {"plain": _plain, "residual": _residual}


class Discriminator(nn.Module):
    """Network-space images (B, H, W), the same in GeV, and standardised conditions (B, C) → logits (B,).

    Args:
        n_conditions: C.
        grid: of the images.
        trunk: ``plain``, three convolutions of stride 2, or ``residual``.
        channels: of its first stage; each of the two that follow doubles them.
        observables: whether to use the observables' branch.
        batch_comparison: number of features compared within the batch, that of all processes; 0 for none.
        centre, spread: mean and standard deviation of :data:`OBSERVABLES` over real training jets.

    Raises:
        ValueError: the images are smaller than 8 pixels.
    """

    #: The observables that it is shown.
    judged: ClassVar[tuple[str, ...]] = OBSERVABLES

    centre: Tensor
    spread: Tensor

    def __init__(self, n_conditions: int, grid: Grid, *, trunk: str = "plain", channels: int = 32,
                 observables: bool = True, batch_comparison: int = 16, centre: Tensor | None = None,
                 spread: Tensor | None = None) -> None:
        super().__init__()
        if min(grid.shape) < 8:
            raise ValueError(f"images of {grid.height} x {grid.width} pixels: expected at least 8 a side")
        self.grid = grid
        self.register_buffer("centre", torch.zeros(len(OBSERVABLES)) if centre is None else centre.clone())
        # An observable that does not vary says nothing, whatever its scale.
        scale = torch.ones(len(OBSERVABLES)) if spread is None else torch.where(spread > 0, spread, 1.0)
        self.register_buffer("spread", scale)
        self.view, self.convolutions = _TRUNKS[trunk](grid, channels)
        self.conditions = nn.Sequential(nn.Linear(n_conditions, 64), nn.LeakyReLU(SLOPE))
        self.projection = nn.Linear(n_conditions, FEATURES)
        self.observables = nn.Sequential(nn.Linear(len(OBSERVABLES) + n_conditions, 64), nn.LeakyReLU(SLOPE),
                                         nn.Linear(64, 64), nn.LeakyReLU(SLOPE)) if observables else None
        self.comparison = nn.Linear(FEATURES, batch_comparison) if batch_comparison else None
        head = FEATURES + 64 + (64 if observables else 0) + batch_comparison
        self.head = nn.Sequential(nn.Linear(head, FEATURES), nn.LeakyReLU(SLOPE), nn.Linear(FEATURES, 1))

    @classmethod
    def of(cls, n_conditions: int, grid: Grid, options: Mapping[str, Any], observables: Tensor) -> Self:
        """Of a training: ``observables`` (N, S) are the :data:`OBSERVABLES` of its jets."""
        columns = observables.T.contiguous()
        return cls(n_conditions, grid, centre=columns.mean(1), spread=columns.std(1), **options)

    def seen(self, images: Tensor, gev: Tensor, values: Tensor | None = None) -> tuple[Tensor, ...]:
        """What the networks are shown, and no weight enters: channels (B, 5, H, W), and observables (B, S) if used.

        ``values`` are the :data:`OBSERVABLES` of ``gev`` where they are known, (B, S).
        """
        channels = self.view(images, gev).contiguous(memory_format=torch.channels_last)
        if self.observables is None:
            return (channels,)
        with torch.autocast(images.device.type, enabled=False):  # the convolutions alone may be less precise
            return channels, self._standardised(gev, values)

    def forward(self, images: Tensor, gev: Tensor, conditions: Tensor,
                seen: tuple[Tensor, ...] | None = None) -> Tensor:
        """(B, H, W), (B, H, W), (B, C) → (B,); ``seen`` is what :meth:`seen` gives, where that is known."""
        channels, *observables = self.seen(images, gev) if seen is None else seen
        features = self.convolutions(channels).to(conditions.dtype)
        with torch.autocast(images.device.type, enabled=False):
            return self._judge(features, observables, conditions)

    def _judge(self, features: Tensor, observables: list[Tensor], conditions: Tensor) -> Tensor:
        parts = [features, self.conditions(conditions)]
        if self.observables is not None:
            parts.append(self.observables(torch.cat((*observables, conditions), 1)))
        if self.comparison is not None:
            compared = self.comparison(features)
            parts.append((compared[:, None] - gather(compared)[None]).abs().mean(1))
        projected = (features * self.projection(conditions)).sum(1) / math.sqrt(FEATURES)
        return self.head(torch.cat(parts, 1)).squeeze(1) + projected

    def _standardised(self, gev: Tensor, values: Tensor | None = None) -> Tensor:
        """Observables in standard deviations, squashed to ±3: tails must not decide alone."""
        if values is None:
            values = torch.stack(tuple(statistics(gev, self.grid, OBSERVABLES).values()), 1)
        return 3 * torch.tanh((values - self.centre) / self.spread / 3)
