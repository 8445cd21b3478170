"""A fully connected autoencoder: pixels → 512 → 256 → latent → 256 → 512 → pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from .classical import ClassicalAutoencoder, Loss, widest
from .registry import MODELS


@MODELS.register("mlp")
class MLP(ClassicalAutoencoder):
    """Dense layers with PReLU between them.

    Args:
        shape: (H, W) of an image.
        latent: numbers in the latent space.
        hidden: widths of the layers before it; those after it are the same, in reverse.
        budget: at most so many parameters: the widths are ``hidden`` scaled down, or up, to it. 0 keeps them.
        loss: ``mse`` or ``bce``.
        gain: what the pixels are multiplied by, 1 for ``bce``; 40 or so for shares of pT.
    """

    def __init__(self, shape: tuple[int, int], latent: int = 20, hidden: Sequence[int] = (512, 256), budget: int = 0,
                 loss: Loss = "mse", gain: float = 1.0) -> None:
        super().__init__(loss, gain)
        pixels = shape[0] * shape[1]
        if latent < 1 or any(width < 1 for width in hidden):
            raise ValueError(f"latent and hidden are {latent} and {tuple(hidden)}, expected at least 1")
        sizes = [pixels, *hidden, latent]
        if budget and hidden:
            width = widest(lambda w: _count([pixels, *_scaled(hidden, w), latent]), budget, "an MLP")
            sizes = [pixels, *_scaled(hidden, width), latent]
        if budget and _count(sizes) > budget:
            raise ValueError(f"budget: {budget} parameters, an MLP without hidden layers has {_count(sizes)}")
        self.encoder = nn.Sequential(nn.Flatten(), *_layers(sizes))
        self.decoder = nn.Sequential(*_layers(sizes[::-1]), nn.Unflatten(1, shape))


def _scaled(hidden: Sequence[int], width: int) -> list[int]:
    """The widths in proportion, the first of them ``width``."""
    return [max(1, round(width * h / hidden[0])) for h in hidden]


def _layers(sizes: Sequence[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.PReLU()]
    return layers[:-1]


def _count(sizes: Sequence[int]) -> int:
    """Weights, biases and PReLU slopes of encoder and decoder."""
    dense = sum(before * after + after for before, after in pairwise(sizes))
    mirrored = sum(before * after + before for before, after in pairwise(sizes))
    return dense + mirrored + 2 * (len(sizes) - 2)
