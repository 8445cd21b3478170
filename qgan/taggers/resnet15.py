"""ResNet-15 on images: a convolution, three stages of two basic blocks, a mean over the pixels, a dense layer.

With the 1×1 convolutions beside the two blocks that halve the image it has 15 convolutions. It sees what the residual
network of :mod:`.residual` does; unlike that one it keeps the full resolution for a stage.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import convolution, dense
from .registry import TAGGERS, Tagger
from .residual import coordinates, pixels, seen, views
from .training import Network


class ResNet15(nn.Module):
    """Pixels (B, H, W) or (B, C, H, W), GeV → logits (B, logits).

    Args:
        shape: (H, W) or (C, H, W).
        logits: how many.
        rng: of the weights, on the CPU.
        widths: channels of the stages.
        places: whether the pixels' coordinates are channels of their own.
    """

    place: Tensor

    def __init__(self, shape: tuple[int, ...], logits: int, rng: torch.Generator, *,
                 widths: Sequence[int] = (16, 32, 64), places: bool = True) -> None:
        super().__init__()
        self.register_buffer("place", coordinates(shape)[:3 if places else 0], persistent=False)
        self.first = convolution(views(shape) + len(self.place), widths[0], 3, 1, rng)
        before = [widths[0], *widths]
        self.blocks = nn.Sequential(*(
            Basic(width if block else before[stage], width, 2 if stage and not block else 1, rng)
            for stage, width in enumerate(widths) for block in range(2)))
        self.last = dense(widths[-1], logits, rng)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.blocks(torch.relu(self.first(seen(x, self.place)))).mean((2, 3)))


class Basic(nn.Module):
    """Two 3×3 convolutions beside the input itself, or a 1×1 convolution of it where the shape changes."""

    def __init__(self, before: int, after: int, stride: int, rng: torch.Generator) -> None:
        super().__init__()
        self.one, self.two = convolution(before, after, 3, stride, rng), convolution(after, after, 3, 1, rng)
        same = before == after and stride == 1
        self.straight = nn.Identity() if same else convolution(before, after, 1, stride, rng)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.straight(x) + self.two(torch.relu(self.one(x))))


TAGGERS.add("resnet15", Tagger(Network(ResNet15, pixels), "ResNet-15 on images"))
