"""The layers in other hands: PennyLane, OpenQASM, torch.func, and circuits that PennyLane alone runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import own_parts
import pennylane as qml
import pytest
import torch
from own_parts import controlled
from small_training import small
from torch import Tensor
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.base.parsing import read_options
from qgan.quantum import READOUTS, AngleLayer, CircuitError, QuantumLayer, hardware_cost
from qgan.quantum.circuits import CNOT, NAMES, Queued
from qgan.quantum.measured import MeasuredLayer
from qgan.quantum.states import run_gates
from qgan.runs import checkpoint
from qgan.runs.configuration import Configuration
from qgan.sampling.source import load_source
from qgan.training.experiment import train

Layer = QuantumLayer | AngleLayer
X = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
every_kind = pytest.mark.parametrize("kind", [QuantumLayer, AngleLayer])


def layer_of(kind: type[Layer], readout: str = "state", **options: object) -> Layer:
    return kind(in_features=4, n_qubits=3, n_layers=2, readout=readout, dtype=torch.float64,
                **options)  # type: ignore[arg-type]


@every_kind
@pytest.mark.parametrize("readout", READOUTS)
def test_a_node_is_the_layer(kind: type[Layer], readout: str) -> None:
    layer = layer_of(kind, readout)
    found = layer.to_qnode()(X[0])
    if readout == "state":
        found = torch.cat((found.real, found.imag))
    values = torch.stack(list(found))
    torch.testing.assert_close(values, layer(X[:1])[0], rtol=0, atol=1e-12)
    parameters = list(layer.parameters())
    form = torch.linspace(1, 2, len(values), dtype=torch.float64)
    for of_node, of_layer in zip(torch.autograd.grad(values @ form, parameters),
                                 torch.autograd.grad(layer(X[:1])[0] @ form, parameters), strict=True):
        torch.testing.assert_close(of_node, of_layer, rtol=0, atol=1e-12)


def test_a_node_takes_other_weights_shots_and_noise() -> None:
    layer = layer_of(QuantumLayer, "probs")
    assert isinstance(layer, QuantumLayer)
    other = layer.weights.detach() + 1
    expected = torch.func.functional_call(layer, {"weights": other}, (X[:1],))[0]
    torch.testing.assert_close(layer.to_qnode()(X[0], other), expected, rtol=0, atol=1e-12)
    counts = 100 * layer.to_qnode(shots=100)(X[0]).detach()
    assert counts.sum() == pytest.approx(100)
    np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
    noisy = layer.to_qnode("default.mixed", noise=0.02)(X[0])
    torch.testing.assert_close(noisy, layer.reference(X[:1], noise=0.02)[0], rtol=0, atol=1e-12)


def run_text(text: str) -> Tensor:
    """The final state of an OpenQASM program of rotations and CNOTs, from |0...0>."""
    n = int(re.findall(r"qreg q\[(\d+)\]", text)[0])
    gates, angles = [], list[float]()
    for name, angle, wires in re.findall(r"^(rx|ry|rz|cx)(?:\((.+?)\))? (q.*);$", text, re.MULTILINE):
        where = [int(wire) for wire in re.findall(r"\d+", wires)]
        gates.append([CNOT, *where, -1] if name == "cx" else [NAMES.index(name.upper()), *where, -1, len(angles)])
        angles += [] if name == "cx" else [float(angle)]
    told = [line for line in text.splitlines() if not re.match(r"OPENQASM|include|[qc]reg|measure", line)]
    assert len(told) == len(gates), "every line was understood"
    zero = torch.eye(1, 2**n, dtype=torch.complex128)
    return run_gates(zero, torch.tensor(gates), torch.tensor(angles, dtype=torch.float64))[0]


@every_kind
def test_openqasm_is_the_layer(kind: type[Layer]) -> None:
    layer = layer_of(kind)
    found, expected = run_text(layer.to_openqasm(X[0])), layer(X[:1])[0].detach()
    overlap = (found.conj() * torch.complex(*expected.chunk(2))).sum()
    assert abs(overlap) == pytest.approx(1, abs=1e-10), "up to a phase of all"
    alone = layer.to_openqasm()
    assert alone.count("cx ") == int((layer.circuit.gates() if isinstance(layer, AngleLayer)
                                      else layer.gates)[:, 0].eq(CNOT).sum())
    assert alone.count("measure") == 3


# What torch loads for derivatives in forward mode speaks of its own past.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
@every_kind
@pytest.mark.parametrize("readout", READOUTS)
def test_torch_func_maps_and_derives(kind: type[Layer], readout: str) -> None:
    layer = layer_of(kind, readout)
    parameters = {name: value.detach() for name, value in layer.named_parameters()}

    def loss(values: dict[str, Tensor], x: Tensor) -> Tensor:
        out: Tensor = torch.func.functional_call(layer, values, (x[None],))
        return (out[0] * torch.linspace(1, 2, out.shape[1], dtype=torch.float64)).sum()

    mapped = torch.func.vmap(lambda x: layer(x[None])[0])(X)
    torch.testing.assert_close(mapped, layer(X), rtol=0, atol=1e-12)
    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, X)
    for row, x in enumerate(X):
        expected = torch.autograd.grad(loss(dict(layer.named_parameters()), x), list(layer.parameters()))
        for (name, _), gradient in zip(layer.named_parameters(), expected, strict=True):
            torch.testing.assert_close(each[name][row], gradient, rtol=0, atol=1e-12)
    forward = torch.func.jacfwd(lambda x: loss(parameters, x))(X[0])
    torch.testing.assert_close(forward, torch.func.grad(loss, 1)(parameters, X[0]), rtol=0, atol=1e-12)
    stacked = {name: torch.stack((value, value + 1)) for name, value in parameters.items()}
    ensemble = torch.func.vmap(loss, (0, None))(stacked, X[0])
    assert ensemble[0] == pytest.approx(float(loss(parameters, X[0])), abs=1e-12)
    assert abs(ensemble[1] - ensemble[0]) > 1e-3


def test_a_device_has_its_keywords(tmp_path: Path) -> None:
    """With a seed of its own the shots do not depend on torch's."""
    seeded, free = (layer_of(QuantumLayer, "expval", backend={"name": "default.qubit", "shots": 50, **more})
                    for more in ({"seed": 7}, {}))
    assert torch.equal(seeded(X), seeded(X))
    assert not torch.equal(free(X), free(X))
    (tmp_path / "noisy.yaml").write_text("generator:\n  readout: expval\n  backend: {name: default.mixed, shots: 50}\n")
    read = read_options(Configuration, tmp_path / "noisy.yaml")
    assert read.generator.backend == {"name": "default.mixed", "shots": 50}
    named = read_options(Configuration, None, ["--generator.backend", '{"name": "default.mixed", "shots": 50}'])
    assert named.generator.backend == read.generator.backend
    assert read_options(Configuration, None, ["--generator.backend", "default.qubit"]).generator.backend == (
        "default.qubit")


def test_the_shots_of_a_backend_are_taken() -> None:
    measured = layer_of(QuantumLayer, "probs", backend={"name": "default.qubit", "shots": 40})(X).detach()
    np.testing.assert_allclose(40 * measured, (40 * measured).round(), atol=1e-9)
    assert (measured.sum(1) - 1).abs().max() < 1e-9


@pytest.mark.parametrize(("backend", "said"), [
    ({"shots": 5}, r"expected a device, such as \{'name': 'default.mixed'\}"),
    ({"name": "default.qubit", "shots": 0}, "shots: 0, expected a whole number above 0"),
    ({"name": "torch", "shots": 5}, "torch takes no shots"), ({"name": "torch", "seed": 5}, "torch takes no seed"),
    ({"name": "default.qubit", "speed": 1}, "backend: default.qubit: .*speed"),
    ({"name": "default.qubit", "seed": {1}}, "expected plain values beside it"),
    ({"name": "no.such"}, "'no.such': no such PennyLane device")])
def test_a_backend_that_cannot_be_is_refused(backend: dict[str, object], said: str) -> None:
    with pytest.raises(CircuitError, match=said):
        layer_of(QuantumLayer, "probs", backend=backend)


@pytest.mark.parametrize("backend", ["default.mixed", {"name": "default.qubit", "shots": 5}])
def test_a_state_is_read_of_simulators_alone(backend: str | dict[str, object]) -> None:
    with pytest.raises(CircuitError, match="has no readout of a state"):
        layer_of(QuantumLayer, backend=backend)(X)


def by_hand(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    @qml.qnode(qml.device("default.qubit", wires=3))  # type: ignore[untyped-decorator]
    def run() -> object:
        qml.StatePrep(np.concatenate(([1.0], x)), wires=range(3), normalize=True, pad_with=0)
        controlled(weights, [0, 1, 2])  # type: ignore[arg-type]
        return qml.state()

    state = np.array(run())
    return np.concatenate((state.real, state.imag))


def test_other_gates_are_run_by_pennylane() -> None:
    layer = layer_of(QuantumLayer, circuit="own_parts:controlled")
    assert isinstance(layer, QuantumLayer)
    assert isinstance(layer.circuit, Queued)
    out = layer(X)
    expected = np.stack([by_hand(layer.weights.detach().numpy(), x) for x in X.numpy()])
    np.testing.assert_allclose(out.detach(), expected, atol=1e-10)
    np.testing.assert_allclose(layer.reference(X).detach(), expected, atol=1e-10)
    (slope,) = torch.autograd.grad(out[0, 0], layer.weights)
    step = torch.zeros_like(layer.weights)
    step[1, 2] = 1e-5
    ends = [by_hand((layer.weights + sign * step).detach().numpy(), X[0].numpy())[0] for sign in (1, -1)]
    assert slope[1, 2] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)
    assert layer.draw().count("H") == 3
    assert layer.to_openqasm().count("h q[") == 3
    with torch.no_grad():
        lightning = layer_of(QuantumLayer, circuit="own_parts:controlled", backend="lightning.qubit")(X)
    np.testing.assert_allclose(lightning, expected, atol=1e-6)
    noisy = layer_of(QuantumLayer, "probs", circuit="own_parts:controlled")
    assert isinstance(noisy, QuantumLayer)
    assert (noisy.reference(X, noise=0.75) - 1 / 8).abs().max() < 1e-10
    for needs_a_list in (lambda: hardware_cost(layer), lambda: MeasuredLayer(noisy, shots=None, noise=0.1, seed=0)):
        with pytest.raises(CircuitError, match="is run by PennyLane, and has no list of gates"):
            needs_a_list()


@pytest.mark.parametrize("circuit", ["random_layers", "own_parts:controlled"])
def test_a_layer_may_be_made_where_nothing_is_derived(circuit: str) -> None:
    expected = layer_of(QuantumLayer, circuit=circuit)(X).detach()
    with torch.inference_mode():
        assert torch.equal(layer_of(QuantumLayer, circuit=circuit)(X), expected)


def test_a_training_with_such_a_circuit_goes_on_and_is_used(tmp_path: Path) -> None:
    jets = toy_jets(100, 1)
    run = train(small({"steps": 1, "generator.n_layers": 1}), data=jets, out=tmp_path / "run", quiet=True,
                circuit=controlled)
    before = load_source(run.path).sample(5, 1).images
    assert np.array_equal(before, load_source(run.path).sample(5, 1).images)
    longer = train(small({"steps": 2, "generator.n_layers": 1}), data=jets, out=run.path, resume=True, quiet=True,
                   circuit=controlled)
    assert checkpoint.load(longer.checkpoint).step == 2


@pytest.mark.parametrize(("name", "said"), [
    ("doubled", r"weights\[0, 1\] change nothing"), ("measured", "expected gates alone"),
    ("failing", "fails with IndexError"), ("missing", "nothing in own_parts is called missing")])
def test_what_is_no_circuit_is_named(name: str, said: str) -> None:
    assert own_parts
    with pytest.raises(ConfigError, match=said):
        layer_of(QuantumLayer, circuit=f"own_parts:{name}")
