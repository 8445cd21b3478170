"""The SWAP test of a circuit's trash qubits with reference qubits, literally, in PennyLane.

n data qubits, t reference qubits and one ancilla. Controlled on the ancilla, each trash qubit is swapped with its
reference; the ancilla then reads ⟨Z⟩ = Tr(ρ_trash |r⟩⟨r|), the fidelity of the trash with a pure reference |r⟩ (Buhrman
et al., quant-ph/0102001). That is the probability that the trash qubits read |r⟩, which needs neither the references
nor the ancilla: t + 1 qubits, and 2^(t+1) times the memory, less. :func:`trash_fidelity` is that reduction as a
circuit; the literal one is kept as what it has to equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from .circuits import CircuitError
from .pennylane_circuit import device, queue

Measure = Callable[[Tensor], float]


def check_trash(trash: Sequence[int], reference: Tensor, n_qubits: int) -> None:
    """Raises :class:`CircuitError` unless ``trash`` are wires and ``reference`` (t, 2) is a qubit for each of them."""
    if not trash or len(set(trash)) < len(trash) or not set(trash) <= set(range(n_qubits)):
        raise CircuitError(f"trash: {list(trash)}, expected different wires of 0 to {n_qubits - 1}")
    if reference.shape != (len(trash), 2):
        raise CircuitError(f"reference: shape {tuple(reference.shape)}, expected ({len(trash)}, 2)")


def swap_test(gates: Tensor, n_qubits: int, trash: Sequence[int], reference: Tensor, *,
              backend: str = "default.qubit", shots: int | None = None, noise: float = 0.0) -> Measure:
    """A function of the angles of one sample that gives the fidelity of its trash with the reference.

    Args:
        gates: the circuit (see :mod:`.circuits`), started in |0...0>.
        n_qubits: of the circuit.
        trash: its wires that are compared.
        reference: (t, 2) complex amplitudes, a pure state for each of them.
        backend: a PennyLane device.
        shots: how often the ancilla is read; None for the exact value.
        noise: probability of the depolarising noise after each gate on each of its wires; needs ``default.mixed``.
    """
    import pennylane as qml

    check_trash(trash, reference, n_qubits)
    references = range(n_qubits, n_qubits + len(trash))
    ancilla = n_qubits + len(trash)

    def circuit(angles: Tensor) -> Any:
        queue(gates, angles, noise)
        for wire, amplitudes in zip(references, reference, strict=True):
            qml.StatePrep(amplitudes.numpy(), wires=wire)
        qml.Hadamard(ancilla)
        for wire, other in zip(trash, references, strict=True):
            qml.CSWAP([ancilla, wire, other])
        qml.Hadamard(ancilla)
        return qml.expval(qml.Z(ancilla))

    return _node(circuit, backend, ancilla + 1, shots, lambda found: float(found))


def trash_fidelity(gates: Tensor, n_qubits: int, trash: Sequence[int], reference: Tensor, *,
                   backend: str = "default.qubit", shots: int | None = None, noise: float = 0.0) -> Measure:
    """The same number from the data qubits alone: each reference is rotated to |0>, then the trash is read."""
    import pennylane as qml

    check_trash(trash, reference, n_qubits)
    undo = [_from_zero(amplitudes).mH.resolve_conj().numpy() for amplitudes in reference]

    def circuit(angles: Tensor) -> Any:
        queue(gates, angles, noise)
        for wire, matrix in zip(trash, undo, strict=True):
            qml.QubitUnitary(matrix, wires=wire)
        return qml.probs(wires=list(trash))

    return _node(circuit, backend, n_qubits, shots, lambda found: float(found[0]))


def _from_zero(amplitudes: Tensor) -> Tensor:
    """(2, 2): a unitary that takes |0> to this qubit."""
    a, b = amplitudes.to(torch.complex128)
    return torch.stack((torch.stack((a, -b.conj())), torch.stack((b, a.conj()))))


def _node(circuit: Callable[[Tensor], Any], backend: str, n_wires: int, shots: int | None,
          answer: Callable[[Any], float]) -> Measure:
    import pennylane as qml

    if shots is None:
        node = qml.QNode(circuit, device(backend, n_wires), diff_method=None)
    else:
        # A fresh seed from torch's own state, so that a seeded program repeats.
        sampler = qml.device(backend, wires=n_wires, seed=int(torch.randint(2**31, ())))
        node = qml.set_shots(qml.QNode(circuit, sampler, diff_method=None), shots=shots)
    return lambda angles: answer(node(angles.detach().cpu().double().numpy().ravel()))
