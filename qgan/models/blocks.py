"""What the networks are made of: an upsampling block with style and noise, normalisation, sizes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

SLOPE = 0.2
#: From so many rows on a product rounds each as it does with any number.
ROWS = 16


def pyramid(shape: tuple[int, int], levels: int = 3) -> list[tuple[int, int]]:
    """Image sizes from coarse to fine, each half (rounded up) of the next: (25, 25) → 4, 7, 13, 25."""
    sizes = [shape]
    for _ in range(levels):
        height, width = sizes[0]
        sizes.insert(0, ((height + 1) // 2, (width + 1) // 2))
    return sizes


def steadily(product: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A product with the rows of x (B, k) that rounds each alike whatever stands beside it.

    A product of few rows takes another way through the libraries than one of many, so zeros are put beside few.
    """
    if torch.compiler.is_compiling() or x.shape[0] >= ROWS:
        return product(x)
    return product(pad(x, (0, 0, 0, ROWS - x.shape[0])))[:x.shape[0]]


class Steady(nn.Linear):
    """A linear layer that does so."""

    def forward(self, x: Tensor) -> Tensor:
        return steadily(super().forward, x)


class Modulated(nn.Module):
    """Convolution → learned noise → unit power → scale and shift by the style → leaky ReLU.

    Args:
        convolution: from ``in_channels`` to ``channels``.
        channels: number of its output channels.
        style: length of the style vector.
        noisy: whether :meth:`forward` is given noise.
    """

    def __init__(self, convolution: nn.Module, channels: int, style: int, noisy: bool) -> None:
        super().__init__()
        self.convolution = convolution
        self.style = Steady(style, 2 * channels)
        nn.init.normal_(self.style.weight, 0.0, 0.02)
        nn.init.zeros_(self.style.bias)
        self.noise_gain = nn.Parameter(torch.full((channels, 1, 1), 0.1)) if noisy else None

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None = None,
                size: tuple[int, int] | None = None) -> Tensor:
        """x (B, in, h, w), style (B, style), noise (B, 1, H, W) → (B, channels, H, W)."""
        x = self.convolution(x) if size is None else self.convolution(x, output_size=list(size))
        if self.noise_gain is not None and noise is not None:
            x.addcmul_(self.noise_gain, noise)
        scale, shift = self.style(style)[:, :, None, None].chunk(2, 1)
        # Each sample by its own power, not the batch's, so that samples stay independent. Both factors go into one
        # multiplication, since a pass over the feature maps costs as much as part of a convolution.
        power = torch.linalg.vector_norm(x, dim=(1, 2, 3), keepdim=True).square() / x[0].numel()
        # New memory of this size costs as much as the arithmetic; only a gradient needs the old values.
        target = None if torch.is_grad_enabled() else x
        x = torch.addcmul(shift, x, (1 + scale) * torch.rsqrt(power + 1e-6), out=target)
        return leaky_relu(x, SLOPE, inplace=True)


class Upsample(nn.Module):
    """A transposed convolution to twice the size and a convolution at that size.

    Neither has a bias: the style's shift does the same, and on a CPU a transposed convolution with a bias measures
    twice as slow as one without.
    """

    def __init__(self, in_channels: int, channels: int, style: int, noisy: bool) -> None:
        super().__init__()
        up = nn.ConvTranspose2d(in_channels, channels, 3, stride=2, padding=1, bias=False)
        self.up = Modulated(up, channels, style, noisy)
        same = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.refine = Modulated(same, channels, style, noisy)

    @property
    def noise_maps(self) -> int:
        """Number of noise maps that :meth:`forward` takes."""
        return sum(part.noise_gain is not None for part in (self.up, self.refine))

    def forward(self, x: Tensor, style: Tensor, size: tuple[int, int], noise: list[Tensor]) -> Tensor:
        """x (B, in, h, w) → (B, channels, *size); ``noise`` holds ``noise_maps`` tensors (B, 1, *size)."""
        maps = iter(noise)
        return self.refine(self.up(x, style, next(maps, None), size), style, next(maps, None))
