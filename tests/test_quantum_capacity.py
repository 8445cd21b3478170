"""Hardware cost, gradient variance, expressibility and entanglement against known values."""

from __future__ import annotations

import math

import pennylane as qml
import pytest
import torch

from qgan.quantum import QuantumLayer, hardware_cost, random_layers
from qgan.quantum.capacity import capability, expressibility, gradient_variance, haar_states, meyer_wallach
from qgan.quantum.cost import depth, shots_for
from qgan.quantum.pennylane_circuit import preparation
from qgan.quantum.states import run_gates


def test_depth_is_that_of_pennylane() -> None:
    for seed in range(3):
        gates = random_layers(5, 3, seed=seed)
        tape = qml.tape.QuantumScript(qml.RandomLayers(torch.zeros(3, 5), wires=range(5), seed=seed).decomposition())
        assert depth(gates, 5) == tape.graph.get_depth()


def test_the_preparation_prepares() -> None:
    amplitudes = torch.arange(1.0, 17.0, dtype=torch.float64)
    amplitudes[11:] = 0
    amplitudes /= amplitudes.norm()
    gates = preparation(4, amplitudes)
    operations = qml.MottonenStatePreparation.compute_decomposition(amplitudes, range(4))
    angles = torch.stack([op.parameters[0] for op in operations if op.name != "CNOT"]).double()
    start = torch.zeros(16, dtype=torch.complex128)
    start[0] = 1
    prepared = run_gates(start[None], gates, angles)[0]
    assert abs(torch.vdot(prepared, amplitudes.to(prepared))) == pytest.approx(1, abs=1e-6)


def test_hardware_cost_adds_up() -> None:
    layer = QuantumLayer(in_features=9, n_qubits=4, n_layers=2, readout="expval", seed=1)
    cost = hardware_cost(layer, precision=0.02)
    cnots = int((layer.gates[:, 0] == 3).sum())
    assert cost.circuit_two_qubit_gates == cnots
    assert cost.embedding_two_qubit_gates >= 2**4 - 4 - 1
    assert cost.two_qubit_gates == cnots + cost.embedding_two_qubit_gates
    assert max(cost.circuit_depth, cost.embedding_depth) <= cost.depth <= cost.circuit_depth + cost.embedding_depth
    assert cost.shots == 2500
    assert cost.total_two_qubit_gates == 2500 * cost.two_qubit_gates
    assert cost.to_dict()["rotations"] == 8
    state = hardware_cost(QuantumLayer(in_features=9, n_qubits=4, n_layers=2))
    assert state.shots is None
    assert shots_for(0.1, "probs") == 25
    with pytest.raises(ValueError, match="precision"):
        shots_for(0.0, "probs")


def test_gradient_variance_of_one_rotation() -> None:
    # One qubit, one rotation, ⟨Z⟩ = cos t for RX and RY, constant for RZ: variance 1/2 or 0.
    seeds = range(8)
    moving = sum(int(random_layers(1, 1, seed=seed)[0, 0]) != 2 for seed in seeds) / len(seeds)
    found = gradient_variance(1, 1, samples=4000, circuits=8)
    assert found == pytest.approx(moving / 2, rel=0.05)


def test_gradient_variance_falls_with_qubits() -> None:
    wide, narrow = (gradient_variance(n, 12, samples=50, circuits=6) for n in (7, 2))
    assert wide < narrow / 2


def test_haar_states_are_expressive_and_one_state_is_not() -> None:
    haar = haar_states(3, 4000, seed=0)
    assert 0 < expressibility(haar) < 0.03
    constant = haar[:1].expand(4000, -1)
    assert expressibility(constant) == pytest.approx(7 * math.log(75), rel=1e-6)


def test_meyer_wallach_of_known_states() -> None:
    zero, bell, ghz = torch.zeros(3, 8, dtype=torch.complex128).unbind()
    zero[0] = 1
    bell[0] = bell[6] = math.sqrt(0.5)
    ghz[0] = ghz[7] = math.sqrt(0.5)
    found = meyer_wallach(torch.stack((zero, bell, ghz)))
    torch.testing.assert_close(found, torch.tensor([0, 2 / 3, 1], dtype=torch.float64))
    assert float(meyer_wallach(haar_states(4, 4000, 1)).mean()) == pytest.approx(14 / 17, abs=0.005)


def test_more_layers_are_more_expressive_and_more_entangled() -> None:
    few, many = (capability(4, layers, samples=500, circuits=3) for layers in (1, 8))
    assert many["expressibility"] < few["expressibility"]
    assert few["entanglement"] < many["entanglement"] < few["entanglement_haar"] + 0.02
    assert many["expressibility"] > 0.5 * many["expressibility_floor"]
