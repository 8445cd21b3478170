"""What lies between neighbouring pixels, at full resolution: which of them are lit together and which alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from .blocks import SLOPE


class Texture(nn.Module):
    """Maps (B, maps, H, W) of what each pixel is so far → what is added to it, (B, H, W), little at first.

    Three convolutions, so that a pixel sees those up to three pixels away.

    Args:
        maps: how many.
        channels: of the layers between.
    """

    def __init__(self, maps: int, channels: int) -> None:
        super().__init__()
        self.first, self.second, self.last = (nn.Conv2d(a, b, 3, padding=1)
                                              for a, b in ((maps, channels), (channels, channels), (channels, 1)))
        nn.init.normal_(self.last.weight, 0.0, 0.02)
        nn.init.zeros_(self.last.get_parameter("bias"))

    def forward(self, maps: Tensor) -> Tensor:
        x = maps.contiguous(memory_format=torch.channels_last)
        return self.last(leaky_relu(self.second(leaky_relu(self.first(x), SLOPE)), SLOPE))[:, 0]
