"""The torch observables equal the NumPy ones and have the right, finite gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from qgan.data.grid import Grid
from qgan.observables import arrays as observables
from qgan.observables import tensors as differentiable
from qgan.observables.registry import OBSERVABLES

GRID = Grid.square(6, 0.6)
NAMES = [name for name, observable in OBSERVABLES.items() if observable.tensors is not None]
SHARED = [name for name in NAMES if OBSERVABLES[name].arrays is not None]


def sparse_images(n: int = 30, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.exponential(20.0, (n, *GRID.shape)) * (rng.random((n, *GRID.shape)) < 0.4)).astype(np.float32)


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-7), (torch.float32, 3e-4)])
def test_equal_to_numpy(name: str, dtype: torch.dtype, rtol: float) -> None:
    images = sparse_images()
    expected = observables.observables(images, GRID, names=[name])[name]
    value = differentiable.statistics(torch.tensor(images, dtype=dtype), GRID, [name])[name]
    assert value.dtype == dtype
    np.testing.assert_allclose(value.numpy(), expected, rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if "tau" not in name])  # its axes are held: a test below
def test_gradient_is_right(name: str) -> None:
    images = torch.tensor(sparse_images(3) + 0.5, dtype=torch.float64, requires_grad=True)
    # A step of 1e-6 of a pixel must not be lost in a soft count that saturates far above its threshold.
    scaled = images / 100 if name == "soft_nnz" else images
    inputs = scaled.detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: differentiable.statistics(x, GRID, [name])[name], (inputs,))


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_finite_where_roots_vanish(name: str) -> None:
    images = torch.zeros(3, *GRID.shape)
    images[1, 2, 3] = 100.0
    images[2] = 1.0
    images.requires_grad_()
    value = differentiable.statistics(images, GRID, [name])[name]
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert images.grad is not None
    assert torch.isfinite(images.grad).all()


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
    assert images.grad is not None
    assert torch.isfinite(images.grad).all()


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="nnz"):
        differentiable.statistics(torch.zeros(1, 6, 6), GRID, ["nnz"])


@pytest.mark.parametrize("size", [3, 5])
def test_clumps(size: int) -> None:
    """Against SciPy's running mean, and two cases by hand."""
    images = torch.rand(6, 11, 11, dtype=torch.float64) ** 8
    sums = ndimage.uniform_filter(images.numpy(), (0, size, size), mode="constant") * size**2
    expected = np.sqrt((sums**2).sum((1, 2))) / (size * images.numpy().sum((1, 2)))
    np.testing.assert_allclose(differentiable.clumps(images, None, size), expected, rtol=1e-12)
    alone, apart, together = torch.zeros(3, 21, 21, dtype=torch.float64)
    alone[10, 10] = apart[5, 5] = apart[15, 15] = together[10, 10] = together[10, 11] = 3.0
    values = differentiable.clumps(torch.stack((alone, apart, together)), None, size).numpy()
    # Neighbours share size (size − 1) of their size² places, each counted with the square of the sum.
    np.testing.assert_allclose(values, [1, 0.5**0.5, np.sqrt(2 * size + 4 * size * (size - 1)) / (2 * size)])
    assert not differentiable.clumps(torch.zeros(1, 9, 9), None, size).isnan().any()
    assert torch.autograd.gradcheck(lambda x: differentiable.clumps(x, None, size), images.requires_grad_())


def test_statistics_by_name() -> None:
    grid = Grid.square(11, 0.5)
    images = torch.rand(4, 11, 11)
    found = differentiable.statistics(images, grid, ["image_mass", "count_0.5", "clumps_3", "shares", "ptd"])
    assert list(found) == ["image_mass", "count_0.5", "clumps_3", "shares", "ptd"]
    torch.testing.assert_close(found["image_mass"], differentiable.statistics(images, grid, ["mass"])["mass"])
    torch.testing.assert_close(found["count_0.5"], (images**4 / (images**4 + 0.5**4)).sum((1, 2)))
    torch.testing.assert_close(found["shares"].sum(1), torch.ones(4))


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(ValueError, match="no statistic image_tau_99"):
        differentiable.statistics(torch.zeros(1, 6, 6), GRID, ["ptd", "image_tau_99"])


def test_subjettiness_is_that_of_the_files_and_has_a_gradient() -> None:
    """Equal to NumPy's but where two pixels lie equally far from a third: then the order of merging decides."""
    grid = Grid(9, 9, (-0.5, 0.53), (-0.41, 0.4))
    images = torch.tensor(np.random.default_rng(1).exponential(10.0, (40, 9, 9)), dtype=torch.float64)
    images *= torch.rand(images.shape) < 0.3
    images[0] = 0
    images[1, :, :], images[1, 2, 3] = 0, 5.0
    found = differentiable.subjettiness(images, grid)
    expected = observables.observables(images.numpy(), grid, names=["tau_1", "tau_21", "tau_32"])
    for name, values in expected.items():
        apart = np.abs(found[name].numpy() - values)
        assert (apart > 1e-9).mean() <= (0 if name == "tau_1" else 0.15)
        assert apart.max() < 0.2
    assert all((values[:2] == 0).all() for values in found.values())
    images.requires_grad_()
    for name in ("tau_1", "tau_21", "tau_32"):
        (gradient,) = torch.autograd.grad(differentiable.subjettiness(images, grid)[name].sum(), images)
        assert gradient.isfinite().all()
        assert gradient[2:].abs().max() > 0
    # With the axes held, τ_N is Σ z d: its gradient in p is (d − τ R0) / (R0 Σ p), orthogonal to p.
    (gradient,) = torch.autograd.grad(differentiable.subjettiness(images, grid)["tau_2"].sum(), images)
    np.testing.assert_allclose((gradient * images).sum((1, 2)).detach(), 0, atol=1e-12)
