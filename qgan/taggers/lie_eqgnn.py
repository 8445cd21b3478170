"""A Lie-equivariant quantum graph network (arXiv:2411.15315): LorentzNet whose messages come out of a circuit.

The message φ_e of a pair is, of n numbers z that are linear in h_i, h_j and the products of the two vectors,

    s ⟨Z⟩    after    H, RY(π/2 · tanh z), then layers of CNOTs between neighbours and of trained RY,

n qubits and as many expectation values, each with a trained scale s; φ_x, φ_h and φ_m can have circuits too. All gates
are real and all pairs of a batch go through the circuit at once: the uploads make product states, the rest is one
orthogonal matrix a step. The products are ⟨x, y⟩ = xᵀJy with any symmetric J: what leaves J as it is changes no score.

Two twins tell what the circuit adds: one without CNOTs, and one whose circuit is a dense layer of as many numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import silu

from ..quantum.entanglers import Entangle
from ..quantum.states import product_of, turns_about_y
from .layers import dense
from .lorentznet import LorentzNet
from .particlenet import momenta
from .registry import TAGGERS, Tagger
from .training import Network

#: Qubits, and width of scalars and messages.
QUBITS = 6
#: Of the scales: with it, and with angles between −1 and 1, messages are of order one.
START = 2.0


class Circuit(nn.Module):
    """(B, n) numbers → (B, n) scaled ⟨Z⟩.

    Args:
        n: qubits.
        rng: of the angles.
        layers: of CNOTs and rotations after the upload.
        entangled: whether there are CNOTs.
    """

    signs: Tensor

    def __init__(self, n: int, rng: Generator, *, layers: int = QUBITS, entangled: bool = True) -> None:
        super().__init__()
        self.angles = nn.Parameter(2 * torch.rand(layers, n, generator=rng) - 1)
        self.scale = nn.Parameter(torch.full((n,), START))
        bits = torch.arange(2**n)[:, None] >> torch.arange(n - 1, -1, -1) & 1
        self.register_buffer("signs", 1.0 - 2.0 * bits, persistent=False)
        self.entangle = Entangle(n, brick(n) if entangled else [])

    def forward(self, z: Tensor) -> Tensor:
        # H before RY(u) is RY(π/2 + u) up to a sign.
        half = (math.pi / 2 * (1 + torch.tanh(z.T))) / 2
        states = self.evolution().T @ product_of(torch.stack([half.cos(), half.sin()], 1))
        return self.scale * (self.signs.T @ states**2).T

    def evolution(self) -> Tensor:
        """(2^n, 2^n): row k is what becomes of basis state k after the upload."""
        turns = turns_about_y(self.angles)
        layers = turns[:, 0]
        for wire in turns.unbind(1)[1:]:
            both = layers[:, :, None, :, None] * wire[:, None, :, None, :]
            layers = both.reshape(len(both), 2 * layers.shape[1], -1)
        states = torch.eye(len(self.signs), dtype=turns.dtype, device=turns.device)
        for layer in layers:
            states = self.entangle(states)
            states = states @ layer.T
        return states


def brick(n: int) -> list[tuple[int, int]]:
    """(control, target) of a layer of CNOTs: wires 0 and 1, 2 and 3, ..., then 1 and 2, 3 and 4, ..."""
    return [(wire, wire + 1) for first in (0, 1) for wire in range(first, n - 1, 2)]


class DenseTwin(nn.Module):
    """(B, n) → (B, n), with as many trained numbers as a :class:`Circuit` of n layers."""

    def __init__(self, n: int, rng: Generator) -> None:
        super().__init__()
        self.mixing = dense(n, n, rng, bias=False)
        self.scale = nn.Parameter(torch.ones(n))

    def forward(self, z: Tensor) -> Tensor:
        return self.scale * silu(self.mixing(z))


class LieEQGNN(LorentzNet):
    """Momenta (B, M, 4), GeV, padded with zeros → logits (B, logits).

    Args:
        shape: (M, 4).
        logits: how many.
        rng: of the weights, on the CPU.
        message: makes n numbers of n in the place of what is within φ.
        of: which φ, some of e, x, h and m.
        metric: J, symmetric (4, 4); Minkowski's where none is given.
        beams: see :class:`~qgan.taggers.lorentznet.LorentzNet`; they are what Minkowski's metric takes for massless.
        blocks: how many.
    """

    def __init__(self, shape: tuple[int, ...], logits: int, rng: Generator, *,
                 message: Callable[[int, Generator], nn.Module] = Circuit, of: str = "e",
                 metric: Sequence[Sequence[float]] | None = None, beams: bool = True, blocks: int = 3) -> None:
        super().__init__(shape, logits, rng, blocks=blocks, width=QUBITS, beams=beams, metric=metric,
                         inner=dict.fromkeys(of, message))


for _name, _build, _title, _twins in (
        ("lie_eqgnn", LieEQGNN, "Lie-equivariant quantum graph network", ("lie_eqgnn-product", "lie_eqgnn-dense")),
        ("lie_eqgnn-product", partial(LieEQGNN, message=partial(Circuit, entangled=False)), "the same without CNOTs",
         ()),
        ("lie_eqgnn-dense", partial(LieEQGNN, message=DenseTwin), "the same with dense layers", ())):
    TAGGERS.add(_name, Tagger(Network(_build, momenta, part=128, ramp=True), _title, sees="particles", twins=_twins))
