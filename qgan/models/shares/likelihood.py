"""Networks of shares by maximum likelihood: a jet's shares are chances of a pixel, and their cross entropy the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

#: Adam's rate grows over so many steps, and falls as a cosine to this share of itself.
_WARM, _LAST = 20, 0.02
_BETAS = (0.9, 0.99)


def cross_entropy(logs: Tensor, shares: Tensor) -> Tensor:
    """Of log shares with shares, both (B, H, W) → (B,)."""
    return -(shares * logs).sum((1, 2))


def fit(parameters: Iterable[nn.Parameter], loss: Callable[[Tensor], Tensor], jets: int, *, steps: int,
        batch_size: int, rate: float, stepped: Callable[[], object] | None = None) -> None:
    """Adam on the mean of a loss over batches of jets that are drawn at random, with torch's random numbers.

    Args:
        parameters: that train.
        loss: rows of the jets (batch_size,) → (batch_size,).
        jets: how many there are.
        steps, batch_size, rate: of Adam.
        stepped: called after each step.
    """
    adam = torch.optim.Adam(parameters, lr=rate, betas=_BETAS)
    for step in range(steps):
        cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in adam.param_groups:
            group["lr"] = rate * min(1, (step + 1) / _WARM) * (_LAST + (1 - _LAST) * cosine)
        rows = torch.randint(jets, (batch_size,))
        adam.zero_grad()
        loss(rows).mean().backward()
        adam.step()
        if stepped is not None:
            stepped()
