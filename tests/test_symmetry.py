"""The η-flip: a group action, under which the exact generator is equivariant and the observables invariant."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from qgan.base.errors import ConfigError
from qgan.base.seeding import torch_rng
from qgan.data.grid import Grid
from qgan.data.jets import Frame
from qgan.models.symmetry import EtaFlip, SymmetricGenerator, asymmetry, mirrored_at_random, symmetrise
from qgan.observables.arrays import observables

NAMES = ("label", "eta", "pt", "mass")
GRID = Grid.square(25, 0.4)
FRAMES: tuple[Frame, ...] = ("raw", "canonical")


class Standardised:
    """Shift and scale column by column, η not centred."""

    mean = torch.tensor([0.5, 0.137, 270.0, 80.0])
    spread = torch.tensor([0.5, 0.93, 14.0, 11.0])

    def forward(self, values: Tensor) -> Tensor:
        return (values - self.mean) / self.spread


class TinyGenerator(nn.Module):
    """Depends on every condition and noise value; nothing about it is symmetric."""

    noise_features = 5

    def __init__(self, n_conditions: int = 4) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(n_conditions + 5, 64), nn.Tanh(), nn.Linear(64, 625), nn.ReLU())

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        return self.network(torch.cat((conditions, noise), 1)).reshape(-1, 25, 25)


def physical(n: int) -> Tensor:
    """Conditions of n jets, GeV."""
    return torch.stack((torch.arange(n) % 2 * 1.0, 4 * torch.rand(n) - 2, 250 + 50 * torch.rand(n),
                        60 + 40 * torch.rand(n)), 1)


def jets(n: int, tilt: float, drift: float = 0.0) -> tuple[Tensor, Tensor]:
    """Jets whose second prong leans by tilt·η (as the symmetry allows) and by drift (as it does not)."""
    eta = 4 * torch.rand(n) - 2
    rows, columns = (torch.as_tensor(x, dtype=torch.float32) for x in (GRID.eta, GRID.phi))
    where = 0.08 * torch.randn(n) + tilt * eta + drift
    second = torch.exp(-((rows[None, :, None] - where[:, None, None]) ** 2 + (columns - 0.15) ** 2) / 0.003)
    first = torch.exp(-(rows[:, None] ** 2 + columns**2) / 0.001)
    return 50 * (first + torch.rand(n, 1, 1) * second), eta


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("standardised", [False, True])
def test_flip_twice_is_nothing(frame: Frame, standardised: bool) -> None:
    flip, conditions, images = EtaFlip.of(NAMES, frame, GRID), physical(40), torch.rand(40, 25, 25)
    if standardised:
        flip, conditions = flip.standardised(Standardised(), 4), Standardised().forward(conditions)
    once = flip(images, conditions)
    twice = flip(*once)
    assert not torch.equal(once[1], conditions)
    assert torch.equal(twice[0], images)
    assert torch.allclose(twice[1], conditions, atol=1e-6)


@pytest.mark.parametrize("frame", FRAMES)
def test_what_the_flip_does(frame: Frame) -> None:
    images, conditions = EtaFlip.of(NAMES, frame)(torch.arange(6.0).reshape(1, 3, 2), torch.tensor([[1., 2, 3, 4]]))
    assert conditions.tolist() == [[1, -2, 3, 4]]
    assert images.tolist() == [[[4, 5], [2, 3], [0, 1]] if frame == "raw" else [[0, 1], [2, 3], [4, 5]]]


def test_flipping_standardised_conditions_is_flipping_physical_ones() -> None:
    flip, conditions = EtaFlip.of(NAMES, "raw"), physical(50)
    forward = Standardised().forward
    there = flip.standardised(Standardised(), 4).conditions(forward(conditions))
    assert torch.allclose(there, forward(flip.conditions(conditions)), atol=1e-6)


def test_observables_do_not_change() -> None:
    images = jets(60, 0.1)[0] * torch.rand(60, 25, 25)
    images[images < 0.2] = 0
    flipped = EtaFlip.of(NAMES, "raw", GRID).images(images)
    before, after = (observables(x.numpy(), GRID) for x in (images, flipped))
    for name, values in before.items():
        assert values.std() > 0, name
        if name.startswith("tau_"):
            # Clustering breaks ties between equally distant pixels by their order.
            assert abs(after[name].mean() - values.mean()) < 0.1 * values.std(), name
        else:
            np.testing.assert_allclose(after[name], values, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("standardised", [False, True])
def test_exact_generator_is_equivariant(frame: Frame, standardised: bool) -> None:
    flip, conditions = EtaFlip.of(NAMES, frame, GRID), physical(200)
    if standardised:
        flip, conditions = flip.standardised(Standardised(), 4), Standardised().forward(conditions)
    else:
        conditions = conditions / torch.tensor([1, 1, 300, 100])
    inner = TinyGenerator()
    outer = symmetrise(inner, flip, "exact")
    noise = torch.randn(200, 6)[:, :outer.noise_features]
    images = outer(conditions, noise)
    mirrored = flip.images(outer(flip.conditions(conditions), noise))
    assert (images - mirrored).abs().max() < 1e-6 * images.abs().max()
    # The statement is not empty: images lean, follow the conditions, and the bare generator fails it.
    assert not torch.allclose(images, images.flip(1), atol=0.1)
    bare = flip.images(inner(flip.conditions(conditions), noise[:, :5]))
    assert (inner(conditions, noise[:, :5]) - bare).abs().max() > 0.05 * images.abs().max()


def test_exact_generator_leaves_positive_eta_alone_and_trains() -> None:
    inner = TinyGenerator()
    outer = SymmetricGenerator(inner, EtaFlip.of(NAMES, "raw"))
    conditions, noise = physical(30) / torch.tensor([1, 1, 300, 100]), torch.randn(30, 6)
    right = conditions[:, 1] > 0
    assert torch.equal(outer(conditions, noise)[right], inner(conditions, noise[:, :5])[right])
    outer(conditions, noise).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in inner.parameters())


@pytest.mark.parametrize("names", [NAMES, ("label", "pt", "mass", "delta_r")])
def test_without_eta_the_coin_decides(names: tuple[str, ...]) -> None:
    """At η = 0, and where η is no condition, both orientations of an image are equally likely."""
    inner, flip = TinyGenerator(), EtaFlip.of(names, "raw")
    outer = SymmetricGenerator(inner, flip)
    conditions = torch.ones(100, 4)
    if "eta" in names:
        conditions[:, 1] = 0
    noise = torch.randn(100, 6)
    turned = torch.cat((noise[:, :-1], -noise[:, -1:]), 1)
    images, other = outer(conditions, noise), outer(conditions, turned)
    assert torch.equal(other, flip.images(images))
    upright = (images == inner(conditions, noise[:, :5])).flatten(1).all(1)
    assert 30 < upright.sum() < 70


def test_other_modes_leave_the_generator_alone() -> None:
    inner, flip = TinyGenerator(), EtaFlip.of(NAMES, "raw")
    assert symmetrise(inner, flip, "none") is inner
    assert symmetrise(inner, flip, "average") is inner


def test_average_mode_sees_each_jet_from_both_sides() -> None:
    flip, images, conditions = EtaFlip.of(NAMES, "raw"), torch.rand(4, 25, 25), physical(4)
    both_images, both_conditions = flip.both(images, conditions)
    assert both_images.shape == (8, 25, 25)
    assert both_conditions.shape == (8, 4)
    assert torch.equal(both_images[4:], images.flip(1))
    assert torch.equal(both_conditions[4:, 1], -conditions[:, 1])


def test_off_centre_rows_are_refused_in_the_raw_frame_alone() -> None:
    crop = Grid.square(25, 1.25).crop((6, 22), (5, 21))
    with pytest.raises(ConfigError, match=r"covers -0.65 to 0.95 in Δη, expected a range symmetric"):
        EtaFlip.of(NAMES, "raw", crop)
    assert not EtaFlip.of(NAMES, "canonical", crop).rows


@pytest.mark.parametrize(("tilt", "drift", "obeys"), [(0.08, 0.0, True), (0.0, 0.0, True), (0.0, 0.06, False)])
def test_asymmetry_of_a_sample(tilt: float, drift: float, obeys: bool) -> None:
    images, eta = jets(4000, tilt, drift)
    flip = EtaFlip.of(NAMES, "raw")
    floor = [asymmetry(*mirrored_at_random(images, eta, flip, torch_rng(0, "coin", i)), flip) for i in range(20)]
    value = asymmetry(images, eta, flip)
    assert (value < 2 * max(floor)) == obeys
    # Flipping rows for jets that lean with η would not do if η kept its sign.
    wrong = asymmetry(images, eta, EtaFlip.of(NAMES, "canonical"))
    assert (wrong > 2 * max(floor)) == (tilt != 0)
