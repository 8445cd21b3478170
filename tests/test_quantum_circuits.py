"""The stored gate list against PennyLane's template."""

from __future__ import annotations

from typing import Any

import pennylane as qml
import pytest
import torch

from qgan.quantum import CircuitError, QuantumLayer, random_layers, weight_shape
from qgan.quantum.circuits import CNOT, NAMES, check_gates
from qgan.quantum.readout import sensitivity


@pytest.mark.parametrize("seed", [0, 1, 42])
@pytest.mark.parametrize(("n_qubits", "shape"), [(1, (1, 3)), (2, (2, 2)), (5, (3, 4)), (8, (2, 8))])
def test_the_list_is_that_of_random_layers(n_qubits: int, shape: tuple[int, int], seed: int) -> None:
    angles = torch.linspace(0.1, 3.0, shape[0] * shape[1]).reshape(shape)
    template = qml.RandomLayers(angles, wires=range(n_qubits), seed=seed).decomposition()
    gates = random_layers(n_qubits, *shape, seed=seed).tolist()
    assert len(gates) == len(template)
    for (kind, wire, target, angle), op in zip(gates, template, strict=True):
        assert NAMES[kind] == op.name
        assert ([wire, target] if kind == CNOT else [wire]) == op.wires.tolist()
        assert kind == CNOT or float(op.parameters[0]) == float(angles.view(-1)[angle])


def test_the_weights_have_the_shape_of_the_template() -> None:
    assert weight_shape(5, 3) == qml.RandomLayers.shape(3, 5)
    assert weight_shape(5, 3, 16) == qml.RandomLayers.shape(3, 16)
    with pytest.raises(CircuitError, match="n_rotations: 0"):
        weight_shape(5, 3, 0)


def test_state_keeps_the_template_untouched_and_probs_redraws_only_dead_rotations() -> None:
    options: dict[str, Any] = {"in_features": 9, "n_qubits": 6, "n_layers": 3, "seed": 4}
    drawn = random_layers(6, 3, seed=4)
    assert torch.equal(QuantumLayer(**options).gates, drawn)
    kept = QuantumLayer(**options, readout="probs").gates
    dead = sensitivity(drawn, 6, 10, "probs") < 1e-9
    assert dead.any()
    assert not torch.equal(kept, drawn)
    assert torch.equal(kept[:, 3], drawn[:, 3])
    assert torch.equal(kept[drawn[:, 0] == CNOT], drawn[drawn[:, 0] == CNOT])
    assert sensitivity(kept, 6, 10, "probs", seed=11).min() > 1e-9


def test_a_lonely_phase_changes_no_probability() -> None:
    lonely = torch.tensor([[2, 0, -1, 0]])
    assert sensitivity(lonely, 1, 2, "probs").max() < 1e-12


@pytest.mark.parametrize(
    "bad",
    [
        [[3, 0, 0, -1]],
        [[3, 0, 2, -1]],
        [[0, 2, -1, 0]],
        [[5, 0, -1, 0]],
        [[0, 0, -1, 1]],
        [[0, 0, -1, 0], [1, 1, -1, 0]],
    ],
)
def test_lists_that_are_no_circuits_are_refused(bad: list[list[int]]) -> None:
    with pytest.raises(CircuitError, match="gates"):
        check_gates(torch.tensor(bad), 2, 1)
