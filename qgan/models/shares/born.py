"""Born machines: measured, a register of qubits gives a row and another a column, with the probability of the share.

The inputs u are mixed to a few numbers z = A u and turn every qubit in every layer (data re-uploading,
arXiv:1907.02085), RY and RZ by angles b + w·z; phases ZZ then entangle neighbouring bits of a register and bits of the
same weight of both:

    layer = Π exp(−i θ ZZ / 2) · Π RZ(b + w·z) · Π RY(b + w·z)

and last come rotations RY alone, since what turns phases before a measurement changes nothing. Bits are Gray-coded, so
that neighbouring pixels differ in one bit; pixels lie in the middle of the registers.

The twins say what of it is quantum: ``born_free`` has no entangling phases and more rotations instead;
``born_dephased`` measures, and forgets, after each layer, so that phases have no effect and each bit is a Markov chain
of its own. ``born_binary`` counts without Gray code; ``born_colours`` has two further qubits, whose outcome is not
looked at: its shares are a mixture.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ...quantum.registers import bits_for
from .interference import interfere
from .qubits import Gate, Pixels, signs_of, started, with_one
from .registry import SHARES, ShareSetting, nearest

#: Layers and lengths of z that are tried for a size, both growing together.
_SIZES = [(layers, mixed) for layers in range(1, 13) for mixed in range(1, 49) if layers >= min(mixed, 10)]


class Born(nn.Module):
    """Inputs (B, in_features) → log shares (B, H, W).

    Args:
        in_features: k.
        shape: (H, W).
        layers: of rotations; phases stand between them.
        mixed: length of z.
        colours: further qubits.
        entangled: with phases ZZ.
        coherent: no measurement between layers.
        coded: Gray code.
    """

    signs: Tensor

    def __init__(self, in_features: int, shape: tuple[int, int], layers: int, mixed: int, *, colours: int = 0,
                 entangled: bool = True, coherent: bool = True, coded: bool = True) -> None:
        super().__init__()
        bits = tuple(map(bits_for, shape))
        self.left, self.right, self.colours, self.coherent = colours + bits[0], bits[1], colours, coherent
        self.circuit = entangled and coherent
        self.n_qubits = self.left + self.right
        self.pairs = neighbours(colours, *bits) if entangled else []
        self.mix = nn.Linear(in_features, mixed, bias=False)
        nn.init.normal_(self.mix.weight, 0.0, in_features**-0.5)
        self.about_y = nn.Parameter(0.3 * torch.randn(layers, self.n_qubits, 1 + mixed))
        self.about_z = nn.Parameter(0.3 * torch.randn(layers - 1, self.n_qubits, 1 + mixed))
        self.phases = nn.Parameter(0.3 * torch.randn(layers - 1, len(self.pairs))) if self.pairs else None
        self.register_buffer("signs", signs_of(self.n_qubits, self.pairs), persistent=False)
        self.pixels = Pixels(shape, coded)

    def angles(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Of RY (layers, n_qubits, B), and of RZ (layers − 1, n_qubits, B)."""
        mixed = with_one(self.mix(inputs))
        return self.about_y @ mixed, self.about_z @ mixed

    def probabilities(self, inputs: Tensor) -> Tensor:
        """(B, 2^n_qubits), of every outcome."""
        about_y, about_z = self.angles(inputs)
        return self._coherent(about_y, about_z) if self.coherent else _dephased(about_y)

    def _coherent(self, about_y: Tensor, about_z: Tensor) -> Tensor:
        state = started(about_y[0].T, self.left)
        every = about_z.mT
        if self.phases is not None:
            every = torch.cat((every, self.phases[:, None].expand(-1, every.shape[1], -1)), 2)
        phases = (0.5 * every @ self.signs).unflatten(2, (2**self.left, -1))
        return interfere(state, phases, about_y[1:], self.left).square().sum(0).flatten(1)

    def forward(self, inputs: Tensor) -> Tensor:
        outcomes = self.probabilities(inputs).view(len(inputs), 2**self.colours, -1, 2**self.right)
        return self.pixels(outcomes.sum(1))

    def gates(self, inputs: Tensor) -> list[Gate]:
        """The circuit of inputs (B, in_features), angles (B,); not of the dephased twin, which measures in between."""
        about_y, about_z = self.angles(inputs)
        found: list[Gate] = []
        for layer, turn in enumerate(about_y):
            if layer:
                found += [("Z", (wire,), angle) for wire, angle in enumerate(about_z[layer - 1])]
                if self.phases is not None:
                    found += [("ZZ", pair, angle) for pair, angle in zip(self.pairs, self.phases[layer - 1],
                                                                         strict=True)]
            found += [("Y", (wire,), angle) for wire, angle in enumerate(turn)]
        return found


def _dephased(about_y: Tensor) -> Tensor:
    joint = about_y.new_ones(about_y.shape[-1], 1)
    for polarised in torch.cos(about_y).prod(0):
        joint = (joint[:, :, None] * torch.stack(((1 + polarised) / 2, (1 - polarised) / 2), 1)[:, None]).flatten(1)
    return joint


def neighbours(colours: int, *bits: int) -> list[tuple[int, int]]:
    """Pairs of qubits that are entangled: chains in each register, and rungs between bits of the same weight.

    >>> neighbours(0, 2, 2)
    [(0, 1), (2, 3), (0, 2), (1, 3)]
    """
    first, second, count = colours, colours + bits[0], colours + sum(bits)
    chains = [*pairwise(range(colours)), *pairwise(range(first, second)), *pairwise(range(second, count))]
    rungs = zip(range(first, second), range(second, count), strict=False)
    return [*chains, *rungs, *((colour, start + colour) for colour in range(colours) for start in (first, second))]


def _built(setting: ShareSetting, *, colours: int = 0, entangled: bool = True, **kind: bool) -> Born:
    bits = [bits_for(side) for side in setting.shape]
    qubits, pairs = colours + sum(bits), len(neighbours(colours, *bits)) if entangled else 0

    def count(size: tuple[int, int]) -> int:
        layers, mixed = size
        return mixed * setting.in_features + (2 * layers - 1) * qubits * (1 + mixed) + (layers - 1) * pairs

    size = nearest(setting.numbers, _SIZES, count)
    return Born(setting.in_features, setting.shape, *size, colours=colours, entangled=entangled, **kind)


@SHARES.register("born")
def _born(setting: ShareSetting) -> nn.Module:
    return _built(setting)


@SHARES.register("born_binary")
def _binary(setting: ShareSetting) -> nn.Module:
    return _built(setting, coded=False)


@SHARES.register("born_colours")
def _colours(setting: ShareSetting) -> nn.Module:
    return _built(setting, colours=2)


@SHARES.register("born_free")
def _free(setting: ShareSetting) -> nn.Module:
    return _built(setting, entangled=False)


@SHARES.register("born_dephased")
def _dephased_twin(setting: ShareSetting) -> nn.Module:
    return _built(setting, coherent=False)
