"""Networks that make pixel shares: circuits equal to PennyLane's, their twins, and rivals of the same size."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pennylane as qml
import pytest
import torch
from torch import Tensor, nn

from qgan.base.errors import ConfigError
from qgan.models.shares import SHARES, ShareSetting, trained_numbers
from qgan.models.shares.born import Born
from qgan.models.shares.fed import Fed
from qgan.models.shares.hardware import cost
from qgan.models.shares.interference import interfere
from qgan.models.shares.iqp import IQP
from qgan.models.shares.qubits import Gate, Pixels, started
from qgan.models.shares.tree import Tree
from qgan.models.shares.waves import Waves
from qgan.quantum.registers import gray

CIRCUITS: dict[str, Any] = {
    "born": lambda: Born(3, (4, 6), 3, 2), "colours": lambda: Born(3, (4, 3), 2, 2, colours=2),
    "free": lambda: Born(3, (4, 6), 2, 1, entangled=False), "tree": lambda: Tree(3, (4, 6), 2, 2),
    "iqp": lambda: IQP(3, (4, 6), 2)}
#: Every number of these decides something; dephasing leaves no trace of phases.
COHERENT = [name for name in SHARES if name not in ("born_dephased", "tree_measured", "tree_fed_measured")]


def build(family: str, numbers: int = 550, shape: tuple[int, int] = (25, 25)) -> nn.Module:
    torch.manual_seed(1)
    return SHARES[family](ShareSetting(8, shape, numbers))


@pytest.mark.parametrize("family", SHARES)
def test_shares_are_shares_and_of_each_jet_alone(family: str) -> None:
    network, inputs = build(family, 300, (12, 9)), torch.randn(6, 8)
    logs = network(inputs)
    assert logs.shape == (6, 12, 9)
    assert torch.isfinite(logs).all()
    assert torch.allclose(logs.exp().sum((1, 2)), torch.ones(6), atol=1e-5)
    assert torch.allclose(network(inputs[2:4]), logs[2:4], atol=1e-5)
    again = build(family, 300, (12, 9))
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(inputs), logs)


@pytest.mark.parametrize("family", COHERENT)
def test_every_number_gets_a_gradient(family: str) -> None:
    network = build(family, 300, (12, 9))
    (network(torch.randn(6, 8)) * torch.randn(6, 12, 9)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).any(), name


@pytest.mark.parametrize("numbers", [550, 1000, 3000])
@pytest.mark.parametrize("family", [name for name in SHARES if name != "mean_image"])
def test_sizes_are_near_what_is_asked_for(family: str, numbers: int) -> None:
    near = 0.1 if family in ("thin", "random_layers") else 0.05
    assert trained_numbers(build(family, numbers)) == pytest.approx(numbers, rel=near)


def in_pennylane(gates: list[Gate], n_qubits: int, dephased_from: int | None = None) -> Tensor:
    """Probabilities of all outcomes; from a number of gates on, each wire is dephased after the phases."""
    device = qml.device("default.mixed" if dephased_from is not None else "default.qubit", wires=n_qubits)

    @qml.qnode(device, interface=None)  # type: ignore[untyped-decorator]
    def circuit() -> Any:
        for axes, wires, angle in gates:
            qml.PauliRot(float(angle), axes, wires=wires)
            if dephased_from is not None:
                for wire in range(n_qubits):
                    qml.PhaseFlip(0.5, wires=wire)
        return qml.probs(wires=range(n_qubits))

    return torch.as_tensor(circuit())


@pytest.mark.parametrize("name", CIRCUITS)
def test_probabilities_are_those_of_pennylane(name: str) -> None:
    torch.manual_seed(3)
    network, inputs = CIRCUITS[name]().double(), torch.randn(2, 3, dtype=torch.float64)
    with torch.no_grad():
        found = network.probabilities(inputs).flatten(1)
        for row in range(2):
            expected = in_pennylane(network.gates(inputs[row:row + 1]), network.n_qubits)
            assert torch.allclose(found[row], expected, atol=1e-10, rtol=0)


def test_the_dephased_twin_is_the_circuit_measured_after_each_gate() -> None:
    torch.manual_seed(3)
    twin = Born(3, (4, 3), 3, 2, coherent=False).double()
    inputs = torch.randn(1, 3, dtype=torch.float64)
    with torch.no_grad():
        expected = in_pennylane(twin.gates(inputs), twin.n_qubits, 0)
        assert torch.allclose(twin.probabilities(inputs)[0], expected, atol=1e-10, rtol=0)


def test_the_measured_twin_of_the_tree_is_dephased_where_they_part() -> None:
    torch.manual_seed(3)
    tree, twin = (Tree(3, (4, 3), 2, 2, coherent=coherent).double() for coherent in (True, False))
    twin.load_state_dict(tree.state_dict())
    inputs = torch.randn(5, 3, dtype=torch.float64)
    with torch.no_grad():
        assert not torch.allclose(tree.probabilities(inputs), twin.probabilities(inputs), atol=1e-3)
        assert torch.allclose(twin.probabilities(inputs).sum((1, 2)), torch.ones(5, dtype=torch.float64))
        # Its tree as it stands: gates before the first phase.
        bare = tree.gates(inputs[:1])[:sum(map(len, tree.branch))]
        for network in (tree, twin):
            network.turns.data.zero_()
        for network in (tree, twin):
            found = network.probabilities(inputs[:1])[0].flatten()
            assert torch.allclose(found, in_pennylane(bare, tree.n_qubits), atol=1e-10, rtol=0)


def test_what_is_fed_forward_is_a_measurement_in_pennylane() -> None:
    torch.manual_seed(3)
    inner = Born(4, (4, 4), 2, 2)
    network, inputs = Fed(inner, 3, ancillas=1).double(), torch.randn(1, 3, dtype=torch.float64)

    @qml.qnode(qml.device("default.qubit", wires=inner.n_qubits + 2), interface=None)  # type: ignore[untyped-decorator]
    def circuit() -> Any:
        qml.RY(float(torch.pi / 2 + network.ancillas(inputs)), wires=inner.n_qubits)
        outcome = qml.measure(inner.n_qubits)
        for value, sign in enumerate((1.0, -1.0)):
            for axes, wires, angle in inner.gates(torch.cat((inputs, inputs.new_tensor([[sign]])), 1)):
                qml.cond(outcome == value, qml.PauliRot)(float(angle), axes, wires=wires)
        return qml.probs(wires=range(inner.n_qubits))

    with torch.no_grad():
        outcomes = torch.as_tensor(circuit()).view(4, 4)
        pixels = inner.pixels(outcomes[None])
        assert torch.allclose(network(inputs), pixels, atol=1e-8, rtol=0)
        assert not torch.allclose(network(inputs), inner(torch.cat((inputs, torch.ones(1, 1)), 1)), atol=1e-3)


def test_gradients_of_registers_are_exact() -> None:
    torch.manual_seed(0)
    state, turns = torch.randn(2, 2, 4, 8, dtype=torch.float64), torch.randn(2, 5, 2, dtype=torch.float64)
    for samples in (2, 1):
        phases = torch.randn(2, samples, 4, 8, dtype=torch.float64)
        assert torch.autograd.gradcheck(partial(interfere, left=2), (
            state.requires_grad_(), phases.requires_grad_(), turns.requires_grad_()))


def test_a_state_that_starts_is_one_that_is_rotated() -> None:
    angles = torch.randn(3, 5, dtype=torch.float64)
    nothing = started(torch.zeros_like(angles), 2)
    found = interfere(nothing, torch.zeros(1, 1, 4, 8, dtype=torch.float64), angles.T[None], 2)
    assert torch.allclose(found, started(angles, 2))


def test_neighbours_differ_in_one_bit_and_pixels_lie_in_the_middle() -> None:
    code = gray(32).tolist()
    assert sorted(code) == list(range(32))
    assert all((one ^ other).bit_count() == 1 for one, other in pairwise(code))
    pixels = Pixels((25, 12), coded=False)
    assert pixels.rows.tolist() == list(range(3, 28))
    assert pixels.columns.tolist() == list(range(2, 14))


def test_waves_keep_their_norm() -> None:
    torch.manual_seed(0)
    waves, seen = Waves(3, (12, 9), 2, 2, 2), list[Tensor]()
    waves.pixels.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    waves(torch.randn(4, 3))
    assert torch.allclose(seen[0].sum((1, 2)), torch.ones(4), atol=1e-5)


def test_a_product_state_has_no_correlation_of_bits_and_an_entangled_one_has() -> None:
    inputs, spread = torch.randn(1, 8), {}
    for family in ("born", "born_free"):
        with torch.no_grad():
            joint = build(family, 550).probabilities(inputs).view(32, 32)  # type: ignore[operator]
        spread[family] = float((joint - joint.sum(1, keepdim=True) * joint.sum(0)).abs().max())
    assert spread["born_free"] < 1e-6 < 1e-4 < spread["born"]


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ConfigError, match="there is no network of shares bron; did you mean born"):
        SHARES["bron"]


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_cost_is_that_of_pennylane_s_gates(name: str) -> None:
    network = CIRCUITS[name]()
    gates = network.gates(torch.zeros(1, 3))
    tape = qml.tape.QuantumScript([qml.PauliRot(1.0, axes, wires=wires) for axes, wires, _ in gates])
    (plain,), _ = qml.transforms.decompose(tape, gate_set={"CNOT", "RX", "RY", "RZ", "Hadamard"})
    found = cost(network, 3)
    assert found is not None
    assert (found.n_qubits, found.rotations) == (network.n_qubits, len(gates))
    assert found.two_qubit_gates == sum(operation.name == "CNOT" for operation in plain.operations)
    assert found.depth <= plain.graph.get_depth()


def test_what_is_no_circuit_has_no_cost() -> None:
    assert cost(build("coordinates", 300), 8) is None
    assert cost(build("tree_measured", 300), 8) is None
    assert cost(build("iqp_flips", 300), 8) is None
