"""VGG-12 on images: blocks of 2, 2, 3 and 3 convolutions, each block at half the resolution, and two dense layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import convolution, dense
from .registry import TAGGERS, Tagger
from .residual import coordinates, pixels, seen, views
from .training import Network

#: Convolutions of each block.
BLOCKS = (2, 2, 3, 3)


class VGG12(nn.Module):
    """Pixels (B, H, W) or (B, C, H, W), GeV → logits (B, logits).

    Args:
        shape: (H, W) or (C, H, W).
        logits: how many.
        rng: of the weights, on the CPU.
        width: channels of the first block, twice as many in each further one.
        places: whether the pixels' coordinates are channels of their own.
    """

    place: Tensor

    def __init__(self, shape: tuple[int, ...], logits: int, rng: torch.Generator, *, width: int = 16,
                 places: bool = True) -> None:
        super().__init__()
        self.register_buffer("place", coordinates(shape)[:3 if places else 0], persistent=False)
        layers, before = list[nn.Module](), views(shape) + len(self.place)
        for block, convolutions in enumerate(BLOCKS):
            for _ in range(convolutions):
                layers += [convolution(before, width << block, 3, 1, rng), nn.ReLU()]
                before = width << block
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        self.layers = nn.Sequential(*layers)
        self.hidden, self.last = dense(before, before, rng), dense(before, logits, rng)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.hidden(self.layers(seen(x, self.place)).mean((2, 3)))))


TAGGERS.add("vgg12", Tagger(Network(VGG12, pixels, rate=3e-3, ramp=True), "VGG-12 on images"))
