"""Generators without a decoder: images of a network of shares and a grain."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_training import small
from toy_jets import toy_jets

import qgan
from qgan.base.errors import ConfigError
from qgan.models import PixelStatistics
from qgan.models.direct import DirectGenerator
from qgan.models.shares import SHARES, trained_numbers
from qgan.sampling.source import load_source

SHAPE = (12, 12)
FAMILIES = [name for name in SHARES if name not in ("born_dephased", "tree_measured", "mean_image")]


def build(core: str, **options: bool) -> DirectGenerator:
    torch.manual_seed(2)
    images = torch.from_numpy(toy_jets(100, 1).images)
    shares = images / images.sum((1, 2), keepdim=True)
    return DirectGenerator(5, SHAPE, core=core, numbers=300, pixels=PixelStatistics.of(shares.sqrt()), **options)


@pytest.mark.parametrize("core", FAMILIES)
def test_images_have_unit_length_exact_zeros_and_gradients(core: str) -> None:
    generator = build(core)
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


def test_what_is_trained_is_the_network_of_shares_and_three_numbers() -> None:
    generator = build("tree")
    assert trained_numbers(generator) == trained_numbers(generator.shares) + 3
    assert build("tree", pixel_noise=False).noise_features == 4


def test_it_trains_resumes_and_is_a_source_of_jets(tmp_path: Path) -> None:
    told = {"generator.core": "tree", "generator.numbers": 250, "generator.noise": 2, "symmetry": "exact",
            "data.codings": ["delta_r_mean", "pixel_mean", "soft_nnz", "image_mass"]}
    jets = toy_jets(100, 1)
    run = qgan.train(small({"steps": 2, **told}), data=jets, out=tmp_path / "run", quiet=True)
    qgan.train(small({"steps": 3, **told}), data=jets, out=run.path, resume=True, quiet=True)
    made = load_source(run.path).sample(30, 1)
    assert made.images.shape == (30, *SHAPE)
    assert (made.images.sum((1, 2)) > 0).all()
    with pytest.raises(ConfigError, match=r"generator\.core: .trea., expected one of .*did you mean tree"):
        qgan.train(small({**told, "generator.core": "trea"}), data=jets, out=tmp_path / "none", quiet=True)
