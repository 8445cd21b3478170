"""A Born machine whose bits are drawn from coarse to fine: prepared as a tree, then made to interfere.

Row and column bits take turns, the most significant first. Each is turned by RY, by an angle that the bits before it
and the inputs set: exp(−i θ Z_j Y / 2) for each bit j before it, with θ = b + w·z. What this prepares is a real state
whose measurement is an autoregressive model of the bits, one layer deep. Phases and rotations as in :mod:`.born` then
let its paths interfere, which no measurement bit by bit could; ``tree_measured``, its twin, measures before them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...quantum.registers import bits_for
from .born import neighbours
from .interference import interfere, rotations
from .qubits import Gate, Pixels, real_parts, signs, signs_of, with_one
from .registry import SHARES, ShareSetting, nearest


class Tree(nn.Module):
    """Inputs (B, in_features) → log shares (B, H, W).

    Args:
        in_features: k.
        shape: (H, W).
        layers: of phases and rotations after the tree.
        mixed: length of z, what the inputs are mixed to.
        coherent: no measurement between the tree and the layers.
    """

    signs: Tensor
    place: Tensor

    def __init__(self, in_features: int, shape: tuple[int, int], layers: int, mixed: int, *,
                 coherent: bool = True) -> None:
        super().__init__()
        bits = tuple(map(bits_for, shape))
        self.left, self.n_qubits, self.coherent = bits[0], sum(bits), coherent
        self.circuit = coherent
        self.order = in_turns(*bits)
        self.mix = nn.Linear(in_features, mixed, bias=False)
        nn.init.normal_(self.mix.weight, 0.0, in_features**-0.5)
        self.branch = nn.ParameterList(0.05 * torch.randn(1 + bit, 1 + mixed) for bit in range(self.n_qubits))
        for angles in self.branch:
            angles.data[0, 0] += math.pi / 2
        self.turns = nn.Parameter(0.1 * torch.randn(layers, self.n_qubits, 1 + mixed))
        self.pairs = neighbours(0, *bits)
        self.phases = nn.Parameter(0.3 * torch.randn(layers, self.n_qubits + len(self.pairs)))
        self.register_buffer("signs", signs_of(self.n_qubits, self.pairs), persistent=False)
        # Of each outcome, rows before columns, the leaf of the tree.
        weights = 2 ** torch.arange(self.n_qubits - 1, -1, -1)
        self.register_buffer("place", ((1 - signs(self.n_qubits)[self.order]) / 2).long().T @ weights, persistent=False)
        self.pixels = Pixels(shape)

    def _prepared(self, mixed: Tensor) -> Tensor:
        """The real state of the tree, (B, R, C)."""
        state = mixed.new_ones(mixed.shape[1], 1)
        for bit, coefficients in enumerate(self.branch):
            before = torch.cat((mixed.new_ones(1, 2**bit), signs(bit).to(mixed)) if bit else (mixed.new_ones(1, 1),))
            half = 0.5 * (coefficients @ mixed).T @ before
            state = torch.stack((state * half.cos(), state * half.sin()), 2).flatten(1)
        return state[:, self.place].unflatten(1, (2**self.left, -1))

    def probabilities(self, inputs: Tensor) -> Tensor:
        """(B, R, C), of every outcome."""
        mixed = with_one(self.mix(inputs))
        state = self._prepared(mixed)
        turns = self.turns @ mixed
        if not self.coherent:
            return _stirred(state.square(), turns, self.left)
        phases = (0.5 * self.phases @ self.signs).view(-1, 1, *state.shape[1:])
        return interfere(real_parts(state), phases, turns, self.left).square().sum(0)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.pixels(self.probabilities(inputs))

    def gates(self, inputs: Tensor) -> list[Gate]:
        """The circuit of one sample's inputs (1, in_features); not of the twin, which measures in between."""
        mixed, found = with_one(self.mix(inputs)), list[Gate]()
        for bit, coefficients in enumerate(self.branch):
            own, *others = (coefficients @ mixed)[:, 0]
            wire = self.order[bit]
            found.append(("Y", (wire,), own))
            found += [("ZY", (self.order[other], wire), angle) for other, angle in enumerate(others)]
        for phases, turn in zip(self.phases, self.turns @ mixed, strict=True):
            wires = [*((wire,) for wire in range(self.n_qubits)), *self.pairs]
            found += [("Z" * len(some), some, angle) for some, angle in zip(wires, phases, strict=True)]
            found += [("Y", (wire,), angle) for wire, angle in enumerate(turn[:, 0])]
        return found


def in_turns(rows: int, columns: int) -> list[int]:
    """Wires from coarse to fine, a row's and a column's in turn.

    >>> in_turns(2, 3)
    [0, 2, 1, 3, 4]
    """
    return sorted(range(rows + columns), key=lambda wire: (wire % rows if wire < rows else wire - rows, wire >= rows))


def _stirred(probability: Tensor, turns: Tensor, left: int) -> Tensor:
    """Probabilities (B, R, C) after RY by angles (layers, n, B) of bits that were measured before each."""
    for turn in turns:
        rows, columns = rotations(turn[:left].T).square(), rotations(turn[left:].T).square()
        probability = rows @ probability @ columns.transpose(1, 2)
    return probability


def _built(setting: ShareSetting, coherent: bool = True) -> Tree:
    bits = [bits_for(side) for side in setting.shape]
    n, pairs = sum(bits), len(neighbours(0, *bits))

    def count(size: tuple[int, int]) -> int:
        layers, mixed = size
        return mixed * setting.in_features + (n * (n + 1) // 2 + layers * n) * (1 + mixed) + layers * (n + pairs)

    sizes = [(layers, mixed) for layers in range(1, 9) for mixed in range(1, 97) if layers <= mixed]
    return Tree(setting.in_features, setting.shape, *nearest(setting.numbers, sizes, count), coherent=coherent)


@SHARES.register("tree")
def _tree(setting: ShareSetting) -> nn.Module:
    return _built(setting)


@SHARES.register("tree_measured")
def _measured(setting: ShareSetting) -> nn.Module:
    return _built(setting, coherent=False)
