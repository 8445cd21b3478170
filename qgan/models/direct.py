"""A generator without a decoder: a network of shares makes the pixels, and a grain of three numbers, or shots, their
noise.

So nearly all that is trained lies in the circuit, or in the classical network of equal size that it is judged by.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu, softplus

from ..base.errors import ConfigError
from .pixels import PixelStatistics, cut, kneed, normalise
from .shares import SHARES, ShareSetting
from .shots import Shots

#: Options of a network's blueprint that are arguments here alone, and all that are.
ALONE = ("numbers", "shots", "levels", "grain_reach")
DIRECT = ("core", "noise", "pixel_noise", *ALONE)


class Beside(nn.Module):
    """Noise that neighbours share: unit Gaussians (B, H, W) → maps (B, maps, H, W), at the edges of less variance.

    Args:
        reach: r; those i rows and j columns away, or j and i, with 0 ≤ i ≤ j ≤ r, have one weight in a map.
        maps: how many.
    """

    which: Tensor

    def __init__(self, reach: int, maps: int) -> None:
        super().__init__()
        away = torch.arange(-reach, reach + 1).abs()
        near, far = torch.minimum(away[:, None], away), torch.maximum(away[:, None], away)
        self.register_buffer("which", far * (far + 1) // 2 + near, persistent=False)
        self.weights = nn.Parameter(torch.zeros(maps, (reach + 1) * (reach + 2) // 2 - 1))

    def forward(self, noise: Tensor) -> Tensor:
        kernels = torch.cat((torch.ones_like(self.weights[:, :1]), self.weights), 1)[:, self.which]
        return conv2d(noise[:, None], (kernels / kernels.norm(dim=(1, 2), keepdim=True))[:, None], padding="same")


class DirectGenerator(nn.Module):
    """Standardised conditions (B, n_conditions) and noise (B, noise_features) → images (B, H, W).

    Of a pixel of share p and its noise ε, v = ReLU(√p − τ + (β √p + γ) ε), then as in :class:`~.pixels.PixelHead`:
    x = √(v (v + 2κ)), scaled to Σ x^(1/power) = 1, without what is softer than any real pixel. Pixels that are zero in
    every training jet stay zero. With ``grain_reach`` r the ε beside β, and that beside γ, is a weighted sum over
    those of pixels at most r rows and columns away, of unit variance: what one is lit by has a part in its neighbours.
    With ``shots`` there is no grain: x is the energy that they find to the power.

    Args:
        n_conditions: number of conditions and codings; of more that are given, the first.
        shape: (H, W) of the image.
        core: a name of :data:`~.shares.SHARES`.
        numbers: trained numbers of the network of shares.
        noise: number of noise values that it is told beside the conditions.
        pixel_noise: whether there is a grain.
        grain_reach: pixels to each side that share noise; its weights, one for each distance (i, j) with i ≤ j, are
            trained from zero on.
        shots: of a jet; 0 for the shares themselves and a grain.
        levels: of energy that a shot may find, one of them (see :class:`~.shots.Shots`); trained numbers beside the
            others. The network's rows are so many times as long.
        pixels: what the pixels of the training jets are like.
        power: of network space.
    """

    softest: Tensor
    knee: Tensor
    reached: Tensor

    def __init__(self, n_conditions: int, shape: tuple[int, int], *, core: str, numbers: int, noise: int = 4,
                 pixel_noise: bool = True, grain_reach: int = 0, shots: int = 0, levels: int = 1,
                 pixels: PixelStatistics | None = None, power: float = 0.5) -> None:
        super().__init__()
        self.n_conditions, self.latent, self.shape, self.power = n_conditions, noise, shape, power
        if levels > 1 and not shots:
            raise ConfigError(f"generator.levels: {levels}, but only shots find levels: give generator.shots")
        if grain_reach and (shots or not pixel_noise):
            raise ConfigError(f"generator.grain_reach: {grain_reach}, but there is no grain: expected generator.shots "
                              "0 and generator.pixel_noise true")
        known = pixels or PixelStatistics.flat(shape, power)
        self.in_features = n_conditions + noise
        self.shares = SHARES[core](ShareSetting(self.in_features, (shape[0], shape[1] * levels), numbers))
        self.shots = Shots(shots, levels, max(float(known.softest), 1e-4) ** (1 / power), power) if shots else None
        # Of τ, β and γ, which are positive: what softplus makes of these.
        self.grain = nn.Parameter(torch.tensor([-5.0, -1.0, -4.0])) if pixel_noise and not shots else None
        self.beside = Beside(grain_reach, 2) if self.grain is not None and grain_reach else None
        self.register_buffer("softest", torch.tensor(known.softest))
        self.register_buffer("knee", torch.tensor(known.knee))
        self.register_buffer("reached", (known.occupancy > 0).float())

    @property
    def noise_features(self) -> int:
        """Length of the noise vector of one image: latent values, pixel noise or shots."""
        if self.shots is not None:
            return self.latent + self.shots.shots
        return self.latent + (0 if self.grain is None else math.prod(self.shape))

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        """(B, n_conditions), (B, noise_features) → (B, H, W)."""
        latent, grain = noise[:, :self.latent], noise[:, self.latent:]
        shares = self.shares(torch.cat((conditions[:, :self.n_conditions], latent), 1))
        if self.shots is not None:
            # Shots that find what no jet reaches are left out, on hardware too.
            likely = shares.exp() * self.reached.repeat_interleave(self.shots.levels, 1)
            return self.cut(normalise(self.shots(likely / likely.sum((1, 2), keepdim=True), grain), self.power))
        root = (0.5 * shares).exp()
        if self.grain is not None:
            threshold, relative, everywhere = softplus(self.grain)
            grain = grain.view_as(root)
            near, anywhere = (grain, grain) if self.beside is None else self.beside(grain).unbind(1)
            root = relu(root - threshold + relative * root * near + everywhere * anywhere)
        value = root * self.reached
        return self.cut(kneed(value, self.knee, self.power))

    def cut(self, images: Tensor) -> Tensor:
        """Without what is softer than any real pixel."""
        return cut(images, self.softest, self.power)
