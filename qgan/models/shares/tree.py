"""A Born machine whose bits are drawn from coarse to fine: prepared as a tree, then made to interfere.

Row and column bits take turns, the most significant first. Each is turned by RY, by an angle that bits before it and
the inputs set: exp(−i θ Z_j Y / 2) for each earlier bit j of its own register, and for those of the other that are as
coarse or once coarser, with θ = b + w·z and z = tanh(A u + a). What this prepares is a real state whose measurement is
an autoregressive model of the bits, one layer deep. Phases and rotations as in :mod:`.born` then let its paths
interfere, which no measurement bit by bit could. Of its twins ``tree_measured`` measures before them, and
``tree_free`` has no bit that turns another, nor phases of pairs, and longer z.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...quantum.registers import bits_for
from .born import neighbours
from .interference import interfere, rotations
from .qubits import Gate, Pixels, mixing, real_parts, signs, signs_of, with_one
from .registry import SHARES, ShareSetting, nearest

#: A layer of interference more for so many more numbers z, up to so many layers.
_MIXED, _MOST = 16, 3


class Tree(nn.Module):
    """Inputs (B, in_features) → log shares (B, H, W).

    Args:
        in_features: k.
        shape: (H, W).
        layers: of phases and rotations after the tree.
        mixed: length of z, what the inputs are mixed to.
        coherent: no measurement between the tree and the layers.
        entangled: bits that turn others, and phases of pairs.
    """

    signs: Tensor

    def __init__(self, in_features: int, shape: tuple[int, int], layers: int, mixed: int, *,
                 coherent: bool = True, entangled: bool = True) -> None:
        super().__init__()
        bits = tuple(map(bits_for, shape))
        self.left, self.n_qubits, self.coherent = bits[0], sum(bits), coherent
        self.circuit = coherent and entangled
        self.order = in_turns(*bits)
        self.mix = mixing(in_features, mixed)
        self.heard = controls(*bits) if entangled else [[] for _ in range(sum(bits))]
        self.branch = nn.ParameterList(0.05 * torch.randn(1 + len(heard), 1 + mixed) for heard in self.heard)
        for bit, (angles, heard) in enumerate(zip(self.branch, self.heard, strict=True)):
            angles.data[0, 0] += math.pi / 2
            # One, and Z of each control, in each state of the bits before, those of the row first.
            before = sorted(range(bit), key=lambda other: self.order[other])
            known = signs(bit)[[before.index(other) for other in heard]] if heard else torch.empty(0, 2**bit)
            self.register_buffer(f"before_{bit}", torch.cat((torch.ones(1, 2**bit), known)), persistent=False)
        self.turns = nn.Parameter(0.1 * torch.randn(layers, self.n_qubits, 1 + mixed))
        self.pairs = neighbours(0, *bits) if entangled else []
        self.phases = nn.Parameter(0.3 * torch.randn(layers, self.n_qubits + len(self.pairs)))
        self.register_buffer("signs", signs_of(self.n_qubits, self.pairs), persistent=False)
        self.pixels = Pixels(shape)

    def _prepared(self, mixed: Tensor) -> Tensor:
        """The real state of the tree, (B, R, C)."""
        state = mixed.new_ones(mixed.shape[1], 1, 1)
        for bit, (wire, coefficients) in enumerate(zip(self.order, self.branch, strict=True)):
            half = (0.5 * (coefficients @ mixed).T @ self.get_buffer(f"before_{bit}")).view_as(state)
            axis = 2 if wire < self.left else 3
            state = torch.stack((state * half.cos(), state * half.sin()), axis).flatten(axis - 1, axis)
        return state

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
        """The circuit of inputs (B, in_features), angles (B,); not of the twin, which measures in between."""
        mixed, found = with_one(self.mix(inputs)), list[Gate]()
        for bit, coefficients in enumerate(self.branch):
            own, *others = coefficients @ mixed
            wire = self.order[bit]
            found.append(("Y", (wire,), own))
            found += [("ZY", (self.order[other], wire), angle) for other, angle in zip(self.heard[bit], others,
                                                                                         strict=True)]
        for phases, turn in zip(self.phases, self.turns @ mixed, strict=True):
            wires = [*((wire,) for wire in range(self.n_qubits)), *self.pairs]
            found += [("Z" * len(some), some, angle) for some, angle in zip(wires, phases, strict=True)]
            found += [("Y", (wire,), angle) for wire, angle in enumerate(turn)]
        return found


def in_turns(rows: int, columns: int) -> list[int]:
    """Wires from coarse to fine, a row's and a column's in turn.

    >>> in_turns(2, 3)
    [0, 2, 1, 3, 4]
    """
    return sorted(range(rows + columns), key=lambda wire: (wire % rows if wire < rows else wire - rows, wire >= rows))


def controls(rows: int, columns: int) -> list[list[int]]:
    """Of each bit in the order of :func:`in_turns`, which of those before it turn it.

    >>> controls(2, 2)
    [[], [0], [0, 1], [0, 1, 2]]
    """
    places = [(wire >= rows, wire % rows if wire < rows else wire - rows) for wire in in_turns(rows, columns)]
    return [[other for other in range(bit) if places[other][0] == register or level - places[other][1] <= 1]
            for bit, (register, level) in enumerate(places)]


def _stirred(probability: Tensor, turns: Tensor, left: int) -> Tensor:
    """Probabilities (B, R, C) after RY by angles (layers, n, B) of bits that were measured before each."""
    for turn in turns:
        rows, columns = rotations(turn[:left].T).square(), rotations(turn[left:].T).square()
        probability = rows @ probability @ columns.transpose(1, 2)
    return probability


def _built(setting: ShareSetting, coherent: bool = True, entangled: bool = True) -> Tree:
    bits = [bits_for(side) for side in setting.shape]
    n, pairs = sum(bits), len(neighbours(0, *bits)) if entangled else 0
    turned = n + (sum(map(len, controls(*bits))) if entangled else 0)

    def count(size: tuple[int, int]) -> int:
        layers, mixed = size
        return mixed * (setting.in_features + 1) + (turned + layers * n) * (1 + mixed) + layers * (n + pairs)

    most = _MOST if entangled else 1
    sizes = [(min(most, 1 + mixed // _MIXED), mixed) for mixed in range(1, 2000)]
    return Tree(setting.in_features, setting.shape, *nearest(setting.numbers, sizes, count), coherent=coherent,
                entangled=entangled)


@SHARES.register("tree")
def _tree(setting: ShareSetting) -> nn.Module:
    return _built(setting)


@SHARES.register("tree_measured")
def _measured(setting: ShareSetting) -> nn.Module:
    return _built(setting, coherent=False)


@SHARES.register("tree_free")
def _free(setting: ShareSetting) -> nn.Module:
    return _built(setting, entangled=False)
