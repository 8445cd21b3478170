"""Shots and noise against PennyLane, against each other and against what must hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from qgan.quantum import QuantumLayer
from qgan.quantum.circuits import CircuitError
from qgan.quantum.measured import MeasuredLayer, depolarise, outcome_forms


def layer(readout: str, seed: int = 3, n_qubits: int = 3) -> QuantumLayer:
    return QuantumLayer(in_features=4, n_qubits=n_qubits, n_layers=2, n_rotations=6, readout=readout, seed=seed)


def inputs(n: int = 6, seed: int = 1) -> torch.Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("readout", ["probs", "expval"])
def test_without_shots_and_noise_it_is_the_layer_to_the_last_bit(readout: str) -> None:
    exact = layer(readout)
    with torch.no_grad():
        assert torch.equal(MeasuredLayer(exact, shots=None, noise=0.0, seed=0)(inputs()), exact(inputs()))


@pytest.mark.parametrize("readout", ["probs", "expval"])
@pytest.mark.parametrize("noise", [0.003, 0.05, 0.5])
def test_noise_is_that_of_pennylanes_density_matrices(readout: str, noise: float) -> None:
    exact = layer(readout)
    mine = MeasuredLayer(exact, shots=None, noise=noise, seed=0)(inputs())
    with torch.no_grad():
        theirs = exact.reference(inputs(), noise=noise).to(mine)
        torch.testing.assert_close(mine, theirs, rtol=0, atol=2e-6)


def test_forms_without_noise_are_the_pure_circuit() -> None:
    exact = layer("probs", n_qubits=4)
    forms = outcome_forms(exact.gates, exact.weights, 4, 5, 0.0)
    torch.testing.assert_close(forms.sum(0), torch.eye(5), rtol=0, atol=1e-5)
    e = torch.nn.functional.normalize(torch.cat((torch.ones(6, 1), inputs()), 1), dim=1)
    with torch.no_grad():
        torch.testing.assert_close(torch.einsum("bi,kij,bj->bk", e, forms, e), exact(inputs()), rtol=0, atol=1e-5)


def test_full_noise_leaves_nothing() -> None:
    mine = MeasuredLayer(layer("probs"), shots=None, noise=0.75, seed=0)(inputs())
    touched = layer("probs").gates[:, 1:3].unique()
    assert set(range(3)) <= set(touched.tolist())
    torch.testing.assert_close(mine, torch.full((6, 8), 1 / 8), rtol=0, atol=1e-6)


def test_depolarising_keeps_trace_and_shrinks_paulis() -> None:
    z, x = torch.tensor([[1.0, 0], [0, -1]]), torch.tensor([[0, 1.0], [1, 0]])
    operators = torch.stack([torch.kron(z, x), torch.eye(4), torch.kron(torch.eye(2), x)]).to(torch.complex64)
    mixed = depolarise(operators, 0, 0.3)
    # A Pauli on the wire shrinks by 1 - 4p/3; what is the identity there stays.
    torch.testing.assert_close(mixed, operators * torch.tensor([0.6, 1.0, 1.0])[:, None, None])


def test_shots_are_multinomial_as_pennylanes_are() -> None:
    """Mean and spread of 400 repetitions of 50 shots agree with p, √(p(1−p)/50) and with PennyLane's own."""
    exact, x, repeats, shots = layer("probs"), inputs(1), 400, 50
    with torch.no_grad():
        p = exact(x)[0].double().numpy()
    mine = np.stack([MeasuredLayer(exact, shots=shots, noise=0.0, seed=s)(x)[0].numpy() for s in range(repeats)])
    torch.manual_seed(0)
    with torch.no_grad():
        theirs = exact.reference(x.repeat(repeats, 1), shots=shots).float().numpy()
    spread = np.sqrt(p * (1 - p) / shots)
    for found in (mine, theirs):
        assert np.abs((found.mean(0) - p) / (spread / np.sqrt(repeats) + 1e-9)).max() < 4
        np.testing.assert_allclose(found.std(0)[p > 0.02], spread[p > 0.02], rtol=0.2)
        assert np.allclose(found * shots, np.round(found * shots), atol=1e-4)


def test_expectation_values_come_from_the_same_shots() -> None:
    """Z0 Z1 of one shot is the product of Z0 and Z1."""
    one = MeasuredLayer(layer("expval"), shots=1, noise=0.0, seed=4)(inputs(50))
    assert set(one.unique().tolist()) == {-1.0, 1.0}
    torch.testing.assert_close(one[:, 3:], torch.stack([one[:, 0] * one[:, 1], one[:, 0] * one[:, 2],
                                                        one[:, 1] * one[:, 2]], 1))


def test_many_shots_converge_and_order_does_not_matter() -> None:
    exact, x = layer("expval"), inputs(40)
    with torch.no_grad():
        truth = exact(x)
        errors = [float((MeasuredLayer(exact, shots=n, noise=0.0, seed=1)(x) - truth).std()) for n in (100, 10_000)]
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.3)
    measured = MeasuredLayer(exact, shots=100, noise=0.0, seed=1)
    first = measured(x)
    measured(inputs(3, 7))
    assert torch.equal(measured(x), first)
    assert not torch.equal(MeasuredLayer(exact, shots=100, noise=0.0, seed=2)(x), first)


@pytest.mark.parametrize(("readout", "options", "said"), [
    ("state", {"shots": 10, "noise": 0.0}, "'state' is known to simulators only"),
    ("probs", {"shots": 0, "noise": 0.0}, "shots: 0"), ("probs", {"shots": None, "noise": 0.9}, "noise: 0.9")])
def test_what_cannot_be_measured(readout: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(CircuitError, match=said):
        MeasuredLayer(layer(readout), seed=0, **options)
