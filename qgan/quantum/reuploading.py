"""Data re-uploading: a circuit that every sample rotates by its own numbers, again and again.

Each qubit takes the L values x of its patch, one rotation of angle w·x + b each, about Z, Y, Z, Z, Y, Z, ... in turn;
then CNOTs entangle the qubits; and all of it is repeated with other w and b (Pérez-Salinas et al., arXiv:1907.02085).

Nothing between the rotations of one qubit entangles it, so they are fused into one 2×2 matrix per sample, qubit and
upload (:mod:`.su2`) before any state is touched. The first upload makes a product state directly. Later ones act on
groups of three qubits at once, a batched product of 8×8 matrices, and CNOTs are one permutation of the amplitudes.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from .circuits import CNOT, RY, RZ, CircuitError
from .entanglers import Entangle, cnots
from .states import apply_product, product_state
from .su2 import Quaternion, chain, euler, euler_angles, matrices

TURNS = (RZ, RY, RZ)


def kinds(length: int, start: int) -> list[int]:
    """The axis of each of the ``length`` rotations of a qubit, the first that of the turn ``start``."""
    return [TURNS[(start + position) % 3] for position in range(length)]


class Reuploading(nn.Module):
    """The circuit as a layer: (B, n, L) values -> (B, 2^n) complex amplitudes.

    Args:
        n_qubits, length: n qubits, L values each.
        uploads: how often the values enter.
        entangler: one of :data:`~qgan.quantum.entanglers.ENTANGLERS`.
        first: the turn that the first upload starts with, 0, 1 or 2 of Z, Y, Z.
        shift: each upload starts one axis later, so that every value turns its qubit about Y at some time.
        spread: scale of the weights at the start, standard deviation of each w.
        offset: the same of the b; 0 leaves a sample of zeros in |0...0> at the start.
        biases: whether there are any b.
    """

    place: Tensor

    def __init__(self, n_qubits: int, length: int, *, uploads: int = 2, entangler: str = "ring", first: int = 0,
                 shift: bool = False, spread: float = 0.1, offset: float = 0.1, biases: bool = True) -> None:
        super().__init__()
        for name, value in (("n_qubits", n_qubits), ("length", length), ("uploads", uploads)):
            if value < 1:
                raise CircuitError(f"{name}: {value}: expected at least 1")
        self.n_qubits, self.length, self.uploads, self.entangler = n_qubits, length, uploads, entangler
        self.starts = [(first + upload * shift) % 3 for upload in range(uploads)]
        self.weights = nn.Parameter(spread * torch.randn(uploads, n_qubits, length))
        self.biases = nn.Parameter(offset * torch.randn(uploads, n_qubits, length)) if biases else None
        self.entangle = nn.ModuleList(Entangle(n_qubits, cnots(entangler, n_qubits, u)) for u in range(uploads))
        self.register_buffer("place", self._triples(), persistent=False)

    def _triples(self) -> Tensor:
        """(3 T, uploads): the rotation, or L for none, that stands at each place of T triples Z, Y, Z."""
        triples = (self.length + max(self.starts) + 2) // 3
        place = torch.full((3 * triples, self.uploads), self.length)
        for upload, start in enumerate(self.starts):
            place[start : start + self.length, upload] = torch.arange(self.length)
        return place

    def angles(self, x: Tensor) -> Tensor:
        """(B, uploads, n, L): w·x + b."""
        turned = self.weights * x[:, None]
        return turned if self.biases is None else turned + self.biases

    def fused(self, x: Tensor) -> Quaternion:
        """The product of all rotations of an upload, a qubit and a sample, each part (uploads, n, B)."""
        # Samples last: elementwise arithmetic then runs over long rows.
        turned = self.weights.permute(2, 0, 1)[..., None] * x.permute(2, 1, 0)[:, None]
        if self.biases is not None:
            turned = turned + self.biases.permute(2, 0, 1)[..., None]
        turned = torch.cat((turned, turned.new_zeros(1, *turned.shape[1:])))
        placed = torch.stack([turned[:, u].index_select(0, self.place[:, u]) for u in range(self.uploads)], 1)
        return chain(euler(placed.unflatten(0, (-1, 3)).transpose(0, 1)))

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != (self.n_qubits, self.length):
            raise ValueError(f"values of shape {tuple(x.shape)}, expected (B, {self.n_qubits}, {self.length})")
        unitaries = matrices(self.fused(x)).permute(2, 0, 1, 3, 4)
        states = product_state(unitaries[:, 0])
        for upload, entangle in enumerate(self.entangle):
            if upload:
                states = apply_product(states, unitaries[:, upload])
            states = entangle(states)
        return states

    def gates(self) -> Tensor:
        """The circuit as a gate list (see :mod:`.circuits`), angles in the order of :meth:`angles`, flattened."""
        found = []
        for upload in range(self.uploads):
            for wire in range(self.n_qubits):
                first = (upload * self.n_qubits + wire) * self.length
                turns = kinds(self.length, self.starts[upload])
                found += [[kind, wire, -1, first + position] for position, kind in enumerate(turns)]
            found += [[CNOT, *pair, -1] for pair in cnots(self.entangler, self.n_qubits, upload)]
        return torch.tensor(found)

    def short_angles(self, x: Tensor) -> Tensor:
        """(B, uploads, n, 3): the angles of :meth:`short_gates`."""
        return euler_angles(self.fused(x)).permute(3, 1, 2, 0)

    def short_gates(self) -> Tensor:
        """The same circuit with three rotations a qubit and upload: what hardware would run."""
        found, count = [], itertools.count()
        for upload in range(self.uploads):
            found += [[kind, wire, -1, next(count)] for wire in range(self.n_qubits) for kind in TURNS]
            found += [[CNOT, *pair, -1] for pair in cnots(self.entangler, self.n_qubits, upload)]
        return torch.tensor(found)

    def extra_repr(self) -> str:
        return (f"{self.n_qubits} qubits of {self.length} values, {self.uploads} uploads, {self.entangler}, "
                f"{sum(p.numel() for p in self.parameters())} parameters")
