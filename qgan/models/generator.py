"""The generator: conditions and noise → core (quantum) layer → transposed convolutions → image.

Everything the conditions say passes through the core layer; the convolutions add only pixel noise. The
images are such that Σ x^(1/power) = 1: x^(1/power), x² with power 0.5, is the share of the image's pT in
each pixel. See :mod:`qgan.models.pixels` for how pixels become exact zeros.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..quantum import Backend
from .blocks import SLOPE, Steady, Upsample, pyramid
from .core import Core, CoreSetting
from .pixels import PixelHead, PixelStatistics

STYLE = 128


class Generator(nn.Module):
    """Standardised conditions (B, n_conditions) and noise (B, noise_features) → images (B, H, W).

    Images are in network space: non-negative, with Σ x^(1/power) = 1.

    Args:
        n_conditions: number of conditions and codings; of more that are given, the first.
        shape: (H, W) of the image.
        core: a name of :data:`~qgan.models.core.CORES`.
        n_qubits, n_layers, n_rotations, readout, circuit, backend, embedding: see
            :class:`~qgan.models.core.CoreSetting`.
        noise: number of noise values that enter the core beside the conditions.
        channels: width of the finest feature maps; coarser ones have up to four times as many.
        pixel_noise: learned amounts of noise on feature maps and pixels.
        texture: channels of a network of what lies between neighbouring pixels, which is noise's alone; 0 for none.
        pixels: what the pixels of the training jets are like, the start of the learned pixel bias.
        power: of network space, above 0 and at most 1: a pixel is (share of the image's pT)^power.
        embedding_scale: size of the inputs, beside the 1 of the amplitude embedding.
        seed: of the random layers.
    """

    def __init__(self, n_conditions: int, shape: tuple[int, int], *, core: str = "quantum", n_qubits: int = 8,
                 n_layers: int = 6, n_rotations: int = 8, readout: str = "state", circuit: str = "random_layers",
                 backend: Backend = "torch", embedding: str = "amplitude", noise: int = 48, channels: int = 16,
                 pixel_noise: bool = True, texture: int = 0, pixels: PixelStatistics | None = None, power: float = 0.5,
                 embedding_scale: float = 0.3, seed: int = 0) -> None:
        super().__init__()
        self.shape, self.latent, self.embedding_scale = shape, noise, embedding_scale
        self.n_conditions = n_conditions
        self.core = Core(core, CoreSetting(n_conditions + noise, n_qubits, n_layers, n_rotations, readout, circuit,
                                           backend, seed, embedding))
        # The last transposed convolution, in the pixel head, goes to full resolution: features there would cost as
        # much as all the rest together.
        start, *self.sizes, _ = pyramid(shape)
        widths = (4 * channels, 2 * channels, channels)
        features = self.core.out_features
        self.mapping = nn.Sequential(Steady(features, STYLE), nn.LeakyReLU(SLOPE),
                                     Steady(STYLE, STYLE), nn.LeakyReLU(SLOPE))
        self.start = nn.Sequential(Steady(features, widths[0] * start[0] * start[1]), nn.LeakyReLU(SLOPE),
                                   nn.Unflatten(1, (widths[0], *start)))
        blocks = [Upsample(widths[i], widths[i + 1], STYLE, pixel_noise) for i in range(len(self.sizes))]
        self.blocks = nn.ModuleList(blocks)
        self.pixels = PixelHead(widths[-1], pixels or PixelStatistics.flat(shape, power), pixel_noise, power,
                                texture)
        self._noise_sizes = [(block.noise_maps, size) for block, size in zip(blocks, self.sizes, strict=True)]

    @property
    def noise_features(self) -> int:
        """Length of the noise vector of one image: latent values, feature-map noise, pixel noise."""
        maps = sum(count * height * width for count, (height, width) in self._noise_sizes)
        return self.latent + maps + (math.prod(self.shape) if self.pixels.noisy else 0)

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        """(B, n_conditions), (B, noise_features) → (B, H, W)."""
        latent, noise = noise[:, :self.latent], noise[:, self.latent:]
        code = self.core(self.embedding_scale * torch.cat((conditions[:, :self.n_conditions], latent), 1))
        style = self.mapping(code)
        x = self.start(code).contiguous(memory_format=torch.channels_last)
        for block, (count, size) in zip(self.blocks, self._noise_sizes, strict=True):
            used = count * math.prod(size)
            maps = list(noise[:, :used].reshape(noise.shape[0], count, 1, *size).unbind(1)) if count else []
            noise = noise[:, used:]
            x = block(x, style, size, maps)
        return self.pixels(x, noise.reshape(-1, *self.shape) if self.pixels.noisy else None)

    def cut(self, images: Tensor) -> Tensor:
        """Without what is softer than any real pixel."""
        return self.pixels.cut(images)
