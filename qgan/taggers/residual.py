"""A residual network that tells jet images apart.

It sees each pixel four times, so that pT from 10 MeV to 100 GeV counts: √(share of the jet's pT), ln(1 + p/20 MeV),
ln(1 + p/1 GeV) and p/(p + 0.1 GeV); beside them stand the pixel's place, x, y and r, so that it knows where in the
frame it looks.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .layers import convolution, dense
from .registry import TAGGERS, Tagger
from .seen import Seen
from .training import Network

#: Filters at full resolution, and after each halving; the last number goes for all further ones.
WIDTHS = (16, 32, 64)
#: Images are halved, twice at least, until neither side is longer than this.
SMALLEST_SIDE = 7
#: Channels of :func:`inputs`, of each image of a jet.
VIEWS = 4
#: Added to shares before the root: far under the softest pixels', and its slope stays finite in empty ones.
_TINY = 1e-8


class Residual(nn.Module):
    """Pixels (B, H, W) or (B, C, H, W), GeV → logits (B, logits): residual blocks, each of half the resolution of the
    one before.

    Args:
        shape: (H, W) or (C, H, W).
        logits: how many.
        rng: of the weights, on the CPU.
    """

    place: Tensor

    def __init__(self, shape: tuple[int, ...], logits: int, rng: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("place", coordinates(shape), persistent=False)
        self.first = convolution(views(shape) + len(self.place), WIDTHS[0], 3, 1, rng)
        blocks, before, side, halvings = [], WIDTHS[0], max(shape[-2:]), 0
        while halvings < 2 or side > SMALLEST_SIDE:
            halvings, side = halvings + 1, (side + 1) // 2
            after = WIDTHS[min(halvings, len(WIDTHS) - 1)]
            blocks.append(_Block(before, after, rng))
            before = after
        self.blocks = nn.Sequential(*blocks)
        self.last = dense(before, logits, rng)
        # On a CPU a step takes a third longer with the channels first.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pixels: Tensor) -> Tensor:
        x = torch.relu(self.first(seen(pixels, self.place)))
        return self.last(self.blocks(x).mean((2, 3)))


def views(shape: tuple[int, ...]) -> int:
    """Channels of :func:`inputs` of images (H, W) or (C, H, W)."""
    return VIEWS * (shape[0] if len(shape) == 3 else 1)


def inputs(pixels: Tensor) -> Tensor:
    """Pixels (B, H, W), GeV → (B, 4, H, W), each of order one for hard pixels or for soft ones.

    Of (B, C, H, W), such as the detectors of an experiment, (B, 4 C, H, W): shares are of the sum of all C.
    """
    pixels = pixels if pixels.ndim == 4 else pixels[:, None]
    total = pixels.sum((1, 2, 3), keepdim=True)
    share = pixels / torch.where(total > 0, total, 1.0)
    return torch.cat([3 * ((share + _TINY).sqrt() - _TINY**0.5), torch.log1p(pixels / 0.02) / 3,
                        torch.log1p(pixels), pixels / (pixels + 0.1)], 1)


def seen(pixels: Tensor, place: Tensor) -> Tensor:
    """:func:`inputs` of pixels and, in further channels, their :func:`coordinates`."""
    x = torch.cat([inputs(pixels), place.expand(len(pixels), -1, -1, -1)], 1)
    return x.contiguous(memory_format=torch.channels_last)


def coordinates(shape: tuple[int, ...]) -> Tensor:
    """(3, H, W): y, x from −1 to 1, and r."""
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in shape[-2:]), indexing="ij")
    return torch.stack([y, x, torch.hypot(y, x)])


class _Block(nn.Module):
    """Two convolutions of stride 2 and 1 beside a straight one."""

    def __init__(self, before: int, after: int, rng: torch.Generator) -> None:
        super().__init__()
        self.one = convolution(before, after, 3, 2, rng)
        self.two = convolution(after, after, 3, 1, rng)
        self.straight = convolution(before, after, 1, 2, rng)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.straight(x) + self.two(torch.relu(self.one(x))))


def pixels(jets: Seen) -> np.ndarray:
    """(N, H, W) or (N, C, H, W) float32."""
    return np.asarray(jets.images, np.float32)


TAGGERS.add("resnet", Tagger(Network(Residual, pixels), "residual network on images"))
