"""The soft end of the spectrum of pixels, learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Values of so small a share of the knee have no slope: that of a power below 1 is without bound at 0.
_LEAST = 1e-4


class SoftEnd(nn.Module):
    """x = (v + 2κ) · (v / (v + 2κ))^(a/2) of values v ≥ 0, with κ and a trained; a = 1 at first.

    With a = 1 this is √(v (v + 2κ)). Where v is as often in any small interval above 0 as in the next, the spectrum of
    soft pixels falls as dN/dln p ∝ p^(1/a) in a network space of power ½.

    Args:
        knee: κ at first.
    """

    def __init__(self, knee: float) -> None:
        super().__init__()
        self.log_knee = nn.Parameter(torch.tensor(max(knee, _LEAST)).log())
        self.log_power = nn.Parameter(torch.zeros(()))

    def forward(self, value: Tensor) -> Tensor:
        further = value + 2 * self.log_knee.exp()
        share = (value / further).clamp_min(_LEAST)
        return further * share.pow(self.log_power.exp() / 2) * (value > 0)
