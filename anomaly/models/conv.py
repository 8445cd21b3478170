"""A convolutional autoencoder: strided convolutions to a map of a few pixels, a dense layer to the latent space."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from .classical import ClassicalAutoencoder, Loss, widest
from .registry import MODELS

#: Convolutions halve the image until its sides are at most this.
SMALLEST = 5


@MODELS.register("conv")
class ConvolutionalAutoencoder(ClassicalAutoencoder):
    """3×3 convolutions of stride 2, PReLU, their number of channels doubled each time; mirrored for the decoder.

    Args:
        shape: (H, W) of an image.
        latent: numbers in the latent space.
        channels: of the first convolution.
        budget: at most so many parameters: as many channels as it buys. 0 takes ``channels``.
        loss: ``mse`` or ``bce``.
        gain: what the pixels are multiplied by, 1 for ``bce``; 40 or so for shares of pT.
    """

    def __init__(self, shape: tuple[int, int], latent: int = 8, channels: int = 8, budget: int = 0,
                 loss: Loss = "mse", gain: float = 1.0) -> None:
        super().__init__(loss, gain)
        if latent < 1 or channels < 1:
            raise ValueError(f"latent and channels are {latent} and {channels}, expected at least 1")
        maps = _maps(shape)
        if budget:
            channels = widest(lambda c: _count(maps, c, latent), budget, "a convolutional autoencoder")
        widths = _widths(maps, channels)
        (height, width), last = maps[-1], widths[-1]
        encoder: list[nn.Module] = [nn.Unflatten(1, (1, shape[0]))]
        decoder: list[nn.Module] = [nn.Linear(latent, last * height * width), nn.PReLU(),
                                    nn.Unflatten(1, (last, height, width))]
        for before, after in pairwise(widths):
            encoder += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.PReLU()]
        for level in range(len(maps) - 1, 0, -1):
            # A map of n pixels becomes one of 2n − 1 or of 2n.
            (tall, broad), (low, slim) = maps[level - 1], maps[level]
            extra = (tall - 2 * low + 1, broad - 2 * slim + 1)
            decoder += [nn.ConvTranspose2d(widths[level], widths[level - 1], 3, stride=2, padding=1,
                                           output_padding=extra), nn.PReLU()]
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(last * height * width, latent))
        self.decoder = nn.Sequential(*decoder[:-1], nn.Flatten(1, 2))


def _maps(shape: tuple[int, int]) -> list[tuple[int, int]]:
    """(height, width) before and after each convolution, at least one of them."""
    maps = [shape]
    while len(maps) == 1 or max(maps[-1]) > SMALLEST:
        height, width = maps[-1]
        maps.append(((height + 1) // 2, (width + 1) // 2))
    return maps


def _widths(maps: list[tuple[int, int]], channels: int) -> list[int]:
    return [1, *(channels * 2**level for level in range(len(maps) - 1))]


def _count(maps: list[tuple[int, int]], channels: int, latent: int) -> int:
    """Weights, biases and PReLU slopes of encoder and decoder."""
    widths = _widths(maps, channels)
    convolutions = sum(2 * 9 * before * after + before + after
                       for before, after in pairwise(widths))
    flat = widths[-1] * maps[-1][0] * maps[-1][1]
    return convolutions + 2 * flat * latent + flat + latent + 2 * (len(maps) - 1)
