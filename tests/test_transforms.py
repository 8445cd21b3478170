"""Transforms undo themselves, in NumPy and in torch, and their constants survive a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from qgan.base.errors import ConditionError
from qgan.base.seeding import numpy_rng
from qgan.models.transforms import ConditionTransform, PixelTransform

NAMES = ("label", "eta", "pt", "mass")


def some_conditions(n: int = 500) -> np.ndarray:
    rng = numpy_rng(0, "conditions")
    return np.stack([np.arange(n) % 2, rng.uniform(-2, 2, n), rng.uniform(250, 300, n), rng.uniform(60, 100, n)], 1)


def some_images(n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = numpy_rng(0, "images")
    images = rng.exponential(10, (n, 5, 5)) * (rng.random((n, 5, 5)) < 0.3)
    return images, images.sum((1, 2)) + 0.1


@pytest.mark.parametrize("power", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_pixels_come_back(power: float, kind: Callable[[np.ndarray], Any]) -> None:
    images, pt = (kind(a) for a in some_images())
    transform = PixelTransform(power)
    x = transform.to_network(images, pt)
    assert type(x) is type(images)
    assert 0 <= float(x.min()) <= float(x.max()) <= 1
    np.testing.assert_allclose(transform.to_gev(x, pt), images, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(np.asarray(x == 0), np.asarray(images == 0))


def test_the_largest_pixel_alone_is_one_and_four_decades_become_two() -> None:
    image = np.zeros((1, 2, 2))
    image[0, 0, 0] = 300.0
    assert PixelTransform().to_network(image, np.array([300.0]))[0, 0, 0] == 1.0
    image[0, 1, 1] = 0.03
    assert PixelTransform().to_network(image, np.array([300.0]))[0, 1, 1] == pytest.approx(1e-2)


def test_negative_network_values_are_empty_pixels() -> None:
    x = np.array([[[-0.5, 0.5]]])
    np.testing.assert_allclose(PixelTransform().to_gev(x, np.array([100.0])), [[[0.0, 25.0]]])
    with pytest.raises(ValueError, match="power must be positive"):
        PixelTransform(0.0)


def test_pixels_have_gradients_in_torch() -> None:
    x = torch.rand(3, 2, 2, dtype=torch.float64, requires_grad=True)
    pt = torch.rand(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(PixelTransform().to_gev, (x, pt))


def test_conditions_are_standardised_and_the_class_is_plus_or_minus_one() -> None:
    values = some_conditions()
    x = ConditionTransform.fit(values, NAMES).forward(values)
    column = NAMES.index("eta")
    others = np.delete(x[:, 1:], column - 1, axis=1)
    np.testing.assert_allclose(others.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(others.std(0), 1, rtol=1e-12)
    np.testing.assert_allclose(np.square(x[:, column]).mean(), 1, rtol=1e-12)
    mirrored = np.where(np.array(NAMES) == "eta", -values, values)
    np.testing.assert_array_equal(ConditionTransform.fit(values, NAMES).forward(mirrored)[:, column], -x[:, column])
    np.testing.assert_array_equal(x[:, 0], 2 * values[:, 0] - 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conditions_come_back_in_the_type_that_went_in(dtype: type[np.floating]) -> None:
    values = some_conditions().astype(dtype)
    transform = ConditionTransform.fit(values, NAMES)
    kinds: tuple[Callable[[np.ndarray], Any], ...] = (np.asarray, torch.as_tensor)
    for kind in kinds:
        x = transform.forward(kind(values))
        back = transform.inverse(x)
        assert back.dtype == kind(values).dtype
        np.testing.assert_allclose(back, values, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6)
        np.testing.assert_allclose(x, transform.forward(values), atol=1e-5)


def test_the_constants_come_from_the_training_jets_alone() -> None:
    transform = ConditionTransform.fit(some_conditions(), NAMES)
    shifted = some_conditions() + np.array([0, 0, 100.0, 0])
    assert transform.forward(shifted)[:, 2].mean() == pytest.approx(100 / some_conditions()[:, 2].std())


def test_one_class_is_still_plus_one() -> None:
    values = some_conditions()
    values[:, 0] = 1
    assert (ConditionTransform.fit(values, NAMES).forward(values)[:, 0] == 1).all()


def test_constant_and_undefined_conditions_are_refused_by_name() -> None:
    values = some_conditions()
    values[:, 2] = 270.0
    with pytest.raises(ConditionError, match="condition pt: the same in all jets"):
        ConditionTransform.fit(values, NAMES)
    values[3, 2] = np.nan
    with pytest.raises(ConditionError, match="condition pt: holds NaN"):
        ConditionTransform.fit(values, NAMES)
    with pytest.raises(ValueError, match="3 columns, expected 4: label, eta, pt, mass"):
        ConditionTransform.fit(some_conditions(), NAMES).forward(np.zeros((2, 3)))


def test_a_checkpoint_restores_both(tmp_path: Path) -> None:
    pixels, conditions = PixelTransform(0.37), ConditionTransform.fit(some_conditions(), NAMES)
    torch.save({"pixels": pixels.state_dict(), "conditions": conditions.state_dict()}, tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert PixelTransform.from_state_dict(state["pixels"]) == pixels
    assert ConditionTransform.from_state_dict(state["conditions"]) == conditions
