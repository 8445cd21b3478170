"""Generators without a decoder: images of a network of shares and a grain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from small_training import small
from toy_jets import toy_jets

import qgan
from qgan.base.errors import ConfigError
from qgan.data import Grid
from qgan.models import JetGenerator, PixelStatistics
from qgan.models.direct import Beside, DirectGenerator
from qgan.models.shares import SHARES, trained_numbers
from qgan.models.shots import counted
from qgan.models.transforms import ConditionTransform, PixelTransform
from qgan.runs import checkpoint
from qgan.sampling.source import load_source
from qgan.studies.compare.size import parameters

SHAPE = (12, 12)
FAMILIES = [name for name in SHARES if name not in ("born_dephased", "tree_measured", "tree_fed_measured", "mean_image",
                                                    "iqp_matched")]


def build(core: str, **options: Any) -> DirectGenerator:
    torch.manual_seed(2)
    images = torch.from_numpy(toy_jets(100, 1).images)
    shares = images / images.sum((1, 2), keepdim=True)
    return DirectGenerator(5, SHAPE, core=core, numbers=300, pixels=PixelStatistics.of(shares.sqrt()), **options)


@pytest.mark.parametrize("core", FAMILIES)
def test_images_have_unit_length_exact_zeros_and_gradients(core: str) -> None:
    generator = build(core, grain_reach=1)
    conditions, noise = torch.randn(64, 5), torch.randn(64, generator.noise_features)
    images = generator(conditions, noise)
    assert torch.allclose(images.square().sum((1, 2)), torch.ones(64), atol=1e-5)
    assert (images >= 0).all()
    assert (images == 0).any((1, 2)).all()
    assert not images[:, generator.reached == 0].any()
    torch.testing.assert_close(generator(conditions[3:5], noise[3:5]), images[3:5], atol=1e-5, rtol=1e-4)
    (images * torch.randn_like(images)).sum().backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("levels", [1, 4])
def test_of_shots_images_have_few_pixels_and_every_number_a_gradient(levels: int) -> None:
    generator = build("tree", shots=20, levels=levels)
    conditions, noise = torch.randn(64, 5), torch.randn(64, generator.noise_features)
    images = generator(conditions, noise)
    assert generator.noise_features == 24
    assert torch.allclose(images.square().sum((1, 2)), torch.ones(64), atol=1e-5)
    assert (images > 0).sum((1, 2)).max() <= 20
    torch.testing.assert_close(generator(conditions[3:5], noise[3:5]), images[3:5], atol=1e-6, rtol=1e-5)
    if levels == 1:
        quanta = 20 * images.detach().square()
        torch.testing.assert_close(quanta, quanta.round(), atol=1e-4, rtol=0)
    (images * torch.randn_like(images)).sum().backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name
    with pytest.raises(ConfigError, match=r"generator.levels: 2, but only shots find levels"):
        build("tree", levels=2)


def test_shots_find_outcomes_as_often_as_they_are_likely() -> None:
    torch.manual_seed(0)
    probabilities = torch.tensor([[0.5, 0.0, 0.3, 0.2], [0.0, 0.0, 0.0, 1.0]]).repeat(4000, 1)
    counts = counted(probabilities, torch.randn(8000, 10))
    assert torch.equal(counts.sum(1), torch.full((8000,), 10.0))
    even = counts[::2]
    # A multinomial: means N p, variances N p (1 − p), covariances −N p q.
    torch.testing.assert_close(even.mean(0), 10 * probabilities[0], atol=0.1, rtol=0)
    expected = 10 * (torch.diag(probabilities[0]) - torch.outer(probabilities[0], probabilities[0]))
    torch.testing.assert_close(even.T.cov(), expected, atol=0.12, rtol=0)
    assert (counts[1::2, 3] == 10).all()
    assert counted(probabilities[:1], torch.full((1, 10), 40.0))[0, 3] == 10, "Φ may be one"


def test_what_is_trained_is_the_network_of_shares_and_three_numbers() -> None:
    generator = build("tree")
    assert trained_numbers(generator) == trained_numbers(generator.shares) + 3
    assert build("tree", pixel_noise=False).noise_features == 4


@pytest.mark.parametrize("law", ["harder_half", "phi_flip"])
def test_mirrored_a_grain_lights_no_pixel_that_no_jet_reaches(law: str) -> None:
    network = build("coordinates")
    network.reached[:, :-3], network.reached[:, -3:] = 1, 0
    network.grain.data[2] = 0.0  # type: ignore[union-attr]
    transform = ConditionTransform.fit(torch.randn(50, 5).numpy(), tuple("abcde"))
    generator = JetGenerator(network, transform, PixelTransform(0.5), Grid.square(12, 0.4), scale=1.0,
                             exact=(law,))
    images, _ = generator(torch.randn(200, 5), torch.randn(200, generator.noise_features))
    assert images[:, :, :3].any() == (law == "harder_half")
    assert not images[:, :, -3:].any()
    assert torch.allclose(images.square().sum((1, 2)), torch.ones(200), atol=1e-5)


@pytest.mark.parametrize("reach", [1, 2])
def test_neighbours_share_noise_as_their_weights_say(reach: int) -> None:
    beside = Beside(reach, 2)
    noise = torch.randn(4000, 7, 9)
    assert torch.equal(beside(noise)[:, 1], noise), "without weights each pixel has its own"
    one_by_distance = {(0, 1): 0.5, (1, 1): -0.2, (0, 2): 0.3, (1, 2): 0.1, (2, 2): 0.4}
    told = {away: weight for away, weight in one_by_distance.items() if away[1] <= reach}
    with torch.no_grad():
        beside.weights[1] = torch.tensor(list(told.values()))
    kernel = np.array([[{(0, 0): 1.0, **told}[min(abs(i), abs(j)), max(abs(i), abs(j))]
                        for j in range(-reach, reach + 1)] for i in range(-reach, reach + 1)])
    expected = convolve(noise[:3].numpy(), kernel[None] / np.linalg.norm(kernel), mode="constant")
    assert torch.equal(beside(noise)[:, 0], noise), "each map has weights of its own"
    found = beside(noise)[:, 1]
    np.testing.assert_allclose(found[:3].detach().numpy(), expected, atol=1e-5)
    assert found[:, 3, 4].std().item() == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("readout", [{}, {"generator.shots": 30, "generator.levels": 2}, {"generator.grain_reach": 1}])
def test_it_trains_resumes_and_is_a_source_of_jets(tmp_path: Path, readout: dict[str, int]) -> None:
    told = {**readout, "generator.core": "tree", "generator.numbers": 250, "generator.noise": 2, "symmetry": "exact",
            "data.codings": ["delta_r_mean", "pixel_mean", "soft_nnz", "image_mass"]}
    jets = toy_jets(100, 1)
    run = qgan.train(small({"steps": 2, **told}), data=jets, out=tmp_path / "run", quiet=True)
    qgan.train(small({"steps": 3, **told}), data=jets, out=run.path, resume=True, quiet=True)
    source = load_source(run.path)
    made = source.sample(30, 1)
    numbers = parameters(checkpoint.load(run.checkpoint).transforms)
    assert numbers["quantum"] == numbers["core"] == pytest.approx(250, rel=0.15)
    beside = 2 if "generator.shots" in readout else 7 if readout else 3
    assert numbers["generator"] == numbers["quantum"] + beside
    assert made.images.shape == (30, *SHAPE)
    assert (made.images.sum((1, 2)) > 0).all()
    with pytest.raises(ConfigError, match=r"generator\.core: .trea., expected one of .*did you mean tree"):
        qgan.train(small({**told, "generator.core": "trea"}), data=jets, out=tmp_path / "none", quiet=True)


@pytest.mark.parametrize("options", [{"shots": 4}, {"pixel_noise": False}])
def test_there_is_no_reach_without_a_grain(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"generator\.grain_reach: 1, but there is no grain"):
        build("tree", grain_reach=1, **options)
