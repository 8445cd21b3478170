"""A map of pixels after which generated jets have as many of each size as real ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qgan.data import embedded_jets
from qgan.data.frames import left_heavy
from qgan.evaluation.used import known_observables
from qgan.models.spectrum import SpectrumMap, spectrum_knots
from qgan.observables.arrays import observables
from qgan.sampling.calibration import KNOWN, calibrated, mapped
from qgan.sampling.pretrained import load_model
from qgan.sampling.source import JetSource


def images(n: int, softer: float, seed: int) -> np.ndarray:
    """Log-normal pixels, a fifth of them lit."""
    rng = np.random.default_rng(seed)
    pixels = np.exp(rng.normal(0, 1, (n, 8, 8)))
    return np.where(rng.random(pixels.shape) < 0.2, pixels**softer, 0)


def counts(found: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.array([(found > edge).sum() / len(found) for edge in edges])


def test_mapped_pixels_are_as_many_of_each_size() -> None:
    real, made = images(4000, 1.0, 0), images(2000, 1.6, 1)
    knots = spectrum_knots(made, real)
    mapped = SpectrumMap(knots)(torch.from_numpy(images(4000, 1.6, 2))).numpy()
    edges = np.array([0.2, 0.5, 1.0, 2.0, 5.0])
    np.testing.assert_allclose(counts(mapped, edges), counts(real, edges), rtol=0.04)
    assert np.abs(counts(images(4000, 1.6, 2), edges) / counts(real, edges) - 1).max() > 0.3


def test_what_are_too_many_are_put_out() -> None:
    real = images(4000, 1.0, 0)
    made = images(4000, 1.0, 1)
    made = np.where(made > 0, made, np.where(np.random.default_rng(3).random(made.shape) < 0.1, 1e-3, 0))
    mapped = SpectrumMap(spectrum_knots(made, real))(torch.from_numpy(made)).numpy()
    assert (made > 0).sum() > 1.3 * (real > 0).sum()
    assert (mapped > 0).sum() == pytest.approx((real > 0).sum(), rel=0.02)
    assert mapped[mapped > 0].min() >= 0.9 * real[real > 0].min()


def test_a_map_is_monotone_and_has_a_gradient() -> None:
    # Its softest knot is at 0.5, where half of the made pixels lie below.
    transform = SpectrumMap([[0.5, 1.0, 2.0], [0.2, 1.0, 4.0]])
    x = torch.tensor([0.0, 0.4, 0.5, 0.75, 1.0, 1.5, 3.0], requires_grad=True)
    y = transform(x)
    torch.testing.assert_close(y, torch.tensor([0.0, 0.0, 0.2, 0.6, 1.0, 2.5, 7.0]))
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([0.0, 0.0, 1.6, 1.6, 1.6, 3.0, 3.0]))


@pytest.fixture(scope="module")
def plain() -> JetSource:
    return mapped(load_model("w_qcd"), None)


@pytest.fixture(scope="module")
def model(plain: JetSource) -> JetSource:
    return calibrated(plain, embedded_jets("w_qcd", "validation"))


def test_a_calibrated_generator_has_the_spectrum_of_real_jets(model: JetSource, plain: JetSource) -> None:
    real, edges = embedded_jets("w_qcd", "validation"), np.array([0.1, 0.3, 1.0, 3.0, 30.0])
    wanted = counts(real.images, edges)
    before, after = (np.concatenate([source.sample(1000, 5, label).images for label in (0, 1)])
                     for source in (plain, model))
    np.testing.assert_allclose(counts(after, edges), wanted, rtol=0.04)
    assert np.abs(np.log(counts(after, edges) / wanted)).mean() < np.abs(np.log(counts(before, edges) / wanted)).mean()


def test_it_obeys_its_laws_and_is_told_from_what_it_was(model: JetSource, plain: JetSource) -> None:
    before, jets = (source.sample(200, 3, "w") for source in (plain, model))
    np.testing.assert_allclose(jets.images.sum((1, 2)), before.images.sum((1, 2)), rtol=1e-5)
    mass, asked = (observables(found.images, found.grid, ["mass"])["mass"] for found in (jets, before))
    # Of images that cannot have the mass asked for, the nearest is another one.
    assert np.mean(np.abs(mass / asked - 1) < 5e-3) > 0.75
    assert not left_heavy(jets.images).any()
    assert model.blueprint.spectrum is not None
    assert KNOWN in model.origin["uses"]
    again = type(model.blueprint).from_dict(model.blueprint.to_dict())
    assert again.spectrum == model.blueprint.spectrum
    assert "spectrum" not in plain.blueprint.to_dict()


def test_what_it_was_set_right_in_is_used() -> None:
    known = known_observables([KNOWN])
    assert {"quantile_10", "log_mean", "above_1"} <= known
    assert "centroid_r" not in known


def test_a_map_is_no_map_of_a_map(model: JetSource) -> None:
    twice = calibrated(model, embedded_jets("w_qcd", "validation"))
    assert twice.blueprint.spectrum == model.blueprint.spectrum
