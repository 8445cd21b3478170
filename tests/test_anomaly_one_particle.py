"""One particle, one qubit: PennyLane's circuit, its 31 numbers, and what cannot be."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import Tensor

from anomaly.configuration import ModelOptions
from anomaly.models.one_particle import START, OneParticle
from anomaly.models.registry import build
from qgan.base.errors import ConfigError, QganError


def jets(n: int, size: int = 8) -> Tensor:
    """Shares of pT, most of it in a few pixels."""
    x = torch.rand(n, size, size, generator=torch.Generator().manual_seed(0), dtype=torch.float64) ** 6
    return x / x.sum((1, 2), keepdim=True)


def by_pennylane(image: np.ndarray, angles: np.ndarray, latent: int) -> float:
    """1 − the probability that all trash qubits are found in |0>."""
    particles, last = angles.shape[1], image.shape[0] - 1
    hardest = np.argsort(-image.ravel())[:particles]

    def circuit() -> qml.measurements.ProbabilityMP:
        for wire, pixel in enumerate(hardest):
            row, column = divmod(int(pixel), last + 1)
            share = START * image.ravel()[pixel]
            qml.RX(share * (2 * row / last - 1), wires=wire)
            qml.RY(share * (2 * column / last - 1), wires=wire)
        for layer in angles:
            for control in range(particles):
                for target in range(control + 1, particles):
                    qml.CNOT(wires=[control, target])
            for wire, (first, second, third) in enumerate(layer):
                qml.RZ(first, wires=wire)
                qml.RY(second, wires=wire)
                qml.RZ(third, wires=wire)
        return qml.probs(wires=range(latent, particles))

    return 1 - float(qml.QNode(circuit, qml.device("default.qubit", wires=particles))()[0])


@pytest.mark.parametrize("layers", [1, 2])
def test_the_score_is_that_of_the_circuit(layers: int) -> None:
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    try:
        model = OneParticle((8, 8), particles=5, layers=layers, latent=2)
    finally:
        torch.set_default_dtype(torch.float32)
    model.reference = model.reference.to(torch.complex128)
    torch.nn.init.uniform_(model.angles, -1, 1)
    x, angles = jets(3), model.angles.detach().numpy()
    expected = [by_pennylane(image, angles, 2) for image in x.numpy()]
    np.testing.assert_allclose(model.score(x).detach().numpy(), expected, rtol=1e-10)


def test_it_has_31_parameters_and_all_of_them_train() -> None:
    model = build(ModelOptions("one_particle"), (24, 24))
    assert model.n_parameters == 31
    x = jets(64, 24).float()
    model.begin(x)
    before = float(model.loss(x).detach())
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(30):
        optimiser.zero_grad()
        model.loss(x).backward()
        optimiser.step()
    assert all(p.grad is not None and (p.grad != 0).any() for p in model.parameters())
    assert float(model.loss(x).detach()) < 0.7 * before
    score, features = model.judge(x)
    assert features.shape == (64, 11)
    torch.testing.assert_close(score, model.score(x[:]))


def test_only_the_hardest_pixels_count() -> None:
    model = build(ModelOptions("one_particle", {"particles": 4, "latent": 1}), (8, 8))
    x = jets(5).float()
    order = x.flatten(1).argsort(1, descending=True)
    softer = x.flatten(1).scatter(1, order[:, 4:], 0.0).view_as(x)
    torch.testing.assert_close(model.score(x), model.score(softer))


@pytest.mark.parametrize(("options", "words"), [
    ({"particles": 17}, "particles: 17, expected 1 to 16"), ({"layers": 0}, "layers: 0"),
    ({"latent": 10}, "latent: 10 of 10 qubits, expected 0 to 9")])
def test_what_cannot_be_is_named(options: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build(ModelOptions("one_particle", dict(options)), (24, 24))


def test_it_looks_at_shares() -> None:
    with pytest.raises(QganError, match=r"preprocessing\.scaling"):
        build(ModelOptions("one_particle"), (8, 8)).begin(2 * jets(4).float())
