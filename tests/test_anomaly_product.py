"""Models whose features are taken for independent: the score is the sum of what each feature's density says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from anomaly.configuration import ModelOptions
from anomaly.density import Density
from anomaly.models.product import COMPONENTS, Product
from anomaly.models.registry import build
from anomaly.scoring import RocCurve
from qgan.base.errors import ConfigError, QganError

MODELS = [{"name": "filter", "options": {"contrast": 100}}, {"name": "overlap", "options": {"layers": 2}}]


def jets(n: int, lit: float = 0.4, seed: int = 0) -> Tensor:
    rng = np.random.default_rng(seed)
    pixels = (rng.random((n, 6, 6)) < lit) * rng.uniform(0.1, 1, (n, 6, 6)) + 1e-6
    return torch.tensor(pixels / pixels.sum((1, 2), keepdims=True)).float()


def product() -> Product:
    model = build(ModelOptions("product", {"models": MODELS}), (6, 6))
    assert isinstance(model, Product)
    return model


@torch.no_grad()
def test_the_score_is_the_sum_of_what_the_densities_say() -> None:
    model, x, others = product(), jets(2000), jets(50, seed=1)
    model.calibrate(x)
    features, new = (model.features(images).double().numpy() for images in (x, others))
    assert features.shape == (2000, 2)
    expected = sum(Density.fit(features[:, k:k + 1], COMPONENTS).score(new[:, k:k + 1]) for k in range(2))
    np.testing.assert_allclose(model.score(others).numpy(), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_it_finds_too_little_and_too_much() -> None:
    model = product()
    model.calibrate(jets(2000))
    usual, less, more = (model.score(jets(1000, lit, 1)).numpy() for lit in (0.4, 0.15, 0.8))
    assert min(RocCurve.of(usual, unusual).auc() for unusual in (less, more)) > 0.9


def test_the_loss_is_the_sum_and_trains_all() -> None:
    model, x = product(), jets(64)
    model.begin(x)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        total = model.loss(x)
        torch.manual_seed(0)
        parts = [part.loss(x) for part in model.parts]  # type: ignore[operator]
    torch.testing.assert_close(total, parts[0] + parts[1])
    total.backward()
    assert all(weights.grad is not None for weights in model.parameters())
    assert model.n_parameters == 36 + 12


@torch.no_grad()
def test_a_feature_that_does_not_vary_says_nothing() -> None:
    model, x = product(), jets(500)
    torch.nn.init.zeros_(model.parts[0].weights)  # type: ignore[arg-type]
    model.calibrate(x)
    assert torch.isfinite(model.score(x)).all()


@pytest.mark.parametrize(("options", "message"), [
    ({}, "models: none"), ({"models": [{"name": "fitler"}]}, r"models\[0\]\.name.*did you mean"),
    ({"models": [{"name": "overlap", "options": {"layer": 1}}]}, r"models\[0\]\.options\.layer")])
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(ModelOptions("product", options), (6, 6))


def test_each_asks_for_what_it_needs() -> None:
    with pytest.raises(QganError, match="expected 'sum'"):
        product().begin(jets(4) * 2)
