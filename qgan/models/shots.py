"""Measured shots as particles: what a circuit of shares gives on hardware, with exact zeros and no threshold.

A shot finds a pixel and one of a few levels of energy, and is a particle of that energy there; the shots of a jet are
its image. With one level every shot is a quantum of energy. What is expected of the shots is analytic in the
probabilities, which is where the gradient goes (straight through: Bengio, Léonard and Courville, arXiv:1308.3432).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Shots(nn.Module):
    """Probabilities (B, H, W · levels) and noise (B, shots) → pixels (B, H, W), energies to the power.

    Args:
        shots: of each jet.
        levels: of energy, which are trained; from 1 down to ``softest`` at first, one factor apart.
        softest: energy of the lowest level at first, in units of the highest.
        power: of network space.
    """

    def __init__(self, shots: int, levels: int, softest: float, power: float) -> None:
        super().__init__()
        self.shots, self.levels, self.power = shots, levels, power
        self.log_energy = nn.Parameter(torch.linspace(0.0, math.log(softest), levels)) if levels > 1 else None

    def forward(self, probabilities: Tensor, noise: Tensor) -> Tensor:
        """``noise`` is standard normal; each value of it places one shot."""
        height, width = probabilities.shape[1], probabilities.shape[2] // self.levels
        flat = probabilities.flatten(1)
        counts = counted(flat, noise)
        through = counts + self.shots * (flat - flat.detach())
        found = through.view(-1, height, width, self.levels)
        levels = torch.ones(1) if self.log_energy is None else self.log_energy.exp()
        energy = found @ levels.to(found)
        # Where nothing was found the slope of the power is infinite: that of a quarter of the softest quantum is taken.
        known = energy.detach().clamp_min(0)
        slope = self.power * (known + levels.detach().min() / 4).pow(self.power - 1)
        return known.pow(self.power) + slope * (energy - energy.detach())


@torch.no_grad()
def counted(probabilities: Tensor, noise: Tensor) -> Tensor:
    """How many of the shots find each outcome: (B, P), which sum to one, and (B, N) standard normal → (B, P)."""
    edges = probabilities.double().cumsum(1)
    # Φ(ε) of float32 may be 1, which lies beyond every edge.
    places = 0.5 * torch.erfc(-noise.double() / math.sqrt(2)) * edges[:, -1:]
    chosen = torch.searchsorted(edges, places).clamp_max(probabilities.shape[1] - 1)
    return torch.zeros_like(probabilities).scatter_add_(1, chosen, torch.ones_like(noise))
