"""The generator: conditions and noise → core (quantum) layer → transposed convolutions → image.

Everything the conditions say passes through the core layer; the convolutions add only pixel noise. The
image is x = ReLU(a + b·ε) with a, b from the last convolution and ε a Gaussian per pixel, scaled such that
Σ x^(1/power) = 1; what is softer than the softest pixels of real jets is cut. So pixels are exact zeros or of
a possible size, and x^(1/power) is the share of the image's pT in each pixel: x² with power 0.5.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from .blocks import SLOPE, Upsample, pyramid
from .core import Core, CoreKind

STYLE = 128
_NOISE_BOUNDS = (-8.0, 0.0)


class Generator(nn.Module):
    """Standardised conditions (B, n_conditions) and noise (B, noise_features) → images (B, H, W).

    Images are in network space: non-negative, with Σ x^(1/power) = 1.

    Args:
        n_conditions: number of conditions and codings.
        shape: (H, W) of the image.
        core, n_qubits, n_layers, n_rotations, readout, backend: see :class:`~qgan.models.core.Core`.
        noise: number of noise values that enter the core beside the conditions.
        channels: width of the feature maps at full resolution; coarser ones have up to four times as many.
        pixel_noise: learned amounts of noise on feature maps and pixels.
        mean_image: (H, W) mean network-space image of the training jets, the start of the learned pixel bias.
        softest: network-space pixels below this are cut to zero.
        power: of network space, above 0 and at most 1: a pixel is (share of the image's pT)^power.
        embedding_scale: size of the inputs beside the 1 of the amplitude embedding.
        seed: of the random layers.
    """

    def __init__(self, n_conditions: int, shape: tuple[int, int], *, core: CoreKind = "quantum", n_qubits: int = 8,
                 n_layers: int = 6, n_rotations: int = 8, readout: str = "state", backend: str = "torch",
                 noise: int = 48, channels: int = 16, pixel_noise: bool = True, mean_image: Tensor | None = None,
                 softest: float = 0.0, power: float = 0.5, embedding_scale: float = 0.3, seed: int = 0) -> None:
        super().__init__()
        self.shape, self.latent, self.embedding_scale = shape, noise, embedding_scale
        self.core = Core(core, n_conditions + noise, n_qubits=n_qubits, n_layers=n_layers, n_rotations=n_rotations,
                         readout=readout, backend=backend, seed=seed)
        start, *self.sizes = pyramid(shape)
        widths = (6 * channels, 4 * channels, 3 * channels, channels)
        features = self.core.out_features
        self.mapping = nn.Sequential(nn.Linear(features, STYLE), nn.LeakyReLU(SLOPE),
                                     nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE))
        self.start = nn.Sequential(nn.Linear(features, widths[0] * start[0] * start[1]), nn.LeakyReLU(SLOPE),
                                   nn.Unflatten(1, (widths[0], *start)))
        # A second convolution at full resolution would cost as much as all the rest together.
        blocks = [Upsample(widths[i], widths[i + 1], STYLE, pixel_noise, refine=i < len(self.sizes) - 1)
                  for i in range(len(self.sizes))]
        self.blocks = nn.ModuleList(blocks)
        self.pixels = PixelHead(channels, shape, mean_image, softest, pixel_noise, power)
        self._noise_sizes = [(block.noise_maps, size) for block, size in zip(blocks, self.sizes, strict=True)]

    @property
    def noise_features(self) -> int:
        """Length of the noise vector of one image: latent values, feature-map noise, pixel noise."""
        maps = sum(count * height * width for count, (height, width) in self._noise_sizes)
        return self.latent + maps + (math.prod(self.shape) if self.pixels.noisy else 0)

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        """(B, n_conditions), (B, noise_features) → (B, H, W)."""
        latent, noise = noise[:, :self.latent], noise[:, self.latent:]
        code = self.core(self.embedding_scale * torch.cat((conditions, latent), 1))
        style = self.mapping(code)
        x = self.start(code).contiguous(memory_format=torch.channels_last)
        for block, (count, size) in zip(self.blocks, self._noise_sizes, strict=True):
            used = count * math.prod(size)
            maps = list(noise[:, :used].reshape(len(noise), count, 1, *size).unbind(1)) if count else []
            noise = noise[:, used:]
            x = block(x, style, size, maps)
        return self.pixels(x, noise.reshape(-1, *self.shape) if self.pixels.noisy else None)


class PixelHead(nn.Module):
    """Feature maps (B, C, H, W) → network-space images (B, H, W) with exact zeros and Σ x^(1/power) = 1."""

    softest: Tensor

    def __init__(self, channels: int, shape: tuple[int, int], mean_image: Tensor | None, softest: float,
                 noisy: bool, power: float) -> None:
        super().__init__()
        self.noisy, self.power = noisy, power
        self.register_buffer("softest", torch.tensor(float(softest)))
        # The bias of each pixel is learned below.
        self.convolution = nn.Conv2d(channels, 2, 3, padding=1, bias=False)
        nn.init.normal_(self.convolution.weight, 0.0, 0.02)
        start = torch.full(shape, math.prod(shape) ** -power) if mean_image is None else mean_image.clone()
        # Start from the mean image with fluctuations of half its size: the core of the jet is in place at once.
        self.bias = nn.Parameter(torch.stack((start, torch.log(0.5 * start.clamp_min(1e-3)))))

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        value, log_noise = (self.convolution(x) + self.bias).unbind(1)
        if noise is not None:
            value = value + log_noise.clamp(*_NOISE_BOUNDS).exp() * noise
        images = normalise(relu(value), self.power)
        # A ReLU alone makes pixels of every size down to zero; towers and particles have a least one.
        # The hardest pixel stays in any case, so that no jet is empty.
        least = torch.minimum(self.softest, images.amax((1, 2), keepdim=True))
        return normalise(images * (images >= least), self.power)


def normalise(x: Tensor, power: float = 0.5) -> Tensor:
    """(B, H, W) scaled to Σ x^(1/power) = 1, with power 0.5 to unit length; an image of zeros stays zero."""
    return x * x.pow(1 / power).sum((1, 2), keepdim=True).clamp_min(1e-12).pow(-power)
