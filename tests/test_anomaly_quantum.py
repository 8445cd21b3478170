"""The quantum models: their scores against references, their losses, and the guard against collapse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from small_training import changed
from test_anomaly_cli import make_jets

from anomaly.configuration import Configuration, ModelOptions
from anomaly.detector import load_detector
from anomaly.experiment import train_on
from anomaly.models.circuit import n_patches, patches
from anomaly.models.classical import Loss
from anomaly.models.collapse import CollapseError, check_spread, foreign
from anomaly.models.contrastive import ContrastiveEncoder
from anomaly.models.hybrid import HybridAutoencoder
from anomaly.models.interface import Autoencoder
from anomaly.models.quantum import REFERENCES, QuantumAutoencoder
from anomaly.models.registry import build
from anomaly.models.views import Views, reflected
from qgan.base.errors import ConfigError
from qgan.quantum.swap_test import swap_test

#: Weights of 0.5.
HALF = {"spread": 0.5}
CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def jets(count: int = 40, size: int = 8, seed: int = 0) -> torch.Tensor:
    """Sparse images, hardest in the middle, that sum to 1."""
    rng = torch.Generator().manual_seed(seed)
    away = (torch.arange(size) - size / 2 + 0.5) ** 2
    hit = torch.rand(count, size, size, generator=rng) < torch.exp(-(away[:, None] + away) / size)
    x = hit * torch.rand(count, size, size, generator=rng) ** 3
    x[:, size // 2, size // 2] += 1
    return x / x.sum((1, 2), keepdim=True)


def quantum(seed: int = 0, **options: object) -> QuantumAutoencoder:
    model = build(ModelOptions("quantum", {"patch": 4, "uploads": 3, "latent": 2} | options), (8, 8), seed)
    assert isinstance(model, QuantumAutoencoder)
    return model


def contrastive(**options: object) -> ContrastiveEncoder:
    model = build(ModelOptions("contrastive", {"patch": 4} | options), (8, 8))
    assert isinstance(model, ContrastiveEncoder)
    return model


def fit(model: Autoencoder, x: torch.Tensor, steps: int, rate: float = 0.02) -> list[float]:
    torch.manual_seed(0)
    optimiser = torch.optim.Adam(model.parameters(), rate)
    losses = []
    for _ in range(steps):
        loss = model.loss(x)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def test_patches_are_squares_of_the_image() -> None:
    x = torch.arange(2 * 4 * 6.0).reshape(2, 4, 6)
    cut = patches(x, 2)
    assert cut.shape == (2, 6, 4)
    assert torch.equal(cut[1, 4], x[1, 2:4, 2:4].flatten())
    assert n_patches((12, 12), 4) == 9
    for patch in (5, 0):
        with pytest.raises(ValueError, match="does not divide"):
            n_patches((12, 12), patch)
    with pytest.raises(ValueError, match="36 qubits"):
        n_patches((12, 12), 2)


def test_qubits_that_see_the_whole_image_and_start_at_the_mean_jet() -> None:
    x = jets()
    model = quantum(whole=3, centred=True, circuit={"biases": True, "even": False, "spread": 0.5})
    assert model.n_parameters == 2 * 3 * 3 * 64
    assert torch.equal(model.dealt(x), torch.stack([x.flatten(1)] * 3, 1))
    model.begin(x)
    score = model.score(torch.cat([x.mean(0, keepdim=True), x]))
    assert abs(score[0].item()) < 1e-6
    assert score[1:].min() > 1e-6


def test_views_are_reflections_of_the_same_image_and_lose_pixels() -> None:
    torch.manual_seed(0)
    x = jets(200)
    turned = reflected(x)
    known = torch.stack((x, x.flip(1), x.flip(2), x.flip(1, 2)))
    which = (known == turned).flatten(2).all(2)
    assert which.any(0).all()
    assert (which.sum(1) > 30).all()
    lost = Views(reflect=False, dropout=0.5, noise=0.0)(x)
    assert ((lost == x) | (lost == 0)).all()
    assert 0.45 < float((lost[x > 0] == 0).float().mean()) < 0.55
    assert abs(float((Views(reflect=False, noise=0.3)(x) - x).std()) - 0.3) < 0.01


@pytest.mark.parametrize("reference", REFERENCES)
def test_the_score_is_the_swap_test(reference: str) -> None:
    model = quantum(reference=reference, circuit={"even": False, "spread": 1.0, "biases": True})
    model.double()
    x = jets(2).double()
    circuit, qubit = model.circuit, model.reference.to(torch.complex128)
    measure = swap_test(circuit.gates(), 4, (2, 3), qubit)
    expected = [1 - measure(angles) for angles in circuit.angles(patches(x, 4))]
    np.testing.assert_allclose(model.score(x).detach().numpy(), expected, rtol=0, atol=1e-7)
    exact = 1 - swap_test_free(model, x, torch.tensor(REFERENCES[reference], dtype=torch.complex128))
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-10)


def swap_test_free(model: QuantumAutoencoder, x: torch.Tensor, qubit: torch.Tensor) -> np.ndarray:
    model.reference = qubit.repeat(2, 1)
    return model.fidelity(model.pixels(x)).detach().numpy()


def test_devices_shots_and_noise_score_the_same_jets() -> None:
    x = jets(2)
    exact = quantum(circuit=HALF).score(x).detach()
    lightning = quantum(circuit=HALF, device={"backend": "lightning.qubit"})
    torch.testing.assert_close(lightning.score(x), exact, rtol=0, atol=1e-5)
    # The density's features are simulated exactly, whatever the device reads.
    torch.testing.assert_close(lightning.judge(x)[1], quantum(circuit=HALF).judge(x)[1])
    swapped = quantum(circuit=HALF, device={"backend": "lightning.qubit", "literal": True}).score(x)
    torch.testing.assert_close(swapped, exact, rtol=0, atol=1e-5)
    torch.manual_seed(0)
    counted = quantum(circuit=HALF, device={"shots": 2000}).score(x)
    assert not torch.equal(counted, exact)
    torch.testing.assert_close(counted, exact, rtol=0, atol=0.05)
    noisy = quantum(circuit=HALF, device={"backend": "default.mixed", "depolarising": 0.02}).score(x)
    assert ((noisy - exact).abs() > 1e-4).all()
    ruined = quantum(circuit=HALF, device={"backend": "default.mixed", "depolarising": 0.75}).score(x)
    torch.testing.assert_close(ruined, torch.full((2,), 0.75))


def test_contrast_shows_soft_pixels_and_an_empty_image_is_usual() -> None:
    model = quantum(contrast=1e4)
    x = torch.zeros(3, 8, 8)
    x[1, 4, 4], x[2] = 1.0, 1 / 64
    pixels = model.pixels(x)
    assert float(pixels[1].max()) == pytest.approx(1)
    assert float(pixels[2].max()) == pytest.approx(np.log1p(1e4 / 64) / np.log1p(1e4))
    score = model.score(x).detach()
    assert abs(float(score[0])) < 1e-6
    assert float(score[2]) > 5 * float(score[1]) > 0


@pytest.mark.parametrize("loss", ["infidelity", "infidelity_squared", "log_infidelity", "steadiness"])
def test_every_loss_falls(loss: str) -> None:
    steady = loss == "steadiness"
    model = quantum(loss=loss, circuit={"even": steady, "spread": 0.3, "biases": not steady}, contrast=1e3)
    losses = fit(model, jets(64), 60)
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 1e-3
    assert np.isfinite(losses).all()


def test_losses_are_what_they_say() -> None:
    x = jets(30)
    f = 1 - quantum(circuit=HALF).score(x)
    for loss, expected in (("infidelity", (1 - f).mean()), ("infidelity_squared", ((1 - f) ** 2).mean()),
                           ("log_infidelity", -f.log().mean())):
        torch.testing.assert_close(quantum(circuit=HALF, loss=loss).loss(x), expected)
    # Views that differ in nothing but noise of size 0 agree: the angle's variance is rounding.
    assert quantum(views={"noise": 0.0, "reflect": False}).loss(x).detach() < -15


def test_steadiness_does_not_shrink_to_nothing() -> None:
    x = jets(64)
    steady, squared = (quantum(loss=loss, contrast=1e3, circuit={"spread": 0.3})
                       for loss in ("steadiness", "infidelity_squared"))
    for model in (steady, squared):
        fit(model, x, 100)
    with torch.no_grad():
        assert steady.score(x).mean() > 10 * squared.score(x).mean()
    steady.check(x)


def test_a_circuit_that_answers_the_same_to_everything_is_refused() -> None:
    model = quantum(circuit={"biases": True})
    x = jets()
    model.check(x)
    torch.nn.init.zeros_(model.circuit.weights)
    assert model.score(x).std() < 1e-6
    with pytest.raises(CollapseError, match=r"it gives every image the same score \(jets 0"):
        model.check(x)
    encoder = contrastive()
    encoder.check(x)
    torch.nn.init.zeros_(encoder.circuit.weights)
    with pytest.raises(CollapseError, match="collapsed"):
        encoder.check(x)


def test_foreign_images_have_the_same_pixels_elsewhere_or_noise() -> None:
    x = jets()
    made = foreign(x)
    torch.testing.assert_close(made["shuffled pixels"].flatten(1).sort(1)[0], x.flatten(1).sort(1)[0])
    assert not torch.equal(made["shuffled pixels"], x)
    assert 0 <= float(made["noise"].min()) < float(made["noise"].max()) <= float(x.max())
    with pytest.raises(CollapseError):
        check_spread(lambda images: torch.zeros(len(images)), x)
    check_spread(lambda images: images[:, 0, 0], x)


def test_the_contrastive_score_is_one_minus_the_mean_fidelity_with_usual_jets() -> None:
    encoder = contrastive(contrast=1e3)
    usual, x = jets(20), jets(5, seed=1)
    encoder.calibrate(usual)
    states, others = (encoder.states(encoder.pixels(images)).detach() for images in (usual, x))
    expected = 1 - ((others.conj() @ states.mT).abs() ** 2).mean(1)
    torch.testing.assert_close(encoder.score(x), expected, rtol=0, atol=1e-6)
    assert float(torch.trace(encoder.ensemble).real) == pytest.approx(1, abs=1e-5)


def test_the_contrastive_loss_tells_jets_apart() -> None:
    still = {"noise": 0.0, "dropout": 0.0}
    encoder = contrastive(contrast=1e3, views=still)
    x = jets(32)
    torch.nn.init.zeros_(encoder.circuit.weights)
    assert float(encoder.loss(x).detach()) == pytest.approx(np.log(32), rel=1e-5)
    torch.nn.init.normal_(encoder.circuit.weights, std=0.3)
    losses = fit(encoder, x, 40)
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.05


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_the_hybrid_learns_to_reconstruct(loss: Loss) -> None:
    torch.manual_seed(0)
    model = HybridAutoencoder((8, 8), patch=2, channels=4, loss=loss)
    x = jets(64) ** 0.5
    losses = fit(model, x, 150)
    made = model.reconstruct(x)
    assert made.shape == x.shape
    assert losses[-1] < 0.8 * losses[0]
    model.check(x)


@pytest.mark.parametrize("name", ["quantum", "published", "hybrid", "contrastive"])
def test_configured_models_have_the_promised_size(name: str) -> None:
    options = yaml.safe_load((CONFIGS / f"anomaly_{name}.yaml").read_text(encoding="utf-8"))["model"]
    model = build(ModelOptions(**options), (12, 12))
    assert model.n_parameters == sum(p.numel() for p in model.parameters())
    low, high = {"quantum": (720, 720), "published": (576, 576), "hybrid": (2000, 3000),
                 "contrastive": (720, 720)}[name]
    assert low <= model.n_parameters <= high
    x = jets(6, 12)
    model.calibrate(x)
    scores = model.score(x)
    torch.testing.assert_close(model.score(x[2:4]), scores[2:4], rtol=1e-4, atol=1e-6)
    assert model.features(x).shape == (6, 10)
    model.loss(x).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize(("name", "options", "message"), [
    ("quantum", {"latent": 9}, "latent: 9 of 9 qubits"),
    ("quantum", {"reference": "two"}, "reference: 'two'"),
    ("quantum", {"loss": "mse"}, "loss: 'mse'"),
    ("quantum", {"contrast": -1.0}, "contrast"),
    ("quantum", {"device": {"shots": -1}}, r"device\.shots: -1, expected 0 or more"),
    ("quantum", {"device": {"depolarising": 0.8}}, r"device\.depolarising: 0\.8, expected 0 to 0\.75"),
    ("quantum", {"device": {"shot": 10}}, r"model\.options\.device\.shot: unknown, .*; did you mean shots\?"),
    ("quantum", {"views": {"dropout": 1.0}}, r"views\.dropout: 1\.0, expected 0 to below 1"),
    ("quantum", {"uplaods": 3}, r"model\.options\.uplaods: unknown, .*; did you mean uploads\?"),
    ("quantum", {"whole": 17}, "whole: 17 qubits, expected 0 to 16"),
    ("quantum", {"centred": True}, "centred: the circuit has no biases"),
    ("quantum", {"patch": 5}, "does not divide"),
    ("quantum", {"circuit": {"entangler": "star"}}, "entangler"),
    ("hybrid", {"budget": 50}, "budget: 50"),
    ("hybrid", {"channels": 0}, "channels: 0"),
    ("contrastive", {"temperature": 0.0}, "temperature"),
])
def test_options_that_cannot_be_are_refused_in_one_line(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        build(ModelOptions(name, options), (12, 12))
    assert "\n" not in str(error.value)


def test_models_by_name() -> None:
    assert isinstance(quantum(), QuantumAutoencoder)
    assert isinstance(build(ModelOptions("contrastive", {}), (8, 8)), ContrastiveEncoder)
    first, again, other = (quantum(seed, circuit={"even": False}).circuit.weights for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("name", "options"), [("quantum", {"latent": 2, "contrast": 1e3}), ("contrastive", {})])
def test_a_run_keeps_what_was_calibrated(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    configuration = changed(Configuration(), {
        "threads": 1, "device": "cpu", "training.epochs": 2, "training.batch_size": 40, "preprocessing.size": 8,
        "preprocessing.scaling": "sum", "model.name": name, "model.options": {"patch": 4, "uploads": 2} | options})
    quark, gluon = make_jets(120, 0, True), make_jets(10, 1, False)
    train_on(configuration, quark[:80], quark[80:], out=tmp_path / "run", quiet=True)
    found, again = (load_detector(tmp_path / "run").scores(gluon) for _ in range(2))
    for key, values in found.items():
        np.testing.assert_array_equal(values, again[key])
        assert np.isfinite(values).all()
        assert np.ptp(values) > 0


def test_a_collapsed_run_is_refused(tmp_path: Path) -> None:
    configuration = changed(Configuration(), {
        "threads": 1, "device": "cpu", "training.epochs": 1, "training.batch_size": 40, "preprocessing.size": 8,
        "model.name": "quantum",
        "model.options": {"patch": 4, "latent": 2, "circuit": {"spread": 0.0}, "loss": "infidelity"}})
    quark = make_jets(80, 0, True)
    with pytest.raises(CollapseError, match="collapsed"):
        train_on(configuration, quark[:40], quark[40:], out=tmp_path / "run", quiet=True)
