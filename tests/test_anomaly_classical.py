"""The classical autoencoders: sizes by budget, shapes, errors against their definition, collapse."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from anomaly.configuration import ModelOptions
from anomaly.models.classical import ClassicalAutoencoder
from anomaly.models.interface import Autoencoder
from anomaly.models.registry import build
from qgan.base.errors import ConfigError, QganError


def make(name: str, size: int = 12, **options: object) -> Autoencoder:
    return build(ModelOptions(name, dict(options)), (size, size))


@pytest.mark.parametrize(("name", "size", "latent", "budget", "least"), [
    ("conv", 12, 8, 3000, 2400), ("conv", 30, 16, 35000, 32000), ("conv", 40, 28, 900_000, 860_000),
    ("mlp", 12, 8, 3000, 2700), ("mlp", 40, 20, 1_000_000, 990_000)])
def test_a_budget_is_used_and_never_passed(name: str, size: int, latent: int, budget: int, least: int) -> None:
    model = make(name, size, latent=latent, budget=budget)
    assert least <= model.n_parameters <= budget
    x = torch.rand(3, size, size)
    made = model.reconstruct(x)
    assert made is not None
    assert made.shape == x.shape
    assert isinstance(model, ClassicalAutoencoder)
    assert model.encoder(x).shape == (3, latent)


def test_the_published_mlp_has_1_9_million() -> None:
    assert make("mlp", 40, latent=20, hidden=[512, 256]).n_parameters == pytest.approx(1.9e6, rel=0.01)


@pytest.mark.parametrize("size", [5, 7, 12, 25, 33])
def test_any_size_comes_back(size: int) -> None:
    for name in ("conv", "mlp"):
        made = make(name, size).reconstruct(torch.rand(2, size, size))
        assert made is not None
        assert made.shape == (2, size, size)


@pytest.mark.parametrize("name", ["conv", "mlp"])
def test_scores_are_the_errors(name: str) -> None:
    x = torch.rand(4, 12, 12)
    squared, crossed = make(name, loss="mse"), make(name, loss="bce")
    for model in (squared, crossed):
        assert model.loss(x).item() > 0
    made = squared.reconstruct(x)
    assert made is not None
    torch.testing.assert_close(squared.score(x), ((made - x) ** 2).sum((1, 2)))
    made = crossed.reconstruct(x)
    assert made is not None
    expected = (functional.binary_cross_entropy(made, x, reduction="none").sum((1, 2))
                - functional.binary_cross_entropy(x, x, reduction="none").sum((1, 2)))
    torch.testing.assert_close(crossed.score(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["conv", "mlp"])
def test_a_gain_is_taken_off_again(name: str) -> None:
    """The network of images g x, whose reconstructions come back as those of x."""
    x = torch.rand(4, 12, 12)
    plain, amplified = make(name), make(name, gain=40.0)
    made, whole = amplified.reconstruct(x), plain.reconstruct(40 * x)
    assert made is not None
    assert whole is not None
    torch.testing.assert_close(40 * made, whole)
    torch.testing.assert_close(amplified.score(x), plain.score(40 * x))
    torch.testing.assert_close(amplified.loss(x), plain.loss(40 * x))
    torch.testing.assert_close(amplified.score(x), 1600 * ((made - x) ** 2).sum((1, 2)), rtol=1e-4, atol=1e-3)
    for wrong in ({"gain": 0.0}, {"gain": 2.0, "loss": "bce"}):
        with pytest.raises(ConfigError, match=r"gain: .*, expected above 0, and 1 for the loss 'bce'"):
            make(name, **wrong)


def test_bce_of_a_perfect_image_is_no_anomaly() -> None:
    """Whatever lies between 0 and 1 in an image: a perfect reconstruction has the score 0."""
    model = make("mlp", 5, loss="bce")
    x = torch.rand(2, 5, 5)
    assert isinstance(model, ClassicalAutoencoder)
    torch.testing.assert_close(model._score(x, torch.logit(x)), torch.zeros(2), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["conv", "mlp"])
def test_the_score_of_a_jet_is_its_own(name: str) -> None:
    model, x = make(name), torch.rand(6, 12, 12)
    torch.testing.assert_close(model.score(x)[2:4], model.score(x[2:4]))
    torch.testing.assert_close(model.features(x)[2:4], model.score(x[2:4]).log()[:, None])


def test_weights_come_from_the_seed_and_leave_torch_alone() -> None:
    options = ModelOptions("conv", {})
    torch.manual_seed(5)
    one, drawn = build(options, (12, 12), 1), torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    assert torch.equal(one.score(torch.ones(1, 12, 12)), build(options, (12, 12), 1).score(torch.ones(1, 12, 12)))
    assert not torch.equal(one.score(torch.ones(1, 12, 12)), build(options, (12, 12), 2).score(torch.ones(1, 12, 12)))


def test_a_collapsed_model_is_refused() -> None:
    model, x = make("conv"), torch.rand(20, 12, 12)
    model.check(x)
    assert isinstance(model, ClassicalAutoencoder)
    torch.nn.init.zeros_(model.encoder[-1].weight)  # type: ignore[index]
    with pytest.raises(QganError, match="has collapsed"):
        model.check(x)


@pytest.mark.parametrize(("name", "options", "complaint"), [
    ("nothing", {}, r"model\.name: there is no anomaly model nothing.* Known: .*conv"),
    ("conv", {"latents": 3}, r"model\.options\.latents: unknown, expected one of latent, .*did you mean latent\?"),
    ("conv", {"latent": 0}, "latent and channels are 0 and 8"),
    ("conv", {"loss": "l1"}, "loss is 'l1', expected 'mse' or 'bce'"),
    ("conv", {"budget": 10}, "budget: 10 parameters, a convolutional autoencoder needs at least"),
    ("mlp", {"hidden": [], "latent": 4, "budget": 1000}, "an MLP without hidden layers has 1300"),
])
def test_impossible_options_are_named(name: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        make(name, **options)
