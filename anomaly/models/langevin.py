"""Samples of a density known up to its integral, p(x) ∝ exp(−E(x)/T) in a box, by Langevin's walk.

A step is x ← x − σ²/(2T) ∇E(x) + σ n with normal n, reflected at the walls. As σ → 0 the walk's stationary density is
p; for E = k x²/2 its variance is T/k · 1/(1 − σ²k/(4T)).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def walk(energy: Callable[[Tensor], Tensor], x: Tensor, steps: int, *, temperature: float, noise: float,
         box: tuple[float, float] = (0.0, 1.0), through: bool = False) -> Tensor:
    """Where walkers (B, ...) are after some steps, without a gradient.

    Args:
        energy: E of each walker, (B,), with a gradient.
        x: where they start.
        temperature: T, in units of E.
        noise: σ, in units of x.
        box: of every coordinate.
        through: whether the last step has a gradient to the parameters of E.

    >>> walk(lambda x: x.square().sum(1), torch.ones(1, 2), 0, temperature=1.0, noise=0.1)
    tensor([[1., 1.]])
    """
    rate = noise**2 / (2 * temperature)
    for step in range(steps):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            last = through and step == steps - 1
            slope, = torch.autograd.grad(energy(x).sum(), x, create_graph=last)
        x = reflected_at(x.detach() - rate * slope + noise * torch.randn_like(x), box)
    return x


def reflected_at(x: Tensor, box: tuple[float, float]) -> Tensor:
    """Coordinates beyond a wall of the box, mirrored at it; those that are further out than the box is wide, on it."""
    low, high = box
    x = low + (x - low).abs()
    return (high - (high - x).abs()).clamp(low, high)
