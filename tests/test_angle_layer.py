"""Inputs as angles: the layer is PennyLane's circuit, every angle counts, and a generator trains with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
import torch
from documentation import blocks
from small_training import small
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.models.core import Core, CoreSetting
from qgan.quantum import READOUTS, AngleLayer, CircuitError, QuantumLayer, hardware_cost
from qgan.runs import checkpoint
from qgan.sampling.source import load_source
from qgan.training.experiment import train

every_readout = pytest.mark.parametrize("readout", READOUTS)


def by_hand(layer: AngleLayer, x: np.ndarray) -> np.ndarray:
    """The layer's circuit of one sample (in_features,), written as people write it."""
    n, weights, biases = layer.n_qubits, layer.weights.detach().numpy(), layer.circuit.biases
    assert biases is not None
    filled = np.ones(n * weights.shape[2])
    filled[:len(x)] = x

    @qml.qnode(qml.device("default.qubit", wires=n))  # type: ignore[untyped-decorator]
    def run() -> object:
        for w, b in zip(weights, biases.detach().numpy(), strict=True):
            for wire in range(n):
                for place in range(w.shape[1]):
                    turn = qml.RZ if place % 3 else qml.RY
                    turn(w[wire, place] * filled[place * n + wire] + b[wire, place], wires=wire)
            for wire in range(n if n > 1 else 0):
                qml.CNOT(wires=[wire, (wire + 1) % n])
        if layer.readout == "state":
            return qml.state()
        if layer.readout == "probs":
            return qml.probs(wires=range(n))
        return [*(qml.expval(qml.Z(j)) for j in range(n)),
                *(qml.expval(qml.Z(j) @ qml.Z(k)) for j in range(n) for k in range(j + 1, n))]

    found = np.array(run())
    return np.concatenate((found.real, found.imag)) if layer.readout == "state" else found


@every_readout
@pytest.mark.parametrize(("inputs", "n", "layers"), [(7, 3, 2), (4, 4, 1), (2, 1, 3), (13, 2, 2)])
def test_it_is_pennylanes_circuit(readout: str, inputs: int, n: int, layers: int) -> None:
    layer = AngleLayer(in_features=inputs, n_qubits=n, n_layers=layers, readout=readout, dtype=torch.float64)
    x = torch.randn(3, inputs, dtype=torch.float64, generator=torch.Generator().manual_seed(inputs))
    expected = np.stack([by_hand(layer, row) for row in x.numpy()])
    np.testing.assert_allclose(layer(x).detach(), expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(layer.reference(x).detach(), expected, rtol=0, atol=1e-10)


@every_readout
def test_every_angle_has_a_gradient(readout: str) -> None:
    layer = AngleLayer(in_features=7, n_qubits=3, n_layers=2, readout=readout, dtype=torch.float64)
    out = layer(torch.rand(4, 7, dtype=torch.float64) + 0.1)
    (out * torch.linspace(0.5, 2, out.shape[1], dtype=torch.float64)).sum().backward()
    for angles in (layer.circuit.weights, layer.circuit.biases):
        assert angles is not None
        assert angles.grad is not None
        assert (angles.grad.abs() > 1e-6).all()


@every_readout
def test_as_a_core_its_outputs_are_of_order_one_and_no_linear_map(readout: str) -> None:
    core = Core("quantum", CoreSetting(20, 6, 3, readout=readout, embedding="angle", seed=1))
    x, step = 0.3 * torch.randn(400, 20), 0.3 * torch.randn(400, 20)
    with torch.no_grad():
        assert 0.1 < core(x).square().mean().sqrt() < 5
        assert (core(x + step) - 2 * core(x) + core(x - step)).abs().max() > 0.1


def test_the_seed_fixes_it_and_no_state_is_prepared() -> None:
    one, same, other = (AngleLayer(in_features=9, n_qubits=4, n_layers=2, readout="probs", seed=s) for s in (1, 1, 2))
    assert torch.equal(one.weights, same.weights)
    assert not torch.equal(one.weights, other.weights)
    cost = hardware_cost(one)
    assert (cost.embedding_two_qubit_gates, cost.circuit_two_qubit_gates, cost.rotations) == (0, 8, 24)


@pytest.mark.parametrize(("options", "said"), [
    ({"circuit": "ring"}, r"angle has a circuit of its own, and no other generator\.circuit"),
    ({"backend": "default.qubit"}, r"no other generator\.backend"),
])
def test_options_that_mean_nothing_are_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Core("quantum", CoreSetting(20, 6, embedding="angle", **options))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="the core dense has amplitudes alone"):
        Core("dense", CoreSetting(20, 6, embedding="angle"))
    with pytest.raises(CircuitError, match="in_features: 0"):
        AngleLayer(in_features=0, n_qubits=2, n_layers=1)


def test_a_generator_trains_with_it_and_an_older_run_goes_on(tmp_path: Path) -> None:
    jets = toy_jets(100, 1)
    run = train(small({"steps": 2, "generator.embedding": "angle"}), data=jets, out=tmp_path / "run", quiet=True)
    source = load_source(run.path)
    assert any(isinstance(module, AngleLayer) for module in source.generator.modules())
    assert np.array_equal(source.sample(3, 1).images, source.sample(20, 1).images[:3])
    saved = checkpoint.load(run.checkpoint)
    del saved.configuration["generator"]["embedding"]
    checkpoint.check_configuration("c.pt", saved, small().to_dict(), ("generator",))


def test_the_drawings_are_those_of_the_layers() -> None:
    shown = [block.text for block in blocks("docs/extending.md", "text")]
    amplitudes = QuantumLayer(in_features=7, n_qubits=3, n_layers=2, seed=1)
    angles = AngleLayer(in_features=3, n_qubits=3, n_layers=2, seed=1)
    assert [text.rstrip("\n") for text in shown] == [amplitudes.draw(), angles.draw()]
