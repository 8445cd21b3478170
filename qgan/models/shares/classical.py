"""Classical rivals of the circuits: each knows something of images, and spends the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, logsigmoid

from ...quantum.registers import bits_for
from ..blocks import SLOPE
from .qubits import Pixels, signs
from .registry import SHARES, ShareSetting, nearest, trained_numbers
from .tree import in_turns


class Coordinates(nn.Module):
    """A perceptron of a pixel's place and the inputs, asked for every pixel: (B, k) → (B, H, W).

    Args:
        in_features: k.
        shape: (H, W).
        width: of its two hidden layers.
    """

    place: Tensor

    def __init__(self, in_features: int, shape: tuple[int, int], width: int) -> None:
        super().__init__()
        y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in shape), indexing="ij")
        waves = [wave(math.pi * scale * axis) for scale in (1, 2) for axis in (y, x) for wave in (torch.sin, torch.cos)]
        self.register_buffer("place", torch.stack((y, x, torch.hypot(y, x), *waves), -1).flatten(0, 1),
                             persistent=False)
        self.shape = shape
        self.of_place, self.of_inputs = nn.Linear(self.place.shape[1], width), nn.Linear(in_features, width, bias=False)
        self.hidden, self.out = nn.Linear(width, width), nn.Linear(width, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = torch.tanh(self.of_place(self.place) + self.of_inputs(inputs)[:, None])
        logits = self.out(torch.tanh(self.hidden(hidden)))[..., 0]
        return logits.log_softmax(1).unflatten(1, self.shape)


class Bits(nn.Module):
    """The bits of row and column one after another, each given those before it and the inputs (MADE,
    arXiv:1502.03509): (B, k) → (B, H, W).

    Rows and columns take turns, the most significant bits first, Gray-coded as in the circuits.

    Args:
        in_features: k.
        shape: (H, W).
        width: of the hidden layer.
    """

    bits: Tensor
    seen: Tensor
    used: Tensor

    def __init__(self, in_features: int, shape: tuple[int, int], width: int) -> None:
        super().__init__()
        counts = [bits_for(side) for side in shape]
        n = sum(counts)
        # (H · W, n): of each pixel the bits in the order they are drawn; no other outcome is asked for.
        pixels = Pixels(shape)
        of_pixels = (pixels.rows[:, None] * 2**counts[1] + pixels.columns).flatten()
        self.register_buffer("bits", signs(n)[in_turns(*counts)].T[of_pixels], persistent=False)
        degree = torch.arange(width) % n
        place = torch.arange(n)
        self.register_buffer("seen", (place[None] < degree[:, None]).float(), persistent=False)
        self.register_buffer("used", (degree[None] <= place[:, None]).float(), persistent=False)
        self.shape = shape
        self.of_inputs, self.out_bias = nn.Linear(in_features, width), nn.Parameter(torch.zeros(n))
        # Only what the masks leave is a number of the model.
        self.of_bits = nn.Parameter(0.5 * torch.randn(int(self.seen.sum())))
        self.out = nn.Parameter(0.3 * torch.randn(int(self.used.sum())))

    def forward(self, inputs: Tensor) -> Tensor:
        of_bits = torch.zeros_like(self.seen).masked_scatter(self.seen > 0, self.of_bits)
        out = torch.zeros_like(self.used).masked_scatter(self.used > 0, self.out)
        hidden = torch.tanh((self.bits @ of_bits.T)[None] + self.of_inputs(inputs)[:, None])
        logits = hidden @ out.T + self.out_bias
        return logsigmoid(logits * self.bits).sum(2).log_softmax(1).unflatten(1, self.shape)


class LowRank(nn.Module):
    """Sums of products of a row's and a column's numbers, weighted by the inputs: (B, k) → (B, H, W)."""

    def __init__(self, in_features: int, shape: tuple[int, int], rank: int) -> None:
        super().__init__()
        self.weights = nn.Linear(in_features, rank)
        self.rows, self.columns = (nn.Parameter(0.5 * torch.randn(rank, side)) for side in shape)

    def forward(self, inputs: Tensor) -> Tensor:
        logits = torch.einsum("br,rh,rw->bhw", self.weights(inputs), self.rows, self.columns)
        return logits.flatten(1).log_softmax(1).view_as(logits)


class Thin(nn.Module):
    """Transposed convolutions with few channels: (B, k) → (B, H, W).

    Args:
        in_features: k.
        shape: (H, W).
        channels: of all feature maps.
        side: of the smallest.
    """

    def __init__(self, in_features: int, shape: tuple[int, int], channels: int, side: int) -> None:
        super().__init__()
        self.shape, self.first = shape, (channels, side, side)
        self.start: nn.Module = nn.Linear(in_features, channels * side**2)
        steps = max(1, math.ceil(math.log2(max(shape) / side)))
        self.steps = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(steps - 1))
        self.last = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, inputs: Tensor) -> Tensor:
        x = leaky_relu(self.start(inputs), SLOPE).unflatten(1, self.first)
        for step in self.steps:
            x = leaky_relu(step(interpolate(x, scale_factor=2)), SLOPE)
        logits = self.last(interpolate(x, size=self.shape, mode="bilinear"))[:, 0]
        return logits.flatten(1).log_softmax(1).view_as(logits)


class MeanImage(nn.Module):
    """One image, whatever the inputs: (B, k) → (B, H, W)."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(shape))

    def forward(self, inputs: Tensor) -> Tensor:
        logits = self.logits.flatten().log_softmax(0).view_as(self.logits)
        return logits.expand(len(inputs), -1, -1)


def _near(setting: ShareSetting, kind: type[nn.Module], sizes: Iterable[tuple[int, ...]]) -> nn.Module:
    def of(size: tuple[int, ...]) -> nn.Module:
        return kind(setting.in_features, setting.shape, *size)

    return of(nearest(setting.numbers, sizes, lambda size: trained_numbers(of(size))))


@SHARES.register("coordinates")
def _coordinates(setting: ShareSetting) -> nn.Module:
    return _near(setting, Coordinates, zip(range(1, 300)))


@SHARES.register("bits")
def _bits(setting: ShareSetting) -> nn.Module:
    return _near(setting, Bits, zip(range(1, 600)))


@SHARES.register("low_rank")
def _low_rank(setting: ShareSetting) -> nn.Module:
    return _near(setting, LowRank, zip(range(1, 300)))


@SHARES.register("thin")
def _thin(setting: ShareSetting) -> nn.Module:
    return _near(setting, Thin, product(range(1, 60), (3, 4, 5)))


@SHARES.register("mean_image")
def _mean_image(setting: ShareSetting) -> nn.Module:
    return MeanImage(setting.shape)
