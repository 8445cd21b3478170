"""Networks on particles: which changes of a jet they must not see, and that padding is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import Tensor

from qgan.base.errors import ConfigError
from qgan.base.seeding import torch_rng
from qgan.taggers import TAGGERS
from qgan.taggers.kinematics import MINKOWSKI, about_axis, product, trimmed
from qgan.taggers.lgatr import LGATr
from qgan.taggers.lie_eqgnn import Circuit, DenseTwin, LieEQGNN, brick
from qgan.taggers.lorentznet import LorentzNet
from qgan.taggers.particlenet import ParticleNet, nearest
from qgan.taggers.pelican import Pelican
from qgan.taggers.training import Network

NETWORKS: dict[str, dict[str, Any]] = {
    "lorentznet": {"blocks": 3, "width": 12}, "lorentznet-alone": {"blocks": 3, "width": 12, "beams": False},
    "particlenet": {"blocks": ((8, 8), (16, 16)), "neighbours": 4, "hidden": 16}, "lie_eqgnn": {"beams": False},
    "pelican": {"blocks": 2, "width": 6}, "lgatr": {"blocks": 2, "vectors": 4, "scalars": 8, "heads": 2}}
KINDS = {"particlenet": ParticleNet, "lie_eqgnn": LieEQGNN, "pelican": Pelican, "lgatr": LGATr}


def known(*names: str) -> list[Any]:
    """Of networks, those skipped whose library is not installed."""
    return [pytest.param(name, marks=pytest.mark.skipif(name in TAGGERS and TAGGERS.lacks(name) is not None,
                                                        reason="the extra referees is not installed"))
            for name in names]


#: J = 1: what it leaves as it is are rotations in four dimensions.
EUCLIDEAN = np.eye(4).tolist()


def jets(n: int, most: int, seed: int = 0) -> Tensor:
    """(n, most, 4) light particles within 0.4 of an axis, from 2 of them on, padded with zeros."""
    rng = np.random.default_rng(seed)
    pt = np.sort(rng.exponential(30, (n, most)) + 0.5)[:, ::-1]
    eta, phi = (rng.uniform(-1.5, 1.5, (n, 1)) + 0.2 * rng.normal(size=(n, most)) for _ in range(2))
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + 0.14**2)
    p = np.stack([energy, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1)
    counts = rng.integers(2, most + 1, n)
    counts[0] = most
    return torch.from_numpy(p * (np.arange(most) < counts[:, None])[..., None])


def network(name: str, **options: Any) -> torch.nn.Module:
    """In float64, with what its normalisations learn from some jets."""
    made = KINDS.get(name, LorentzNet)((12, 4), 2, torch_rng(1, name), **NETWORKS[name] | options).double()
    made(jets(200, 12, 9))
    return made.eval()


def boost(velocity: Tensor) -> Tensor:
    """(4, 4) of a velocity (3,)."""
    beta2, gamma = velocity @ velocity, 1 / torch.sqrt(1 - velocity @ velocity)
    out = torch.eye(4, dtype=torch.float64)
    out[0, 0], out[0, 1:], out[1:, 0] = gamma, -gamma * velocity, -gamma * velocity
    out[1:, 1:] += (gamma - 1) * torch.outer(velocity, velocity) / beta2
    return out


def rotation(rng: np.random.Generator) -> Tensor:
    """(4, 4), of the three directions of space."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    q[:, 0] *= np.linalg.det(q)
    out = torch.eye(4, dtype=torch.float64)
    out[1:, 1:] = torch.from_numpy(q)
    return out


def moved(x: Tensor, transformation: Tensor) -> Tensor:
    return x @ transformation.T


@pytest.mark.parametrize("name", known("lorentznet-alone", "lie_eqgnn", "pelican", "lgatr"))
def test_it_is_invariant_under_boosts_and_rotations(name: str) -> None:
    made = network(name, **{"beams": False} if name in ("pelican", "lgatr") else {})
    x, rng = jets(20, 12), np.random.default_rng(3)
    score = made(x)
    assert score.std() > 1e-2 * score.abs().mean()
    for _ in range(10):
        direction = rng.normal(size=3)
        velocity = torch.from_numpy(direction / np.linalg.norm(direction) * rng.uniform(0.1, 0.95))
        transformation = boost(velocity) @ rotation(rng)
        y, metric = moved(x, transformation), torch.tensor(MINKOWSKI, dtype=torch.float64)
        torch.testing.assert_close(product(y, y, metric), product(x, x, metric), rtol=0, atol=1e-6)
        torch.testing.assert_close(made(moved(x, transformation)), score, rtol=1e-5, atol=0)


def test_another_metric_is_another_symmetry() -> None:
    """With J = 1 scores are those of any rotation in four dimensions, and not of a boost."""
    made, x, rng = network("lie_eqgnn", metric=EUCLIDEAN), jets(20, 12), np.random.default_rng(4)
    score = made(x)
    for _ in range(5):
        turn = torch.from_numpy(np.linalg.qr(rng.normal(size=(4, 4)))[0])
        torch.testing.assert_close(made(moved(x, turn)), score, rtol=1e-5, atol=0)
    across = boost(torch.tensor([0.9, 0.0, 0.0], dtype=torch.float64))
    assert (made(moved(x, across)) / score - 1).abs().max() > 1e-2


@pytest.mark.parametrize("name", known("lorentznet", "pelican", "lgatr"))
def test_with_beams_it_is_so_along_the_beam_and_about_it_alone(name: str) -> None:
    made, x = network(name), jets(20, 12)
    score, turn = made(x), torch.eye(4, dtype=torch.float64)
    turn[1, 1], turn[1, 2], turn[2, 1], turn[2, 2] = np.cos(2.0), -np.sin(2.0), np.sin(2.0), np.cos(2.0)
    along = boost(torch.tensor([0.0, 0.0, 0.9], dtype=torch.float64))
    torch.testing.assert_close(made(moved(x, along @ turn)), score, rtol=1e-5, atol=0)
    across = boost(torch.tensor([0.9, 0.0, 0.0], dtype=torch.float64))
    assert (made(moved(x, across)) / score - 1).abs().max() > 1e-2


@pytest.mark.parametrize("name", known(*NETWORKS))
def test_neither_padding_nor_the_other_jets_nor_the_order_of_particles_change_a_score(name: str) -> None:
    made, x = network(name), jets(20, 12)
    score = made(x)
    padded = torch.cat([x, x.new_zeros(20, 9, 4)], 1)
    torch.testing.assert_close(made(padded), score, rtol=1e-9, atol=1e-12)
    for i in (0, 7, 13):
        torch.testing.assert_close(made(x[i:i + 1]), score[i:i + 1], rtol=1e-9, atol=1e-12)
        there = int((x[i, :, 0] > 0).sum())
        torch.testing.assert_close(made(x[i:i + 1, :there].flip(1)), score[i:i + 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", known(*NETWORKS))
def test_padding_takes_no_part_in_the_training(name: str) -> None:
    """Neither in the gradient nor in what is learned of the scale of features."""
    x, found = jets(16, 12), []
    for seen in (x, torch.cat([x, x.new_zeros(16, 30, 4)], 1)):
        made = network(name).train()
        made(seen).square().sum().backward()
        found.append({**{k: p.grad for k, p in made.named_parameters()}, **dict(made.named_buffers())})
    for key, value in found[0].items():
        torch.testing.assert_close(found[1][key], value, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", known(*NETWORKS))
def test_jets_of_one_particle_and_of_none_have_scores_and_slopes(name: str) -> None:
    x = jets(3, 12)
    x[0, 1:] = 0
    x[1] = 0
    score = network(name)(x.requires_grad_())
    assert score.isfinite().all()
    assert torch.autograd.grad(score.sum(), x)[0].isfinite().all()


def test_a_tagger_whose_library_is_not_installed_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TAGGERS._needs, "pelican", ("no_such_library", "referees"))
    with pytest.raises(ConfigError, match=r"^tagger pelican needs a library that is not installed: pip install "
                                          r"'qgan\[referees\]'$"):
        TAGGERS["pelican"]
    assert "pelican" in TAGGERS


@pytest.mark.parametrize(("name", "numbers"), [
    param for name, least, most in (("pelican-1k", 1044, 1154), ("lgatr-1k", 1044, 1154), ("pelican", 9e4, 1e5),
                                    ("lgatr", 9e4, 1e5))
    for param in [pytest.param(name, (least, most), marks=known(name)[0].marks)]])
def test_rivals_have_the_sizes_that_they_are_named_by(name: str, numbers: tuple[float, float]) -> None:
    """Those of a thousand numbers as many as the Lie-equivariant quantum network, within 5 %."""
    fit = TAGGERS[name].fit
    assert isinstance(fit, Network)
    made = fit.build((12, 4), 1, torch_rng(0, "sizes"))
    assert numbers[0] < sum(p.numel() for p in made.parameters()) < numbers[1]


def test_neighbours_are_the_nearest_others_also_where_points_are_equal() -> None:
    place = torch.tensor([[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [0.0, 0.0]]])
    there = torch.tensor([[True, True, True, True, False]])
    index, near = nearest(place, there, 2)
    found = [{int(k) for k, real in zip(index[0, i], near[0, i], strict=True) if real} for i in range(5)]
    assert found == [{1, 2}, {0, 2}, {0, 1}, {0, 1}, set()]
    index, near = nearest(place, there, 16)
    assert near.sum(2).tolist() == [[3, 3, 3, 3, 0]]


def test_particles_are_seen_about_their_axis_with_the_angle_wrapped() -> None:
    eta, phi, pt = torch.tensor([1.0, 1.2]), torch.tensor([np.pi - 0.1, -np.pi + 0.1]), torch.tensor([10.0, 10.0])
    x = torch.stack([pt * eta.cosh(), pt * phi.cos(), pt * phi.sin(), pt * eta.sinh()], -1)[None].double()
    place, features = about_axis(torch.cat([x, x.new_zeros(1, 1, 4)], 1))
    torch.testing.assert_close(place[0, :, 1], torch.tensor([-0.1, 0.1, 0.0]).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(place[0, 1, 0] - place[0, 0, 0], torch.tensor(0.2).double(), rtol=0, atol=1e-6)
    jet = torch.hypot(*x[0].sum(0)[1:3])
    torch.testing.assert_close(features[0, 0, 4], torch.log(10.0 / jet), rtol=1e-6, atol=0)
    assert features[0, 2].abs().max() == 0
    assert trimmed(torch.cat([x, x.new_zeros(1, 4, 4)], 1))[0].shape == (1, 2, 4)


def test_the_circuit_is_the_one_that_pennylane_runs() -> None:
    layer = Circuit(4, torch_rng(1, "circuit"), layers=3).double()
    z = torch.randn(5, 4, dtype=torch.float64, generator=torch_rng(2, "z"))
    angles = layer.angles.detach().numpy()

    def circuit(row: np.ndarray) -> list[object]:
        for wire in range(4):
            qml.Hadamard(wire)
            qml.RY(np.pi / 2 * np.tanh(row[wire]), wire)
        for layer_angles in angles:
            for pair in brick(4):
                qml.CNOT(pair)
            for wire in range(4):
                qml.RY(layer_angles[wire], wire)
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    node = qml.QNode(circuit, qml.device("default.qubit", wires=4))
    expected = torch.tensor(np.array([node(row) for row in z.numpy()]))
    torch.testing.assert_close(layer(z).detach(), expected * layer.scale.detach(), rtol=0, atol=1e-12)


def test_every_angle_of_the_circuit_gets_a_gradient_of_order_one() -> None:
    layer = Circuit(6, torch_rng(1, "circuit")).double()
    z = torch.randn(50, 6, dtype=torch.float64, generator=torch_rng(2, "z")).requires_grad_()
    layer(z).square().sum(1).mean().backward()
    assert layer.angles.grad is not None
    assert z.grad is not None
    assert layer.angles.grad.abs().min() > 1e-4
    assert (50 * z.grad).abs().max(0).values.min() > 0.1


def test_circuits_may_stand_within_every_map() -> None:
    made, x = network("lie_eqgnn", of="exhm"), jets(20, 12)
    circuits = {name: p for name, p in made.named_parameters() if name.endswith("angles")}
    assert len(circuits) == 4 * 3
    score = made(x)
    score.square().sum().backward()
    # Vectors of the last block are looked at by nobody.
    assert all(p.grad is not None and p.grad.abs().max() > 0 for name, p in circuits.items() if "2.pull" not in name)
    across = boost(torch.tensor([0.9, 0.0, 0.0], dtype=torch.float64))
    torch.testing.assert_close(made(moved(x, across)), score, rtol=1e-5, atol=0)


def test_the_twins_have_as_many_numbers_and_one_has_no_entanglement() -> None:
    count = {name: sum(p.numel() for p in made.parameters()) for name, made in (
        ("circuit", Circuit(6, torch_rng(1))), ("dense", DenseTwin(6, torch_rng(1))),
        ("product", Circuit(6, torch_rng(1), entangled=False)))}
    assert len(set(count.values())) == 1
    z = torch.randn(1, 6, generator=torch_rng(2, "z")).requires_grad_()
    for entangled in (True, False):
        slope = torch.autograd.grad(Circuit(6, torch_rng(1), entangled=entangled)(z)[0, 2], z)[0][0]
        assert (slope.abs() > 1e-6).sum() == (6 if entangled else 1)
