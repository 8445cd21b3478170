"""The density of observables: what they are, their coordinates, and that the density is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from test_anomaly_cli import make_jets
from test_anomaly_training import small
from torch import Tensor

from anomaly.configuration import ModelOptions
from anomaly.experiment import fitted
from anomaly.models.observable_density import ObservableDensity
from anomaly.models.observed import NAMES, Observed
from anomaly.models.registry import build
from anomaly.preprocess import prepare
from qgan.base.errors import ConfigError, QganError
from qgan.data.grid import Grid
from qgan.observables import arrays


def density(**options: Any) -> ObservableDensity:
    model = build(ModelOptions("observables", options), (12, 12), seed=1)
    assert isinstance(model, ObservableDensity)
    return model


@pytest.fixture(scope="module")
def shares() -> Tensor:
    return torch.from_numpy(prepare(make_jets(300, 0, True), 12, "sum"))


def test_observables_are_those_of_their_definitions(shares: Tensor) -> None:
    """By the package's own where it has them, and pair by pair, in double precision."""
    found = dict(zip(NAMES, Observed((12, 12)).double().values(shares.double()).T.numpy(), strict=True))
    images, grid = shares.double().numpy(), Grid.square(12, 1.0)
    for name in ("ptd", "width"):
        np.testing.assert_allclose(found[name], getattr(arrays, name)(images, grid), rtol=1e-6)
    lit, sure = (images > 2e-4).sum((1, 2)), ((images > 4e-4) | (images < 1e-4)).all((1, 2))
    assert sure.sum() > 100
    assert np.abs(found["count"] - lit)[sure].max() < 0.5
    for image, mass, prongs, core in zip(images[:5], found["mass"], found["prongs"], found["core"], strict=False):
        rows, columns = np.nonzero(image)
        s, places = image[rows, columns], np.stack([rows, columns], 1) / 6
        d = np.linalg.norm(places[:, None] - places, axis=2)
        e2, e3 = (s[:, None] * s * d).sum() / 2, np.einsum("i,j,k,ij,jk,ki", s, s, s, d, d, d) / 6
        assert mass == pytest.approx(np.sqrt((s[:, None] * s * d**2).sum() / 2), rel=1e-6)
        assert prongs == pytest.approx(np.log(e3 + 1e-6) - 3 * np.log(e2 + 1e-6), rel=1e-3)
        assert core == pytest.approx(s[d[s.argmax()] < 0.25].sum())


def test_coordinates_are_normal_whatever_the_function(shares: Tensor) -> None:
    model = Observed((12, 12), ["entropy", "ptd"])
    model.begin(shares)
    values = model.values(shares)
    z = model.normal(values)
    assert z.mean(0).abs().max() < 0.02
    assert (z.std(0) - 1).abs().max() < 0.05
    assert (z.argsort(0) == values.argsort(0)).float().mean() > 0.98
    beyond = model.normal(values.amax(0) + torch.tensor([[0.0], [1.0], [2.0]]) * (values.amax(0) - values.amin(0)))
    np.testing.assert_allclose(beyond.diff(dim=0), 5, rtol=1e-4)


def test_linear_coordinates_are_the_numbers_themselves(shares: Tensor) -> None:
    model = Observed((12, 12), ["count", "ptd"], "linear")
    model.begin(shares)
    z, values = model(shares), model.values(shares)
    np.testing.assert_allclose(z, (values - values.mean(0)) / values.std(0), atol=1e-5)


@pytest.mark.parametrize("given", [0, 1])
def test_the_density_has_an_integral_of_one(given: int) -> None:
    model = density(names=["count", "ptd"], given=given)
    side = torch.linspace(-40, 40, 3201)
    if given:
        z = torch.stack([torch.full_like(side, 0.7), side], 1)
        integral = model.log_density(z).exp().sum() * (side[1] - side[0])
    else:
        coarse = side[::4]
        z = torch.cartesian_prod(coarse, coarse)
        integral = model.log_density(z).exp().sum() * (coarse[1] - coarse[0]) ** 2
    assert integral.item() == pytest.approx(1, abs=1e-3)


def test_it_learns_what_is_usual() -> None:
    jets = make_jets(600, 0, True)
    configuration = small({"model.name": "observables", "model.options": {}, "preprocessing.scaling": "sum",
                           "training.epochs": 10, "training.rate": 1e-2})
    detector, loss = fitted(configuration, jets, make_jets(200, 5, True))
    usual, unusual = (detector.scores(make_jets(200, 3, quark))["model"] for quark in (True, False))
    assert np.mean(unusual) > np.mean(usual) + 3
    # Of as many independent normal numbers it would be this; they are anything but independent.
    assert loss < 0.5 * len(NAMES) * (1 + np.log(2 * np.pi))


@pytest.mark.parametrize(("options", "said"), [
    ({"names": ["mass", "spin"]}, "observables: 'spin', expected some of count"),
    ({"coordinates": "polar"}, "coordinates: 'polar', expected one of normal, linear"),
    ({"names": ["mass"], "given": 1}, "given: 1 of 1 names, expected fewer"),
    ({"components": 0}, "at least 1"),
])
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        density(**options)


def test_other_pixels_than_shares_are_refused(shares: Tensor) -> None:
    with pytest.raises(QganError, match="expected 'sum'"):
        density().begin(2 * shares)
