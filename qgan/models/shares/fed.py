"""Circuits of shares with ancillas that are measured first, their outcomes fed forward into every angle.

Each ancilla is turned by RY by an angle b + w·u of the inputs u and measured; its outcome, ±1, is one more input of the
circuit. So the shares are a mixture of 2^k pure states, which one pure state cannot be: whether pure states make mean
images is asked in arXiv:2508.09844. Classical networks may be mixed in the same way, by coins of the same chances:
``bits_fed``.
"""

from __future__ import annotations

from functools import partial
from itertools import product

import torch
from torch import Tensor, nn

from .registry import SHARES, ShareSetting

_ANCILLAS = 3


class Fed(nn.Module):
    """Inputs (B, in_features) → log shares (B, H, W).

    Args:
        circuit: of the inputs and the outcomes, (·, in_features + ancillas) → log shares.
        in_features: length of the inputs.
        ancillas: k.
    """

    outcomes: Tensor

    def __init__(self, circuit: nn.Module, in_features: int, ancillas: int = _ANCILLAS) -> None:
        super().__init__()
        self.inner = circuit
        self.circuit = getattr(circuit, "circuit", False)
        self.ancillas = nn.Linear(in_features, ancillas)
        self.register_buffer("outcomes", torch.tensor(list(product((1.0, -1.0), repeat=ancillas))), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        chosen = self.chances(inputs).clamp_min(1e-12).log()
        both = torch.cat((inputs[:, None].expand(-1, len(self.outcomes), -1),
                          self.outcomes.expand(len(inputs), -1, -1)), 2)
        shares: Tensor = self.inner(both.flatten(0, 1)).unflatten(0, (len(inputs), -1))
        return torch.logsumexp(shares + chosen[:, :, None, None], 1)

    def chances(self, inputs: Tensor) -> Tensor:
        """Of the outcomes, (B, 2^k): products of (1 ± cos θ) / 2."""
        return ((1 + self.polarised(inputs)[:, None] * self.outcomes) / 2).prod(2)

    def polarised(self, inputs: Tensor) -> Tensor:
        """⟨Z⟩ of each ancilla, (B, k)."""
        return torch.cos(0.5 * torch.pi + self.ancillas(inputs))


def _fed(circuit: str, setting: ShareSetting) -> Fed:
    left = max(1, setting.numbers - _ANCILLAS * (setting.in_features + 1))
    inner = ShareSetting(setting.in_features + _ANCILLAS, setting.shape, left)
    return Fed(SHARES[circuit](inner), setting.in_features)


#: What is mixed, by the name of the mixture.
_MIXED = {"tree_fed": "tree", "tree_fed_measured": "tree_measured", "tree_fed_free": "tree_free", "born_fed": "born",
          "bits_fed": "bits"}
for _name, _network in _MIXED.items():
    SHARES.add(_name, partial(_fed, _network))
