"""A residual trunk for the discriminator, with the pixels' pT spread over four orders of magnitude."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, leaky_relu

from .blocks import SLOPE

#: GeV; below the one a pixel is soft, below the other hardly there.
_HARD, _SOFT, _LIT, _THERE = 1.0, 0.02, 0.1, 0.01
_VIEWS = 5


class Views(nn.Module):
    """Network-space images and the same in GeV, (B, H, W) → (B, 5, H, W): what hard, soft and faint pixels show.

    3·√share, ln(1 + p/1 GeV), ln(1 + p/20 MeV), p/(p + 0.1 GeV) and p/(p + 10 MeV), each of order one.
    """

    def forward(self, images: Tensor, gev: Tensor) -> Tensor:
        return torch.stack((3 * images, torch.log1p(gev / _HARD) / 4, torch.log1p(gev / _SOFT) / 4,
                            gev / (gev + _LIT), gev / (gev + _THERE)), 1)


class Residual(nn.Module):
    """Two convolutions beside a shortcut, (B, in, h, w) → (B, out, h, w)."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, channels, 1) if in_channels != channels else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        inner = self.second(leaky_relu(self.first(x), SLOPE))
        return leaky_relu(self.shortcut(x) + inner, SLOPE)


class ResidualTrunk(nn.Module):
    """Views (B, 5, H, W) → features (B, features): stages of c, 2c and 4c channels, each at half the size before.

    It knows where each pixel lies: x, y and r, from −1 to 1.

    Args:
        shape: (H, W).
        channels: c.
        features: length of the result.
    """

    place: Tensor

    def __init__(self, shape: tuple[int, int], channels: int, features: int) -> None:
        super().__init__()
        y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in shape), indexing="ij")
        self.register_buffer("place", torch.stack((y, x, torch.hypot(y, x))), persistent=False)
        self.stages = nn.ModuleList()
        height, width, previous = *shape, _VIEWS + len(self.place)
        for factor in (1, 2, 4):
            self.stages.append(Residual(previous, factor * channels))
            height, width, previous = height // 2, width // 2, factor * channels
        self.flat = nn.Linear(previous * height * width, features)

    def forward(self, views: Tensor) -> Tensor:
        x = torch.cat((views, self.place.expand(len(views), -1, -1, -1).to(views)), 1)
        x = x.contiguous(memory_format=torch.channels_last)
        for stage in self.stages:
            x = avg_pool2d(stage(x), 2)
        return leaky_relu(self.flat(x.flatten(1)), SLOPE)
