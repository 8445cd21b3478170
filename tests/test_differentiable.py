"""The torch observables equal the NumPy ones and have the right, finite gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qgan import differentiable, observables
from qgan.data.grid import Grid

GRID = Grid.square(6, 0.6)
SHARED = [n for n in differentiable.NAMES if n != "soft_nnz"]


def sparse_images(n: int = 30, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.exponential(20.0, (n, *GRID.shape)) * (rng.random((n, *GRID.shape)) < 0.4)).astype(np.float32)


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-7), (torch.float32, 3e-4)])
def test_equal_to_numpy(name: str, dtype: torch.dtype, rtol: float) -> None:
    images = sparse_images()
    expected = observables.observables(images, GRID, names=[name])[name]
    value = differentiable.observables(torch.tensor(images, dtype=dtype), GRID, [name])[name]
    assert value.dtype == dtype
    np.testing.assert_allclose(value.numpy(), expected, rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("name", differentiable.NAMES)
def test_gradient_is_right(name: str) -> None:
    images = torch.tensor(sparse_images(3) + 0.5, dtype=torch.float64, requires_grad=True)
    # A step of 1e-6 of a pixel must not be lost in a soft count that saturates far above its threshold.
    scaled = images / 100 if name == "soft_nnz" else images
    inputs = scaled.detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: differentiable.observables(x, GRID, [name])[name], (inputs,))


@pytest.mark.parametrize("name", differentiable.NAMES)
def test_gradient_is_finite_where_roots_vanish(name: str) -> None:
    images = torch.zeros(3, *GRID.shape)
    images[1, 2, 3] = 100.0
    images[2] = 1.0
    images.requires_grad_()
    value = differentiable.observables(images, GRID, [name])[name]
    value.sum().backward()
    assert torch.isfinite(value).all() and torch.isfinite(images.grad).all()


def test_mass_keeps_its_digits_in_float32() -> None:
    narrow = Grid.square(25, 0.02)
    images = np.random.default_rng(0).exponential(1.0, (20, 25, 25)).astype(np.float32)
    expected = observables.mass(images, narrow)
    np.testing.assert_allclose(differentiable.mass(torch.tensor(images), narrow).numpy(), expected, rtol=1e-4)


def test_soft_count() -> None:
    images = torch.zeros(2, 25, 25)
    images[1, :3, 0] = 30.0
    assert differentiable.soft_nnz(images).tolist() == pytest.approx([0, 3], abs=1e-5)
    hard = observables.nnz(sparse_images(), GRID)
    soft = differentiable.soft_nnz(torch.tensor(sparse_images()), temperature=1e-3).numpy()
    assert np.abs(soft - hard).max() < 1.0


def test_usable_in_training_after_inference() -> None:
    grid = Grid.square(5, 0.123)
    with torch.inference_mode():
        differentiable.mass(torch.ones(1, 5, 5), grid)
        differentiable.width(torch.ones(1, 5, 5), grid)
    images = torch.ones(1, 5, 5, requires_grad=True)
    (differentiable.mass(images, grid) + differentiable.width(images, grid)).sum().backward()
    assert torch.isfinite(images.grad).all()


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="nnz"):
        differentiable.observables(torch.zeros(1, 6, 6), GRID, ["nnz"])
