"""Energies normalised against their own samples: against densities that are known, and as trainings of models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import ot
import pytest
import torch
from memory_recorder import MemoryRecorder
from small_training import Stopping, differences
from test_anomaly_cli import make_jets
from test_anomaly_training import small
from torch import Tensor

from anomaly.configuration import ModelOptions
from anomaly.detector import load_detector
from anomaly.experiment import train
from anomaly.models.interface import Autoencoder
from anomaly.models.langevin import reflected_at, walk
from anomaly.models.normalised import Normalised
from anomaly.models.registry import MODELS, build
from anomaly.models.transport import transport
from qgan.base.errors import ConfigError, QganError
from qgan.base.seeding import seeded
from qgan.runs import checkpoint

#: Mean and width of the normal distribution of two pixels that is to be found.
MEAN, WIDTH = torch.tensor([[0.4, 0.6]]), torch.tensor([[0.10, 0.15]])


class Bowl(Autoencoder):
    """E = Σ k (x − m)²/2 of two pixels: exp(−E) is a normal distribution, whose integral is known."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self.middle, self.log_k = (torch.nn.Parameter(torch.full(shape, start)) for start in (0.5, 3.0))

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        score = (self.log_k.exp() * (x - self.middle).square() / 2).sum((1, 2))
        return score, score[:, None]

    def loss(self, x: Tensor) -> Tensor:
        return self.score(x).mean()


@pytest.fixture
def bowl(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a loop looks through is complete.
    monkeypatch.setattr(MODELS, "_things", {**dict(MODELS.items()), "bowl": Bowl})


def normalised(method: str, shape: tuple[int, int] = (12, 12), **options: Any) -> Normalised:
    model = build(ModelOptions("normalised", {"method": method, **options}), shape, seed=1)
    assert isinstance(model, Normalised)
    return model


def test_the_walk_has_the_spread_that_it_should() -> None:
    k, temperature, noise = 3.0, 0.5, 0.2
    with seeded(0, "walk"):
        x = walk(lambda x: (k * x.square() / 2).sum(1), torch.zeros(20_000, 2), 300, temperature=temperature,
                 noise=noise, box=(-10, 10))
    expected = temperature / k / (1 - noise**2 * k / (4 * temperature))
    assert x.var(0).numpy() == pytest.approx(expected, rel=0.04)
    assert x.mean(0).abs().max() < 4 * (expected / 20_000) ** 0.5


def test_without_an_energy_the_box_is_filled_evenly() -> None:
    with seeded(0, "walk"):
        x = walk(lambda x: (0 * x).sum(1), torch.full((20_000, 1), 0.3), 200, temperature=1.0, noise=0.2)
    found, _ = np.histogram(x.numpy(), np.linspace(0, 1, 11))
    np.testing.assert_allclose(found, 2000, atol=5 * 2000**0.5)


def test_walls_mirror() -> None:
    x = torch.tensor([-0.25, 0.5, 1.25, 7.0, -7.0])
    assert reflected_at(x, (0.0, 1.0)).tolist() == [0.25, 0.5, 0.75, 0.0, 0.0]


def test_the_transport_is_that_of_another_library() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 30, 3, 2))
    cost = np.linalg.norm(x.reshape(30, 1, 6) - y.reshape(1, 30, 6), axis=2)
    even = np.full(30, 1 / 30)
    assert float(transport(torch.tensor(x), torch.tensor(y))) == pytest.approx(ot.emd2(even, even, cost))
    with pytest.raises(ValueError, match="30 and 29 images"):
        transport(torch.tensor(x), torch.tensor(y[1:]))


@pytest.mark.parametrize("method", ["nae", "wnae"])
def test_a_known_density_is_found(bowl: None, method: str) -> None:
    """exp(−E) over its integral, found numerically on a grid, is the density that the jets were drawn from."""
    rng = torch.Generator().manual_seed(0)
    x = MEAN + WIDTH * torch.randn(4000, 1, 2, generator=rng)
    model = normalised(method, (1, 2), model={"name": "bowl"}, temperature=1.0,
                       negatives={"steps": 8, "noise": 0.06, "kept": 2000, "fresh": 0.02})
    optimiser = torch.optim.Adam(model.inner.parameters(), 0.05)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 400)
    for step in range(400):
        with seeded(1, step):
            loss = model.loss(x[torch.randint(len(x), (400,))])
            optimiser.zero_grad()
            loss.backward()
        optimiser.step()
        scheduler.step()
    side = torch.linspace(0, 1, 201)
    points = torch.stack(torch.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 1, 2)
    found, true = (np.exp(-e.double().numpy()) for e in (
        model.energy(points).detach(), ((points - MEAN) / WIDTH).square().sum((1, 2)) / 2))
    apart = np.abs(found / found.sum() - true / true.sum()).sum() / 2
    assert apart < (0.06 if method == "nae" else 0.15)


def test_energies_without_negatives_that_differ_do_not_move(bowl: None) -> None:
    """Where exp(−E) is the density already, the gradient of the loss is 0 within its errors."""
    model = normalised("nae", (1, 2), model={"name": "bowl"}, temperature=1.0,
                       negatives={"steps": 40, "noise": 0.04, "kept": 4000, "fresh": 0.0})
    inner = model.inner
    assert isinstance(inner, Bowl)
    inner.middle.data, inner.log_k.data = MEAN.clone(), -2 * WIDTH.log()
    with seeded(0, "draw"):
        x = MEAN + WIDTH * torch.randn(4000, 1, 2)
        model.loss(x).backward()
    # E(k (x − m)²/2) = 1/2 with a standard deviation of √½, of jets and of negatives.
    assert inner.log_k.grad is not None
    assert float(inner.log_k.grad.abs().max()) < 5 * (0.5 * 2 / 4000) ** 0.5


def test_gradients_of_the_circuit_are_exact() -> None:
    """Of the energy in pixels and weights, and of the slope in the weights, against differences in double precision."""
    inner = build(ModelOptions("quantum", {"patch": 2, "uploads": 2, "latent": 1, "contrast": 100.0,
                                           "circuit": {"biases": True, "even": False, "spread": 1.0}}), (4, 4)).double()
    inner.reference = inner.reference.to(torch.complex128)
    x = torch.rand(2, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = inner.get_parameter("circuit.weights")

    def energy(x: Tensor, weights: Tensor) -> Tensor:
        return torch.func.functional_call(inner, {"circuit.weights": weights}, (x,))

    inner.forward = inner.score
    assert torch.autograd.gradcheck(energy, (x, weights))
    assert torch.autograd.gradgradcheck(energy, (x, weights))


@pytest.mark.parametrize("model", [{"name": "conv", "options": {"latent": 3, "channels": 2}},
                                   {"name": "quantum", "options": {"uploads": 2, "loss": "infidelity"}}])
@pytest.mark.parametrize("method", ["nae", "wnae", "made"])
def test_every_model_learns_and_is_recorded(model: dict[str, Any], method: str, tmp_path: Path) -> None:
    changes = {"model.name": "normalised", "preprocessing.scaling": "sum", "training.epochs": 2, "model.options": {
        "model": model, "method": method, "contrast": 1000.0, "warm": 2, "negatives": {"steps": 2, "kept": 100}}}
    recorder = MemoryRecorder()
    run = train(small(changes), data=make_jets(250, 0, True), out=tmp_path / "run", quiet=True, recorder=recorder)
    watched = {"energy/usual", "energy/negatives", "energy/gap over T", "negatives/variance over jets",
               "negatives/brightness over jets", "negatives/distance", "negatives/distance of jets"}
    assert watched <= {tag for kind, _, tag, _ in recorder.records if kind == "scalar"}
    scores = load_detector(run.path).scores(make_jets(20, 3, True))
    assert np.isfinite(scores["model"]).all()
    assert np.ptp(scores["model"]) > 0


def test_a_resumed_training_keeps_its_walkers(tmp_path: Path) -> None:
    changes = {"model.name": "normalised", "training.epochs": 2, "model.options": {
        "model": {"name": "conv", "options": {"latent": 3, "channels": 2}}, "negatives": {"steps": 2, "kept": 100}}}
    jets = make_jets(250, 0, True)
    whole = train(small(changes), data=jets, out=tmp_path / "whole", quiet=True)
    with pytest.raises(KeyboardInterrupt):
        train(small(changes), data=jets, out=tmp_path / "cut", quiet=True, recorder=Stopping(4))
    cut = train(small(changes), data=jets, out=tmp_path / "cut", quiet=True, resume=True)
    states = [checkpoint.load(run.path / "checkpoint.pt").states for run in (whole, cut)]
    assert states[0]["model"]["begun"].any()
    assert differences(states[0], states[1]) == []


def test_an_epoch_before_the_negatives_is_not_the_best(tmp_path: Path) -> None:
    """While a model is warmed up by its own loss, the latest epoch is kept, and patience does not run out."""
    options = {"model": {"name": "conv", "options": {"latent": 3, "channels": 2}}, "warm": 8,
               "negatives": {"steps": 2, "kept": 100}}
    recorder = MemoryRecorder()
    run = train(small({"model.name": "normalised", "model.options": options, "training.patience": 1}),
                data=make_jets(250, 0, True), out=tmp_path / "run", quiet=True, recorder=recorder)
    last = [value for kind, _, tag, value in recorder.records if kind == "scalar" and tag == "final/epoch"]
    assert last[0] >= 3
    assert checkpoint.load(run.path / "checkpoint.pt").states["best"]["batches"] > 8


def test_negatives_that_are_all_one_image_are_a_collapse(bowl: None) -> None:
    model = normalised("nae", (1, 2), model={"name": "bowl"}, temperature=1.0,
                       negatives={"steps": 5, "noise": 1e-5, "fresh": 0.0})
    model.begun[:] = True
    with pytest.raises(QganError, match="all its negatives are the same image"):
        model.check(torch.rand(100, 1, 2))


@pytest.mark.parametrize(("options", "said"), [
    ({"model": {"name": "contrastive"}}, "the score of ContrastiveEncoder has no gradient in the pixels"),
    ({"model": {"name": "none"}}, r"model\.options\.model\.name: there is no anomaly model none"),
    ({"model": {"name": "conv", "options": {"depth": 3}}}, r"model\.options\.model\.options\.depth: unknown"),
    ({"model": {"nom": "conv"}}, r"model\.options\.model\.nom: unknown"),
    ({"method": "gan"}, "method: 'gan', expected one of nae, wnae, made"),
    ({"temperature": 0.0}, "expected above 0"),
    ({"negatives": {"steps": 0}}, "at least 1 step"),
    ({"negatives": {"fresh": 2.0}}, r"negatives\.fresh: 2\.0, expected 0 to 1"),
    ({"negatives": {"kinds": ["turned"]}}, "turned"),
])
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(ModelOptions("normalised", options), (12, 12))


def test_pseudo_anomalies_need_shares() -> None:
    with pytest.raises(QganError, match=r"preprocessing\.scaling: .* expected 'sum'"):
        normalised("made").loss(torch.rand(10, 12, 12))


def test_pseudo_anomalies_are_made_of_every_kind() -> None:
    shares = torch.rand(100, 12, 12) ** 8
    shares = shares / shares.sum((1, 2), keepdim=True)
    made = normalised("made", negatives={"kinds": ["moved", "groomed"]})._made(shares)
    np.testing.assert_allclose(made.sum((1, 2)), 1, rtol=1e-5)
    fewer = ((made > 0).sum((1, 2)) < (shares > 0).sum((1, 2))).sum()
    assert int(fewer) == 50
