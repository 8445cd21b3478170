"""Views of a jet: changes that leave it as usual as it was.

In the raw frame, centred on the jet's axis, the reflections Δη → -Δη and Δφ → -Δφ are symmetries of the physics: they
map jets to jets of the same probability. Losing a pixel and a little noise stand for a detector.
"""

from __future__ import annotations

import torch
from torch import Tensor


def reflected(x: Tensor) -> Tensor:
    """(B, H, W), each image reflected in η, in φ, in both or not at all, at random."""
    rows, columns = (torch.rand(2, len(x), 1, 1, device=x.device) < 0.5).unbind(0)
    x = torch.where(rows, x.flip(1), x)
    return torch.where(columns, x.flip(2), x)


def view(x: Tensor, *, reflect: bool = True, dropout: float = 0.2, noise: float = 0.1) -> Tensor:
    """(B, H, W), one random view of each image.

    Args:
        x: pixels, of order 1.
        reflect: whether to reflect; right for the raw frame alone.
        dropout: share of the pixels that are set to 0.
        noise: standard deviation of what is added to each pixel.
    """
    if reflect:
        x = reflected(x)
    x = x * (torch.rand_like(x) >= dropout)
    return x + noise * torch.randn_like(x)


def steadiness(first: Tensor, second: Tensor) -> Tensor:
    """log[E(a₁ - a₂)² / (2 (E a)²)], a scalar, for what a model finds, (B,) each, in two views of the same jets."""
    mean = torch.cat((first, second)).mean()
    return torch.log((first - second).square().mean() / (2 * mean.square()))
