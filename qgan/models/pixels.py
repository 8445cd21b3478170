"""From feature maps to pixels: exact zeros, a least size, and the soft end of the spectrum.

With a, b and g from the last transposed convolution and a Gaussian ε per pixel, v = ReLU(a + b·ε·exp(g·ReLU(ε))) is
on or off at random, with a tail of its own above, and

    x = √(v (v + 2κ)),    then scaled to Σ x^(1/power) = 1, what is below the softest real pixels cut to zero.

For v far above the knee κ this is v + κ. Below it x² grows linearly in v instead of quadratically, so that the
spectrum of soft pixels falls as that of real ones does, dN/dln p ∝ p; a ReLU alone makes ∝ √p, too many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

from ..observables.tensors import safe_sqrt
from .blocks import SLOPE
from .texture import Texture

_NOISE_BOUNDS = (-8.0, 0.0)
#: Largest |g|.
_TAIL = 0.7
#: A pixel of this square root of the share counts as half lit.
_LIT = 0.03
#: Shares of the non-zero pixels that are softer than the least pixel, and than the knee.
SOFTEST, KNEE = 0.003, 0.5


@dataclass(frozen=True)
class PixelStatistics:
    """What the pixels of real network-space images are like; a generator starts from it.

    Attributes:
        mean: (H, W) mean of each pixel.
        occupancy: (H, W) share of the images in which it is not zero.
        softest: what all but a few in a thousand of the non-zero pixels exceed.
        knee: what half of them exceed.
    """

    mean: Tensor
    occupancy: Tensor
    softest: float
    knee: float

    @classmethod
    def of(cls, images: Tensor) -> PixelStatistics:
        """Of images (N, H, W) in network space.

        Raises:
            ValueError: every pixel is zero.
        """
        pixels = images[images > 0].sort().values
        if not len(pixels):
            raise ValueError("images without a pixel above zero")
        softest, knee = (float(pixels[int(share * len(pixels))]) for share in (SOFTEST, KNEE))
        return cls(images.mean(0), (images > 0).float().mean(0), softest, knee)

    @classmethod
    def flat(cls, shape: tuple[int, int], power: float) -> PixelStatistics:
        """Of images with the same in every pixel, half of them zero: where nothing is known."""
        each = math.prod(shape) ** -power
        return cls(torch.full(shape, each), torch.full(shape, 0.5), 0.0, 0.0)

    def start(self) -> tuple[Tensor, Tensor]:
        """(H, W) each: a/b and ln b of each pixel, for which v is on as often as it should be and has the right mean.

        Where the tail is Gaussian, g = 0.
        """
        normal = torch.distributions.Normal(0.0, 1.0)
        share = self.occupancy.clamp(1e-4, 0.999)
        # v = ReLU(b (t + ε)) is on with probability Φ(t) and has the mean b (φ(t) + t Φ(t)).
        threshold = normal.icdf(share)
        spread = self.mean.clamp_min(1e-6) / (normal.log_prob(threshold).exp() + threshold * share)
        spread = spread.clamp(*(math.exp(bound) for bound in _NOISE_BOUNDS))
        return threshold, spread.log()


class HalfStep(nn.Module):
    """A transposed convolution of stride 2 to few channels, kernel 6: (B, in, h, w) → (channels, B, H, W).

    As the convolution with kernel 3 that makes the four pixels of each place at once, which measures three times as
    fast on a CPU as ``nn.ConvTranspose2d`` with so few channels.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.phases = nn.Conv2d(in_channels, 4 * channels, 3, padding=1, bias=False)
        nn.init.normal_(self.phases.weight, 0.0, 0.02)

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        """``size`` is (H, W), at most (2h, 2w)."""
        count, _, height, width = x.shape
        maps = self.phases(x).permute(0, 2, 3, 1).reshape(count, height, width, 2, 2, self.channels)
        full = maps.permute(5, 0, 1, 3, 2, 4).reshape(self.channels, count, 2 * height, 2 * width)
        return full[:, :, :size[0], :size[1]]


class Neighbours(nn.Module):
    """What pixels do to those beside them: values and noise (B, H, W) → (B, H, W), little at first.

    All else is at half resolution, and blind to which of two neighbours the noise has switched on.

    Args:
        channels: of the layer between.
    """

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, channels, 3, padding=1), nn.Conv2d(channels, 1, 3, padding=1)
        nn.init.normal_(self.second.weight, 0.0, 0.02)

    def forward(self, values: Tensor, noise: Tensor) -> Tensor:
        return self.second(leaky_relu(self.first(_shown(values, noise)), SLOPE))[:, 0]


def _shown(values: Tensor, noise: Tensor) -> Tensor:
    """Each pixel so far, whether it is lit, and its noise: (B, 3, H, W), of order one."""
    lit = relu(values)
    return torch.stack((3 * lit, lit / (lit + _LIT), noise), 1)


class PixelHead(nn.Module):
    """Feature maps at half resolution (B, C, h, w) → network-space images (B, H, W).

    Pixels that are zero in every training jet stay zero.

    Args:
        channels: C.
        pixels: what the images start from.
        noisy: whether :meth:`forward` is given noise.
        power: of network space.
        texture: channels of a network that sees what lies between neighbouring pixels; 0 for none.
    """

    softest: Tensor
    knee: Tensor
    reached: Tensor
    unit: Tensor

    def __init__(self, channels: int, pixels: PixelStatistics, noisy: bool, power: float,
                 texture: int = 0) -> None:
        super().__init__()
        self.noisy, self.power = noisy, power
        self.register_buffer("softest", torch.tensor(pixels.softest))
        self.register_buffer("knee", torch.tensor(pixels.knee))
        self.register_buffer("reached", (pixels.occupancy > 0).float())
        # The bias of each pixel is learned below.
        self.convolution = HalfStep(channels, 3)
        threshold, log_spread = pixels.start()
        self.bias = nn.Parameter(torch.stack((threshold, log_spread, torch.zeros_like(threshold))))
        # Adam's steps are of one size whatever the gradient: in units of each pixel's own spread they stay small where
        # pixels are rare, and rare pixels do not drift apart from their neighbours.
        self.register_buffer("unit", log_spread.exp())
        self.neighbours = Neighbours() if noisy else None
        self.texture = Texture(6, texture) if noisy and texture else None

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """``noise`` is (B, H, W)."""
        with torch.autocast(x.device.type, enabled=False):  # pixels span four orders of magnitude
            return self._pixels(x.to(self.bias.dtype), noise)

    def _pixels(self, x: Tensor, noise: Tensor | None) -> Tensor:
        maps = self.convolution(x, self.bias.shape[1:])
        value, log_noise, tail = maps + self.bias[:, None]
        value, spread = self.unit * value, log_noise.clamp(*_NOISE_BOUNDS).exp()
        if noise is not None and self.neighbours is not None:
            value = value + spread * noise * (tail.clamp(-_TAIL, _TAIL) * relu(noise)).exp()
            value = value + spread * self.neighbours(value, noise)
            if self.texture is not None:
                value = value + spread * self.texture(torch.cat((_shown(value, noise), maps.transpose(0, 1)), 1))
        value = relu(value) * self.reached
        return self.cut(kneed(value, self.knee, self.power))

    def cut(self, images: Tensor) -> Tensor:
        """Without what is softer than any real pixel."""
        return cut(images, self.softest, self.power)


def kneed(value: Tensor, knee: Tensor, power: float) -> Tensor:
    """x = √(v (v + 2κ)) of values (B, H, W), scaled to Σ x^(1/power) = 1."""
    return normalise(safe_sqrt(value * (value + 2 * knee)), power)


def cut(images: Tensor, softest: Tensor, power: float) -> Tensor:
    """Images (B, H, W) without what is below ``softest``; the hardest pixel stays, so that no jet is empty."""
    least = torch.minimum(softest, images.amax((1, 2), keepdim=True))
    return normalise(images * (images >= least), power)


def normalise(x: Tensor, power: float = 0.5) -> Tensor:
    """(B, H, W) scaled to Σ x^(1/power) = 1, with power 0.5 to unit length; an image of zeros stays zero."""
    return x * x.pow(1 / power).sum((1, 2), keepdim=True).clamp_min(1e-12).pow(-power)
