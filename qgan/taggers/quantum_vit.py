"""A vision transformer with quantum self-attention (arXiv:2205.05625): q, k and v of a patch come out of circuits.

Each of the three is a circuit on n qubits, for the n numbers h of a patch. Two or three times over,

    RY(h_i) on qubit i,  trained RZ and RY on each,  a line of CNOTs,

then ⟨Z⟩ of the last qubit, in which every angle has a part, is q or k, and ⟨Z⟩ of each qubit v; each times a trained
scale. In the variant ``dot`` circuits stand in the place of the three linear maps of a usual transformer: ⟨Z⟩ of each
qubit is q and k too. RY and RZ do not commute, so that each upload mixes anew. All patches of all jets of a batch go
through the three circuits at once.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Generator, Tensor, nn

from ..quantum.entanglers import Entangle, cnots
from ..quantum.states import apply_product, product_state, z_expectations
from ..quantum.su2 import Quaternion, matrices, product
from .registry import TAGGERS, Tagger
from .residual import pixels
from .training import Network
from .vit import BATCH, Scales, ViT

#: Of the numbers: with :data:`~qgan.taggers.vit.WIDTH` qubits a circuit has as many angles as a dense map has weights.
UPLOADS = 3


class Circuits(nn.Module):
    """Patches (T, n) → q (T,), k (T,) and v (T, n); with ``dot`` q and k (T, n).

    Args:
        n: qubits.
        rng: of the angles.
        uploads: how often the numbers enter.
        dot: whether q and k are ⟨Z⟩ of all qubits, or of the last.
    """

    def __init__(self, n: int, rng: Generator, *, uploads: int = UPLOADS, dot: bool = False) -> None:
        super().__init__()
        self.dot = dot
        self.angles = nn.Parameter(2 * torch.rand(2, 3, uploads, n, generator=rng) - 1)
        self.scales = Scales(n)
        self.entangle = Entangle(n, cnots("line", n))

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states = self.states(h)
        q, k, v = z_expectations(states).chunk(3)
        return self.scales(q, k, v) if self.dot else self.scales(q[:, -1], k[:, -1], v)

    def states(self, h: Tensor) -> Tensor:
        """(3 T, 2^n) amplitudes, those of q first, then of k and of v."""
        rz, ry = self.angles[..., None].unbind(0)
        trained = product(_turn(ry, 2), _turn(rz, 3))
        fused = product(trained, _turn(h.T, 2))
        # (3, uploads, n, T, 2, 2) → (3 T, uploads, n, 2, 2)
        unitaries = matrices(fused).permute(0, 3, 1, 2, 4, 5).flatten(0, 1)
        states = product_state(unitaries[:, 0])
        for upload in range(unitaries.shape[1]):
            if upload:
                states = apply_product(states, unitaries[:, upload])
            states = self.entangle(states)
        return states


def _turn(angle: Tensor, axis: int) -> Quaternion:
    """A rotation about Y (axis 2) or Z (axis 3)."""
    zero = torch.zeros_like(angle)
    found = [torch.cos(angle / 2), zero, zero, zero]
    found[axis] = torch.sin(angle / 2)
    return found[0], found[1], found[2], found[3]


for _name, _maps, _title, _twin in (
        ("quantum_vit", Circuits, "vision transformer with quantum self-attention on images", "vit"),
        ("quantum_vit-dot", partial(Circuits, dot=True), "the same with the usual attention", "vit-dot")):
    TAGGERS.add(_name, Tagger(Network(partial(ViT, maps=_maps), pixels, batch=BATCH, ramp=True), _title,
                              twins=(_twin,)))
