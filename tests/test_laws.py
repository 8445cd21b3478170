"""Images that are given the mass and the centroid asked for, and the side of their harder half."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor, nn

from qgan.data import Grid, embedded_jets
from qgan.data.frames import parity_flip
from qgan.models import JetGenerator
from qgan.models.laws import ExactMoments, harder_half_right
from qgan.models.symmetry import EtaFlip, symmetrise
from qgan.models.transforms import ConditionTransform, PixelTransform
from qgan.observables.arrays import observables

GRID = Grid.square(25, 0.4)


def mass_over_pt(images: Tensor, grid: Grid) -> Tensor:
    mass = observables(images.double().numpy(), grid, names=["mass"])["mass"]
    return torch.from_numpy(np.asarray(mass)) / images.sum((1, 2))


def centroid(images: Tensor, grid: Grid) -> Tensor:
    eta, phi = (torch.tensor(np.asarray(axis), dtype=images.dtype) for axis in (grid.eta, grid.phi))
    return torch.stack((images.sum(2) @ eta, images.sum(1) @ phi), 1) / images.sum((1, 2))[:, None]


def shares(pair: str, label: int, n: int = 300) -> tuple[Tensor, Grid]:
    jets = embedded_jets(pair, "validation").only(label)[:n]
    images = torch.from_numpy(np.asarray(jets.images))
    return images / images.sum((1, 2), keepdim=True), jets.grid


@pytest.mark.parametrize(("pair", "label", "spread", "reached"), [
    ("quark_gluon", 0, 0.1, 0.95), ("quark_gluon", 1, 0.1, 0.9), ("w_qcd", 0, 0.05, 0.8), ("w_qcd", 1, 0.03, 0.6)])
@pytest.mark.parametrize("power", [0.5, 1.0])
def test_masses_are_those_asked_for(pair: str, label: int, spread: float, reached: float, power: float) -> None:
    images, grid = shares(pair, label)
    asked = mass_over_pt(images, grid) * torch.exp(spread * torch.randn(len(images), dtype=torch.float64))
    made = ExactMoments(grid)(images.pow(power), asked.float(), power=power).pow(1 / power)
    torch.testing.assert_close(made.sum((1, 2)), torch.ones(len(made)), atol=2e-6, rtol=0)
    assert ((made > 0) == (images > 0)).all(), "a pixel was lit or put out"
    # A jet of two prongs that keeps its centroid keeps most of its mass too.
    moved = (centroid(made, grid) - centroid(images, grid)).norm(dim=1)
    exact = ((mass_over_pt(made, grid) / asked - 1).abs() < 1e-3) & (moved < 1e-3 * grid.half_width)
    assert exact.double().mean() > reached


def test_a_right_mass_changes_nothing() -> None:
    images, grid = shares("quark_gluon", 1)
    made = ExactMoments(grid)(images, mass_over_pt(images, grid).float(), centroid(images, grid))
    torch.testing.assert_close(made, images, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("pair", "label", "reached"), [("quark_gluon", 0, 0.9), ("w_qcd", 0, 0.9)])
def test_mass_and_centroid_are_those_asked_for(pair: str, label: int, reached: float) -> None:
    """Of real jets, shaken as a generator that knows neither would shake them."""
    images, grid = shares(pair, label)
    asked, where = mass_over_pt(images, grid), centroid(images, grid)
    generator = torch.Generator().manual_seed(2)
    shaken = images * torch.exp(0.3 * torch.randn(images.shape, generator=generator))
    shaken = shaken / shaken.sum((1, 2), keepdim=True)
    made = ExactMoments(grid)(shaken, asked.float(), where)
    missed = (centroid(made, grid) - where).norm(dim=1)
    right = ((mass_over_pt(made, grid) / asked - 1).abs() < 1e-3) & (missed < 1e-3 * grid.half_width)
    assert right.double().mean() > reached
    # The others come nearer than they were.
    assert (missed <= (centroid(shaken, grid) - where).norm(dim=1) + 0.01 * grid.half_width).all()


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_the_harder_half_is_on_the_right(power: float) -> None:
    images, _ = shares("w_qcd", 1)
    mixed = torch.where((torch.arange(len(images)) % 2 == 0)[:, None, None], images, images.flip(2))
    assert torch.equal(harder_half_right(mixed.pow(power), power), images.pow(power))
    assert np.array_equal(parity_flip(mixed.numpy()), images.numpy()), "the frame's own definition"


@pytest.mark.parametrize("grain", [0.0, 0.003])
def test_an_image_does_not_depend_on_those_beside_it(grain: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some are soon where they should be and some never: each is moved until it is, whatever the others take."""
    images, grid = shares("quark_gluon", 0, 60)
    law, mass = ExactMoments(grid, grain), mass_over_pt(images, grid).float() * torch.linspace(0.8, 1.4, 60)
    asked = centroid(images, grid) + 0.01 * torch.randn(60, 2, generator=torch.Generator().manual_seed(4))
    made = law(images, mass, asked)
    for some in (slice(0, 1), slice(30, 33), slice(20, 60)):
        assert torch.equal(law(images[some], mass[some], asked[some]), made[some])
    # An exported generator, which cannot leave some alone, makes the same.
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    torch.testing.assert_close(law(images, mass, asked), made, rtol=1e-5, atol=1e-8)


def test_no_image_with_these_means_is_nearer() -> None:
    """Against scipy: the least relative entropy to the image at the same Σ p r², Σ p η and Σ p φ."""
    grid, rng = Grid.square(5, 0.4), np.random.default_rng(3)
    image = torch.tensor(rng.dirichlet(np.ones(25)).reshape(1, 5, 5), dtype=torch.float64)
    where = centroid(image, grid) + torch.tensor([[0.02, -0.03]], dtype=torch.float64)
    made = ExactMoments(grid).double()(image, 0.85 * mass_over_pt(image, grid), where).flatten().numpy()
    eta, phi = (axis.ravel() for axis in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
    start = image.flatten().numpy()
    means = np.stack((eta**2 + phi**2, eta, phi))

    def entropy(p: np.ndarray) -> float:
        return float((p * np.log(p / start)).sum())

    found = minimize(entropy, start, jac=lambda p: np.log(p / start) + 1, method="SLSQP", bounds=[(1e-9, 1)] * 25,
                     constraints=[{"type": "eq", "fun": lambda p: p.sum() - 1},
                                  {"type": "eq", "fun": lambda p: 100 * means @ (p - made)}],
                     options={"ftol": 1e-12, "maxiter": 300})
    assert found.success
    assert entropy(made) > 0.01
    assert entropy(made) == pytest.approx(found.fun, rel=1e-4)
    np.testing.assert_allclose(made, found.x, atol=1e-4)


def test_gradients() -> None:
    grid, generator = Grid.square(7, 0.4), torch.Generator().manual_seed(1)
    images = torch.rand(3, 7, 7, dtype=torch.float64, generator=generator)
    images = torch.where(images < 0.6, 0.0, images)
    images = images / images.square().sum((1, 2), keepdim=True).sqrt()
    asked = 1.05 * mass_over_pt(images.square(), grid)
    where = centroid(images.square(), grid) + 0.01
    exact = ExactMoments(grid).double()
    assert torch.autograd.gradcheck(lambda x, m, c: exact(x, m, c, 0.5), (
        images.requires_grad_(), asked.requires_grad_(), where.requires_grad_()), atol=1e-4)


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_how_much_it_took_is_the_spread_of_the_factors(power: float) -> None:
    images, grid = shares("quark_gluon", 1, 50)
    mass, asked = 1.2 * mass_over_pt(images, grid).float(), torch.tensor([0.02, -0.01]).expand(len(images), 2)
    made, took = ExactMoments(grid).tilted(images.pow(power), mass, asked, power)
    for before, after, found in zip(images, made.pow(1 / power), took, strict=True):
        factors = (after[before > 0].double() / before[before > 0].double()).log()
        assert float(found) == pytest.approx(float(factors.var(correction=0)), rel=2e-3, abs=1e-6)
    _, nothing = ExactMoments(grid).tilted(images, mass_over_pt(images, grid).float(), centroid(images, grid))
    assert float(nothing.max()) < 1e-6


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_soft_pixels_may_keep_their_pt(power: float) -> None:
    images, grid = shares("quark_gluon", 0, 200)
    mass, asked = 1.1 * mass_over_pt(images, grid).float(), centroid(images, grid) + 0.005
    changes = {}
    for grain in (0.0, 0.003):
        made = ExactMoments(grid, grain)(images.pow(power), mass, asked, power).pow(1 / power)
        there = (centroid(made, grid) - asked).norm(dim=1) < 1e-4
        exact = there & ((mass_over_pt(made, grid) / mass - 1).abs() < 3e-3)
        assert exact.float().mean() > 0.8
        assert ((made > 0) == (images > 0)).all()
        soft = (images > 0) & (images < 0.001)
        changes[grain] = float((made[soft] / images[soft]).log().std())
    assert changes[0.003] < 0.3 * changes[0.0]


def test_what_it_took_leads_to_images_that_need_none() -> None:
    images, grid = shares("quark_gluon", 0, 20)
    law, mass = ExactMoments(grid), 1.1 * mass_over_pt(images, grid).float()
    logs = (images + 1e-9).log().requires_grad_()
    optimiser, found = torch.optim.Adam([logs], 0.02), []
    for _ in range(40):
        made = logs.exp() * (images > 0)
        took = law.tilted(made / made.sum((1, 2), keepdim=True), mass)[1].mean()
        optimiser.zero_grad()
        took.backward()
        optimiser.step()
        found.append(took.item())
    assert found[-1] < 0.3 * found[0]


def test_what_cannot_have_the_mass_stays_an_image() -> None:
    one, none, two = torch.zeros(3, 25, 25).unbind()
    one[3, 4] = 1
    two[12, 10] = two[12, 14] = 0.5
    asked = torch.tensor([0.2, 0.2, 0.4, 0.0])
    images = torch.stack((one, none, two, two)).requires_grad_()
    made = ExactMoments(GRID)(images, asked, 0.1 * torch.ones(4, 2), 0.5)
    assert made.isfinite().all()
    assert made.square().sum((1, 2)).tolist() == pytest.approx([1, 0, 1, 1], abs=1e-6)
    made.sum().backward()
    assert images.grad is not None
    assert images.grad.isfinite().all()


class Random(nn.Module):
    """Images from the noise alone."""

    noise_features = 625

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        images = torch.relu(noise.reshape(-1, 25, 25) - 1) + 0 * conditions.sum()
        return images / images.square().sum((1, 2), keepdim=True).sqrt()


def table(n: int) -> tuple[Tensor, tuple[str, ...]]:
    generator = torch.Generator().manual_seed(5)
    label, eta = torch.arange(n) % 2, torch.randn(n, generator=generator)
    mean, mass = 1 + 0.1 * torch.rand(n, generator=generator), 170 + 30 * torch.rand(n, generator=generator)
    where = 0.004 * torch.randn(2, n, generator=generator)
    names = ("label", "eta", "pixel_mean", "image_mass", "centroid_eta", "centroid_phi")
    return torch.stack((label, eta, mean, mass, *where), 1), names


@pytest.mark.parametrize("mode", ["exact", "none"])
def test_jet_generator_gives_the_mass_and_keeps_the_symmetry(mode: str) -> None:
    values, names = table(60)
    transform = ConditionTransform.fit(values.numpy(), names)
    flip = EtaFlip.of(names, "raw", GRID)
    network = symmetrise(Random(), flip.standardised(transform, 6), mode)  # type: ignore[arg-type]
    noise = torch.randn(60, 626)[:, :626 if mode == "exact" else 625]
    exact, free = (JetGenerator(network, transform, PixelTransform(0.5), GRID, exact=laws)
                   for laws in (("mass", "centroid"), ()))
    for generator, near in ((exact, True), (free, False)):
        _, images = generator(values, noise)
        mass = observables(images.double().numpy(), GRID, names=["mass"])["mass"]
        assert (np.abs(mass / values[:, 3].numpy() - 1).max() < 2e-3) == near
        assert bool((centroid(images, GRID) - values[:, 4:]).abs().max() < 1e-4) == near
        np.testing.assert_allclose(images.sum((1, 2)), 625 * values[:, 2], rtol=1e-4)
    if mode == "exact":
        _, images = exact(values, noise)
        _, mirrored = exact(flip.conditions(values), noise)
        assert torch.equal(images, flip.images(mirrored))
