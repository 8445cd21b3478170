"""A quantum layer whose inputs are angles, uploaded again in every layer (arXiv:1907.02085).

Qubit q takes the inputs q, q + n, q + 2n, ..., one rotation of angle w·x + b each; then a ring of CNOTs; and all of it
again with other w and b (:mod:`.reuploading`). Unlike with amplitudes, the final state is no linear map of the inputs
but a sum of their sines and cosines, and no state has to be prepared: any number of inputs fits any number of qubits.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ..base.seeding import seeded
from . import pennylane_circuit
from .circuits import CircuitError, weight_shape
from .readout import check_readout, gain, out_features, read
from .reuploading import Reuploading


class AngleLayer(nn.Module):
    """(B, in_features) -> (B, out_features) through a circuit that its inputs rotate.

    Args:
        in_features: length of x. Each qubit's first and last rotation are about Y, so that every angle changes every
            readout; where that leaves more rotations than inputs, the others are of angle w + b.
        n_qubits: number of qubits n.
        n_layers: how often the inputs enter.
        readout: ``state`` (2·2^n: real parts, imaginary parts), ``probs`` (2^n) or ``expval`` (⟨Z_j⟩, ⟨Z_j Z_k⟩).
        seed: fixes the initial w and b, standard normal numbers.
        dtype: float32 or float64.

    Raises:
        CircuitError: (a ValueError) a number below 1, or no such readout.

    >>> layer = AngleLayer(in_features=10, n_qubits=4, n_layers=2)
    >>> layer.weights.shape, layer(torch.zeros(3, 10)).shape
    (torch.Size([2, 4, 4]), torch.Size([3, 32]))
    """

    def __init__(self, *, in_features: int, n_qubits: int, n_layers: int, readout: str = "state", seed: int = 42,
                 dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        weight_shape(n_qubits, n_layers)
        if in_features < 1:
            raise CircuitError(f"in_features: {in_features}: expected at least 1")
        self.in_features, self.n_qubits, self.readout = in_features, n_qubits, check_readout(readout)
        self.out_features = out_features(readout, n_qubits)
        needed = -(-in_features // n_qubits)
        # Y, Z, Z, Y, Z, Z, Y, ...
        length = needed + (1 - needed) % 3
        with seeded(seed, "angles"):
            circuit = Reuploading(n_qubits, length, uploads=n_layers, first=1, spread=1.0, offset=1.0)
        self.circuit = circuit.to(dtype)

    @property
    def gain(self) -> float:
        """What its outputs are multiplied by to be of order one."""
        return gain(self.readout, self.out_features)

    @property
    def weights(self) -> Tensor:
        """The w, (n_layers, n_qubits, rotations)."""
        return self.circuit.weights

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_features) -> (B, out_features), in the layer's dtype."""
        with torch.autocast(x.device.type, enabled=False):  # angles are not to be rounded to three digits
            states = self.circuit(self.uploaded(x.to(self.weights.dtype)))
            return read(torch.cat((states.real, states.imag), -1), self.readout)

    def reference(self, x: Tensor, *, shots: int | None = None, noise: float = 0.0) -> Tensor:
        """The same by PennyLane, one circuit per sample; see :meth:`qgan.quantum.QuantumLayer.reference`."""
        angles = self.circuit.angles(self.uploaded(x.to(self.weights.dtype))).cpu()
        zero = torch.eye(1, 2**self.n_qubits, dtype=torch.float64)
        return torch.cat([pennylane_circuit.reference(
            self.circuit.gates(), sample, zero, self.n_qubits, self.readout,
            backend="default.mixed" if noise else "default.qubit", shots=shots, noise=noise) for sample in angles])

    def to_qnode(self, backend: pennylane_circuit.Backend = "default.qubit", *, shots: int | None = None,
                 noise: float = 0.0) -> Any:
        """A PennyLane QNode of one sample x (in_features,); see :meth:`qgan.quantum.QuantumLayer.to_qnode`."""
        return pennylane_circuit.circuit(self.circuit.gates(), self.n_qubits, self.readout, backend=backend,
                                         shots=shots, noise=noise, inputs=lambda x: (None, self._angles(x).double()))

    def to_openqasm(self, x: Tensor | None = None) -> str:
        """The circuit for one sample, by default of zeros, in OpenQASM 2.0, all wires measured at its end."""
        return pennylane_circuit.openqasm(self.circuit.gates(), self._angles(x), self.n_qubits)

    def draw(self, x: Tensor | None = None) -> str:
        """The circuit and its angles for one sample (in_features,), by default of zeros, as text."""
        return pennylane_circuit.drawing(self.circuit.gates(), self._angles(x), self.n_qubits)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, readout={self.readout}"

    def _angles(self, x: Tensor | None) -> Tensor:
        """Of all rotations for one sample (in_features,), by default of zeros."""
        x = self.weights.new_zeros(self.in_features) if x is None else torch.as_tensor(x)
        return self.circuit.angles(self.uploaded(x[None].to(self.weights.dtype)))

    def uploaded(self, x: Tensor) -> Tensor:
        """(B, n, rotations): what each rotation's w is multiplied by."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise CircuitError(f"input: shape {tuple(x.shape)}: expected (batch, {self.in_features})")
        length = self.circuit.length
        return pad(x, (0, self.n_qubits * length - self.in_features), value=1.0).reshape(-1, length, self.n_qubits).mT
