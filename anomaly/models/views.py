"""Views of a jet: changes that leave it as usual as it was.

In the raw frame, centred on the jet's axis, the reflections Δη → -Δη and Δφ → -Δφ are symmetries of the physics: they
map jets to jets of the same probability. Losing a pixel and a little noise stand for a detector.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Views:
    """What a random view changes.

    Attributes:
        reflect: whether to reflect; right for the raw frame alone.
        dropout: share of the pixels that are set to 0.
        noise: standard deviation of what is added to each pixel.

    Raises:
        ValueError: a number that cannot be.
    """

    reflect: bool = True
    dropout: float = 0.0
    noise: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"views.dropout: {self.dropout}, expected 0 to below 1")
        if self.noise < 0:
            raise ValueError(f"views.noise: {self.noise}, expected 0 or more")

    def __call__(self, x: Tensor) -> Tensor:
        """(B, H, W), one random view of each image of pixels of order 1."""
        if self.reflect:
            x = reflected(x)
        x = x * (torch.rand_like(x) >= self.dropout)
        return x + self.noise * torch.randn_like(x)

    def pair(self, x: Tensor) -> Tensor:
        """(2 B, H, W): a view of each image, then another one of each."""
        return torch.cat([self(x) for _ in range(2)])


def reflected(x: Tensor) -> Tensor:
    """(B, H, W), each image reflected in η, in φ, in both or not at all, at random."""
    rows, columns = (torch.rand(2, len(x), 1, 1, device=x.device) < 0.5).unbind(0)
    x = torch.where(rows, x.flip(1), x)
    return torch.where(columns, x.flip(2), x)


def steadiness(found: Tensor) -> Tensor:
    """log[E(a₁ - a₂)² / (2 (E a)²)], a scalar, for what a model finds, (2 B,), in a :meth:`Views.pair` of jets."""
    first, second = found.chunk(2)
    return torch.log((first - second).square().mean() / (2 * found.mean().square()))
