"""The overlap with a prepared state: PennyLane's circuit, its twin's closed solution, shots, and what cannot be."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import Tensor

from anomaly.configuration import ModelOptions
from anomaly.models.collapse import CollapseError
from anomaly.models.overlap import FreeOverlap, Overlap, Steady
from anomaly.models.registry import build
from qgan.base.errors import ConfigError, QganError
from qgan.quantum.entanglers import cnots


def jets(n: int, shape: tuple[int, int] = (6, 5), seed: int = 0) -> Tensor:
    """Shares of pT, the rarer the further out."""
    rng = np.random.default_rng(seed)
    rows, columns = np.meshgrid(*(np.arange(side) - (side - 1) / 2 for side in shape), indexing="ij")
    lit = rng.random((n, *shape)) < np.exp(-np.hypot(rows, columns) / 2)
    pixels = lit * rng.uniform(0.1, 1, (n, *shape)) + 1e-9
    return torch.tensor(pixels / pixels.sum((1, 2), keepdims=True))


def by_pennylane(image: np.ndarray, angles: np.ndarray, entangler: str) -> float:
    """The probability of |0…0> after the jet was embedded and the circuit undone."""
    n, (height, width) = angles.shape[1], image.shape
    state = np.zeros((8, 8))
    for row in range(height):
        for column in range(width):
            state[row ^ (row >> 1), column ^ (column >> 1)] = np.sqrt(image[row, column])

    def prepare() -> None:
        for number, layer in enumerate(angles):
            if number:
                for pair in cnots(entangler, n):
                    qml.CNOT(wires=pair)
            for wire, angle in enumerate(layer):
                qml.RY(angle, wires=wire)

    def circuit() -> qml.measurements.ProbabilityMP:
        qml.StatePrep(state.ravel(), wires=range(n))
        qml.adjoint(prepare)()
        return qml.probs(wires=range(n))

    return float(qml.QNode(circuit, qml.device("default.qubit", wires=n))()[0])


def trained(model: Steady, x: Tensor, rate: float, steps: int) -> float:
    """The loss of the last step."""
    optimiser = torch.optim.Adam(model.parameters(), rate)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = model.loss(x)
        loss.backward()
        optimiser.step()
    return float(loss.detach())


@pytest.mark.parametrize(("layers", "entangler"), [(1, "ring"), (3, "ring"), (3, "line"), (2, "none")])
def test_the_score_is_that_of_the_circuit(layers: int, entangler: str) -> None:
    model = Overlap((6, 5), layers, entangler).double()
    torch.nn.init.uniform_(model.state.angles, -3, 3)
    x, angles = jets(3), model.state.angles.detach().numpy()
    expected = [by_pennylane(image, angles, entangler) for image in x.numpy()]
    np.testing.assert_allclose(model.score(x).detach().square().numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize(("name", "numbers"), [("overlap", 80), ("overlap_free", 625)])
def test_every_number_trains(name: str, numbers: int) -> None:
    model = build(ModelOptions(name), (25, 25))
    assert model.n_parameters == numbers
    x = jets(64, (25, 25)).float()
    model.begin(x)
    model.loss(x).backward()
    gradient, = (weights.grad for weights in model.parameters())
    assert gradient is not None
    assert bool((gradient != 0).all())


def test_the_free_twin_is_a_matched_filter_of_amplitudes() -> None:
    torch.manual_seed(0)
    x, model = jets(3000), FreeOverlap((6, 5)).double()
    loss = trained(model, x, 0.02, 1500)
    amplitudes = x.flatten(1).sqrt()
    best = torch.linalg.solve(torch.cov(amplitudes.T, correction=0), amplitudes.mean(0))
    steady = amplitudes @ best
    assert loss == pytest.approx(float((steady.var(correction=0) / steady.mean() ** 2).log()), abs=1e-3)
    assert float(torch.cosine_similarity(model.template().detach().flatten(), best, 0)) > 0.999


def test_a_circuit_comes_near_its_free_twin_and_entangling_helps() -> None:
    x, found = jets(3000), {}
    for entangler in ("ring", "none"):
        torch.manual_seed(0)
        found[entangler] = trained(Overlap((6, 5), 6, entangler).double(), x, 0.03, 200)
    amplitudes = x.flatten(1).sqrt()
    steady = amplitudes @ torch.linalg.solve(torch.cov(amplitudes.T, correction=0), amplitudes.mean(0))
    least = float((steady.var(correction=0) / steady.mean() ** 2).log())
    assert least < found["ring"] < found["none"]
    assert found["ring"] - least < 0.15


def test_shots_scatter_about_the_exact_value() -> None:
    torch.manual_seed(0)
    model, x = Overlap((6, 5), 2), jets(4000).float()
    exact = model.score(x).detach().square()
    model.shots = 200
    read = model.score(x).detach().square()
    pulls = (read - exact) / (exact * (1 - exact) / 200).sqrt()
    assert abs(float(pulls.mean())) < 0.06
    assert float(pulls.std()) == pytest.approx(1, abs=0.05)
    torch.testing.assert_close(read * 200, (read * 200).round())


@pytest.mark.parametrize(("options", "message"), [
    ({"layers": 0}, "layers: 0"), ({"shots": -1}, "shots: -1"), ({"entangler": "rings"}, "rings")])
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(ModelOptions("overlap", options), (6, 5))


def test_too_many_pixels_are_refused() -> None:
    with pytest.raises(ConfigError, match="18 qubits"):
        build(ModelOptions("overlap"), (512, 512))


def test_it_looks_at_shares() -> None:
    with pytest.raises(QganError, match="expected 'sum'"):
        Overlap((6, 5)).begin(2 * jets(4).float())


def test_the_same_overlap_for_all_is_a_collapse() -> None:
    model: Steady = FreeOverlap((6, 5))
    torch.nn.init.zeros_(next(model.parameters()))
    with torch.no_grad():
        next(model.parameters())[0, 0] = 1e-30
    with pytest.raises(CollapseError):
        model.check(torch.cat([jets(10).float()]) * 0 + 1 / 30)
