"""Circuits of shares with finite shots and noise: PennyLane's channels in the mean, and nothing without them."""

from __future__ import annotations

from typing import Any

import pennylane as qml
import pytest
import torch
from torch import nn

from qgan.base.errors import ConfigError
from qgan.models.shares import SHARES, ShareSetting
from qgan.models.shares.born import Born
from qgan.models.shares.fed import Fed
from qgan.models.shares.hardware import cost
from qgan.models.shares.iqp import IQP
from qgan.models.shares.measured import MeasuredShares
from qgan.models.shares.tree import Tree

CIRCUITS: dict[str, Any] = {"born": lambda: Born(3, (4, 3), 2, 2, colours=1), "tree": lambda: Tree(3, (4, 3), 1, 2),
                            "iqp": lambda: IQP(3, (4, 3), 2), "fed": lambda: Fed(Tree(4, (4, 3), 1, 2), 3, 1)}


def made(name: str) -> nn.Module:
    torch.manual_seed(3)
    network: nn.Module = CIRCUITS[name]()
    return network


@pytest.mark.parametrize("name", CIRCUITS)
def test_nothing_changes_without_shots_and_noise(name: str) -> None:
    network, inputs = made(name), torch.randn(5, 3)
    assert torch.equal(MeasuredShares(network, shots=None, noise=0.0, seed=1)(inputs), network(inputs))


@pytest.mark.parametrize("name", CIRCUITS)
def test_shots_are_counted_and_come_near_the_exact_shares(name: str) -> None:
    network, inputs = made(name), torch.randn(2000, 3)
    exact, far = network(inputs).exp().detach(), list[float]()
    for shots in (100, 10_000):
        found = MeasuredShares(network, shots=shots, noise=0.0, seed=1)(inputs).exp()
        assert torch.allclose(found * shots, (found * shots).round(), atol=1e-2)
        assert torch.allclose(found.sum((1, 2)), torch.ones(2000), atol=1e-5)
        far.append(float((found - exact).square().mean()))
        variance = float((exact * (1 - exact)).mean()) / shots
        assert far[-1] == pytest.approx(variance, rel=0.1)
    again = MeasuredShares(network, shots=10_000, noise=0.0, seed=1)(inputs).exp()
    assert torch.equal(again, found)
    assert not torch.equal(MeasuredShares(network, shots=10_000, noise=0.0, seed=2)(inputs).exp(), found)


@pytest.mark.parametrize("name", ["born", "tree", "iqp"])
def test_errors_are_pennylane_s_in_the_mean(name: str) -> None:
    network, inputs, noise = made(name), torch.randn(1, 3), 0.05
    n_qubits = int(network.n_qubits)  # type: ignore[arg-type]

    @qml.qnode(qml.device("default.mixed", wires=n_qubits), interface=None)  # type: ignore[untyped-decorator]
    def circuit() -> Any:
        for axes, wires, angle in network.gates(inputs):  # type: ignore[operator]
            qml.PauliRot(float(angle), axes, wires=wires)
            for wire in wires:
                for _ in range(max(1, 2 * (len(wires) - 1))):
                    qml.DepolarizingChannel(noise, wires=wire)
        return qml.probs(wires=range(n_qubits))

    with torch.no_grad():
        colours = 2 if name == "born" else 1
        outcomes = torch.as_tensor(circuit()).float().view(1, colours, 4, 4).sum(1)
        expected = network.pixels(outcomes).exp()  # type: ignore[operator]
        found = MeasuredShares(network, shots=None, noise=noise, seed=1, runs=20_000)(inputs).exp()
        assert (found - expected).abs().max() < 0.006
        assert (network(inputs).exp() - expected).abs().max() > 0.02


def test_ancillas_are_measured_and_depolarised() -> None:
    network = CIRCUITS["fed"]()
    inputs = torch.zeros(1, 3)
    network.ancillas.bias.data.fill_(-torch.pi / 2)
    one = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    with torch.no_grad():
        plain, noisy = (MeasuredShares(part, shots=None, noise=0.15, seed=1, runs=20_000)
                        for part in (network.inner, network))
        expected = 0.9 * plain(one).exp() + 0.1 * plain(-one).exp()
        assert (noisy(inputs).exp() - expected).abs().max() < 0.006


def test_what_is_no_circuit_is_refused() -> None:
    for name in ("coordinates", "tree_measured", "waves"):
        with pytest.raises(ConfigError, match="is no circuit whose gates"):
            MeasuredShares(SHARES[name](ShareSetting(3, (4, 3), 60)), shots=10, noise=0.0, seed=1)


def test_ancillas_cost_a_qubit_and_two_steps() -> None:
    fed = made("fed")
    whole, inner = cost(fed, 3), cost(fed.inner, 4)  # type: ignore[arg-type]
    assert whole is not None
    assert inner is not None
    assert (whole.n_qubits, whole.rotations) == (inner.n_qubits + 1, inner.rotations + 1)
    assert (whole.two_qubit_gates, whole.depth) == (inner.two_qubit_gates, inner.depth + 2)
