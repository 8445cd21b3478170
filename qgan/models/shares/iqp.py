"""IQP circuits that give a row and a column, with angles that the inputs set.

Every qubit and every pair has a phase b + w·z, z = tanh(A u + a) of the inputs u. The twin ``iqp_flips`` flips bits
where the circuit turns phases: the classical model of the same gates. ``iqp_matched`` is the circuit trained without
ever making its state, by the squared MMD of products of Z (arXiv:2503.02934), as one of any number of qubits can be.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...quantum import iqp
from ...quantum.registers import bits_for
from .qubits import Gate, Pixels, mixing, signs, signs_of, with_one
from .registry import SHARES, ShareSetting, nearest

#: Of the MMD: widths of its kernel, sets of qubits of each and evenly drawn bits a step.
_WIDTHS, _SETS, _DRAWN = (0.5, 1.0, 2.0), 32, 256


class IQP(nn.Module):
    """Inputs (B, in_features) → log shares (B, H, W).

    Args:
        in_features: k.
        shape: (H, W).
        mixed: length of z.
        coherent: phases; without, flips of bits.
        matched: trained by the MMD.
    """

    signs: Tensor
    words: Tensor
    overlaps: Tensor
    outcomes: Tensor

    def __init__(self, in_features: int, shape: tuple[int, int], mixed: int, *, coherent: bool = True,
                 matched: bool = False) -> None:
        super().__init__()
        self.left, self.sides = bits_for(shape[0]), [2 ** bits_for(side) for side in shape]
        self.n_qubits, self.coherent, self.matched = sum(map(bits_for, shape)), coherent, matched
        self.circuit = coherent
        self.gated = iqp.words_of(self.n_qubits)
        self.mix = mixing(in_features, mixed)
        self.turns = nn.Parameter(0.3 * torch.randn(len(self.gated), 1 + mixed))
        pairs = [word for word in self.gated if len(word) > 1]
        for name, values in (("signs", signs_of(self.n_qubits, [(one, other) for one, other in pairs])),
                             ("words", iqp.masks(self.n_qubits, self.gated)),
                             ("outcomes", (1 - signs(self.n_qubits).T) / 2)):
            self.register_buffer(name, values, persistent=False)
        self.register_buffer("overlaps", iqp.odd(self.outcomes, self.words), persistent=False)
        self.pixels = Pixels(shape)

    def angles(self, inputs: Tensor) -> Tensor:
        """(B, words)."""
        return (self.turns @ with_one(self.mix(inputs))).T

    def probabilities(self, inputs: Tensor) -> Tensor:
        """(B, R, C), of every outcome."""
        angles = self.angles(inputs)
        found = iqp.probabilities(angles, self.signs) if self.coherent else iqp.flipped(angles, self.overlaps)
        return found.unflatten(1, self.sides)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.pixels(self.probabilities(inputs))

    def loss(self, inputs: Tensor, shares: Tensor) -> Tensor:
        """The squared MMD of the jets' bits and its own, of each jet (B,); no state is made."""
        n, angles = self.n_qubits, self.angles(inputs)
        subsets = torch.cat([iqp.drawn_subsets(_SETS, n, width) for width in _WIDTHS]).to(angles)
        drawn = torch.randint(2, (_DRAWN, n)).to(angles)
        bits = self.outcomes.unflatten(0, self.sides)[self.pixels.rows][:, self.pixels.columns]
        of_jets = shares.flatten(1) @ (1 - 2 * iqp.odd(bits.flatten(0, 1), subsets))
        return (iqp.expectations(angles, self.words, subsets, drawn) - of_jets).square().mean(1)

    def gates(self, inputs: Tensor) -> list[Gate]:
        """The circuit of inputs (B, in_features), angles (B,)."""
        quarter = inputs.new_tensor(math.pi / 2)
        phases = [("Z" * len(word), word, angle) for word, angle in zip(self.gated, self.angles(inputs).T,
                                                                        strict=True)]
        return [*(("Y", (wire,), quarter) for wire in range(self.n_qubits)), *phases,
                *(("Y", (wire,), -quarter) for wire in range(self.n_qubits))]


def _built(setting: ShareSetting, **kind: bool) -> IQP:
    words = len(iqp.words_of(sum(map(bits_for, setting.shape))))

    def count(mixed: int) -> int:
        return mixed * (setting.in_features + 1) + words * (1 + mixed)

    return IQP(setting.in_features, setting.shape, nearest(setting.numbers, range(1, 2000), count), **kind)


@SHARES.register("iqp")
def _iqp(setting: ShareSetting) -> nn.Module:
    return _built(setting)


@SHARES.register("iqp_flips")
def _flips(setting: ShareSetting) -> nn.Module:
    return _built(setting, coherent=False)


@SHARES.register("iqp_matched")
def _matched(setting: ShareSetting) -> nn.Module:
    return _built(setting, matched=True)
