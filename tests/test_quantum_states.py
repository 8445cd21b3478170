"""Batched state vectors against PennyLane, and data re-uploading as the batch sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import Tensor

from qgan.quantum.circuits import RX, RY, RZ, random_layers
from qgan.quantum.entanglers import cnots
from qgan.quantum.pauli import Index, Word, group_words, parity, pauli_words
from qgan.quantum.states import apply_single_qubit, cnot_permutation, fidelity, product_state, rotation, run_gates

GATES = {RX: qml.RX, RY: qml.RY, RZ: qml.RZ}


def random_states(batch: int, n_qubits: int, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    states = torch.randn(batch, 2**n_qubits, generator=rng, dtype=torch.complex128)
    return states / states.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("kind", [RX, RY, RZ])
def test_rotations_are_those_of_pennylane(kind: int) -> None:
    angles = torch.linspace(-3, 3, 5, dtype=torch.float64)
    for angle, matrix in zip(angles, rotation(kind, angles), strict=True):
        np.testing.assert_allclose(matrix.numpy(), qml.matrix(GATES[kind](float(angle), wires=0)), atol=1e-15)
    with pytest.raises(ValueError, match="expected RX"):
        rotation(3, angles)


@pytest.mark.parametrize("wire", [0, 1, 2])
def test_a_unitary_on_one_qubit_equals_the_full_matrix(wire: int) -> None:
    states = random_states(4, 3)
    matrices = rotation(RX, torch.linspace(0, 3, 4, dtype=torch.float64)) @ rotation(RZ, torch.tensor(0.3).double())
    out = apply_single_qubit(states, matrices, wire)
    for state, matrix, found in zip(states, matrices, out, strict=True):
        full = qml.matrix(qml.QubitUnitary(matrix.numpy(), wires=wire), wire_order=range(3))
        np.testing.assert_allclose(found.numpy(), full @ state.numpy(), atol=1e-15)
    same = apply_single_qubit(states, matrices[0], wire)
    torch.testing.assert_close(same[0], out[0])


def test_a_run_of_cnots_is_one_permutation() -> None:
    pairs = [(0, 1), (2, 0), (1, 3), (3, 0), (0, 2)]
    full = qml.matrix(lambda: [qml.CNOT(wires=pair) for pair in pairs], wire_order=range(4))()
    states = random_states(3, 4)
    np.testing.assert_allclose(states[:, cnot_permutation(4, pairs)].numpy(), states.numpy() @ full.T, atol=1e-15)
    assert cnots("ring", 1) == []
    assert cnots("ring", 3) == [(0, 1), (1, 2), (2, 0)]


def zero_probability(states: Tensor, wires: list[int]) -> Tensor:
    """The probability that each of these wires reads 0."""
    return fidelity(states, wires, torch.tensor([[1, 0]] * len(wires), dtype=torch.complex128))


def reuploading(data: Tensor, weights: Tensor, bias: Tensor, n_qubits: int, trash: list[int]) -> Tensor:
    """Uploads of RZ, RY, RZ by w·x+b on every qubit with rings of CNOTs: (B,) probability of zeros on the trash."""
    for upload in range(weights.shape[0]):
        angles = data[:, :, None] * weights[upload] + bias[upload]
        first, second, third = (rotation(k, angles[..., j]) for j, k in enumerate((RZ, RY, RZ)))
        matrices = third @ second @ first
        if upload == 0:
            states = product_state(matrices)
        else:
            for wire in range(n_qubits):
                states = apply_single_qubit(states, matrices[:, wire], wire)
        states = states[:, cnot_permutation(n_qubits, cnots("ring", n_qubits))]
    return zero_probability(states, trash)


@pytest.mark.parametrize(("n_qubits", "uploads", "trash"), [(2, 1, [1]), (4, 2, [2, 3]), (6, 3, [0, 2, 5])])
def test_data_reuploading_equals_pennylane(n_qubits: int, uploads: int, trash: list[int]) -> None:
    rng = torch.Generator().manual_seed(n_qubits)
    shape = (uploads, n_qubits, 3)
    weights, bias = (torch.randn(shape, generator=rng, dtype=torch.float64, requires_grad=True) for _ in range(2))
    data = torch.randn(3, n_qubits, generator=rng, dtype=torch.float64)

    def measured(x: Tensor) -> Any:
        for upload in range(uploads):
            for wire in range(n_qubits):
                for j, gate in enumerate((qml.RZ, qml.RY, qml.RZ)):
                    gate(x[wire] * weights[upload, wire, j] + bias[upload, wire, j], wires=wire)
            for wire in range(n_qubits):
                qml.CNOT(wires=[wire, (wire + 1) % n_qubits])
        return qml.probs(wires=trash)

    circuit = qml.QNode(measured, qml.device("default.qubit", wires=n_qubits), interface="torch")
    fast = reuploading(data, weights, bias, n_qubits, trash)
    slow = torch.stack([circuit(x)[0] for x in data])
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-12)
    gradients = (torch.autograd.grad((out * out).sum(), [weights, bias]) for out in (fast, slow))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


def run_words(states: Tensor, words: list[Word], index: Index, angles: Tensor) -> Tensor:
    """The rewritten circuit applied word by word to (..., 2^n) states: the plain definition."""
    basis = np.arange(states.shape[-1])
    for word in words:
        source = basis ^ word.x
        phase = 1j**word.k * (1 - 2 * parity(word.z & source))
        flipped = states[..., torch.from_numpy(source)] * torch.from_numpy(phase).to(states.dtype)
        half = angles[word.angle] / 2
        states = torch.cos(half) * states - 1j * torch.sin(half) * flipped
    return states[..., torch.from_numpy(index)]


@pytest.mark.parametrize(("n_qubits", "n_layers", "n_rotations"), [(1, 2, 3), (2, 3, 4), (5, 2, 5), (7, 3, 9)])
def test_pauli_words_and_their_groups_are_the_circuit(n_qubits: int, n_layers: int, n_rotations: int) -> None:
    gates = random_layers(n_qubits, n_layers, n_rotations, seed=n_qubits)
    angles = torch.randn(n_layers * n_rotations, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    states = random_states(3, n_qubits)
    expected = run_gates(states, gates, angles)
    words, index = pauli_words(gates, n_qubits)
    torch.testing.assert_close(run_words(states, words, index, angles), expected, rtol=0, atol=1e-13)
    for rank, size in ((1, 4), (2, 6), (4, 7)):
        rank = min(rank, n_qubits)
        groups = group_words(words, rank, size)
        assert all(len(group.words) <= size and len(group.basis) <= rank for group in groups)
        ordered = [word for group in groups for word in group.words]
        torch.testing.assert_close(run_words(states, ordered, index, angles), expected, rtol=0, atol=1e-13)


def test_zero_probability_is_the_swap_test_with_zeros() -> None:
    states = random_states(2, 3)
    trash = [0, 2]

    def measured(state: np.ndarray) -> Any:
        qml.StatePrep(state, wires=range(3))
        qml.Hadamard(wires=5)
        for wire, reference in zip(trash, (3, 4), strict=True):
            qml.CSWAP(wires=[5, wire, reference])
        qml.Hadamard(wires=5)
        return qml.expval(qml.Z(5))

    swap_test = qml.QNode(measured, qml.device("default.qubit", wires=6))
    expected = [float(swap_test(state.numpy())) for state in states]
    np.testing.assert_allclose(zero_probability(states, trash).numpy(), np.array(expected), atol=1e-12)
