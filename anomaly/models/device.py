"""A quantum autoencoder as a PennyLane device reads it, one jet at a time: the reference of the batched simulation,
and the path for shots, noise and hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from qgan.quantum.reuploading import Reuploading
from qgan.quantum.swap_test import swap_test, trash_fidelity


@dataclass(frozen=True)
class Device:
    """Where the trash is read.

    Attributes:
        backend: a PennyLane device.
        shots: how often it reads the trash; 0 for exact values.
        depolarising: probability of its noise after each gate on each wire; needs the backend ``default.mixed``.
        literal: it runs the SWAP test with its reference and ancilla qubits, not the reduction.

    Raises:
        ValueError: a number that cannot be.
    """

    backend: str = "lightning.qubit"
    shots: int = 0
    depolarising: float = 0.0
    literal: bool = False

    def __post_init__(self) -> None:
        if self.shots < 0:
            raise ValueError(f"device.shots: {self.shots}, expected 0 or more")
        if not 0 <= self.depolarising <= 0.75:
            raise ValueError(f"device.depolarising: {self.depolarising}, expected 0 to 0.75")

    @torch.no_grad()
    def fidelity(self, circuit: Reuploading, values: Tensor, trash: Sequence[int], reference: Tensor) -> Tensor:
        """(B,): the fidelity of the ``trash`` with ``reference`` (t, 2) for ``values`` (B, n, L), without gradient."""
        test = swap_test if self.literal else trash_fidelity
        measure = test(circuit.short_gates(), circuit.n_qubits, trash, reference.cpu().to(torch.complex128),
                       backend=self.backend, shots=self.shots or None, noise=self.depolarising)
        return torch.tensor([measure(row) for row in circuit.short_angles(values.double())]).to(values)
