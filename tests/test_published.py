"""The published recipe: what it does to conditions and pixels, and its losses and networks in a training."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from small_training import PUBLISHED, prepared_from, small, trainer_from
from toy_jets import toy_jets

from qgan.data import read_jets, write_jets
from qgan.losses import GeneratorBatch
from qgan.observables.tensors import statistics
from qgan.training.assembly import build_terms

ZERO = {f"losses.{name}": 0.0 for name in ("adversarial_weight", "coding", "statistics", "matching", "sparsity",
                                           "mean_image")}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20×20 pixels, for the published crop."""
    path = tmp_path_factory.mktemp("large") / "jets.h5"
    write_jets(path, toy_jets(100, 1, size=20))
    return path


def test_the_published_transform(large: Path) -> None:
    prepared = prepared_from(small(PUBLISHED), large)
    seen = dict(zip(prepared.names, prepared.blueprint.conditions.forward(prepared.table).T, strict=True))
    raw = dict(zip(prepared.names, prepared.table.T, strict=True))
    for name, values in seen.items():
        if name in ("pt", "mass"):
            assert (values.min(), values.max()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))
        elif name in ("delta_r_mean", "delta_r_std", "pixel_mean", "pixel_std"):
            # They are those of pixels over the largest of all: small beside the label, pT and mass.
            np.testing.assert_allclose(values, raw[name] / prepared.train.images.max(), rtol=1e-5)
            assert values.max() < 0.2
        else:
            np.testing.assert_array_equal(values, raw[name])
    assert prepared.train.grid.shape == (16, 16)
    assert prepared.blueprint.scale == prepared.train.images.max()


def test_with_the_largest_pixel_the_scale_is_the_same_for_all(large: Path) -> None:
    prepared = prepared_from(small(PUBLISHED), large)
    generator = prepared.blueprint.build().eval()
    table = torch.from_numpy(prepared.table[:10])
    largest = float(read_jets(large).images[:, 2:18, 2:18][prepared.train.label[:1]].max())
    with torch.no_grad():
        images, gev = generator(table, torch.randn(10, generator.noise_features))
    assert generator.scale(table).tolist() == [prepared.train.images.max()] * 10
    torch.testing.assert_close(gev, images * float(prepared.train.images.max()))
    assert prepared.train.images.max() >= largest


@pytest.mark.parametrize("published", [True, False])
def test_the_published_statistics_loss_hardly_sees_a_shift_by_a_spread(large: Path, published: bool) -> None:
    """Its bandwidth is 0.1 where the largest pixel is 1, whatever the unit of the statistics is here."""
    chosen = {"losses.further": {"published_statistics": 1.0}} if published else {"losses.statistics": 1.0}
    changes = {**PUBLISHED, **ZERO, "losses.further": {}, **chosen}
    prepared = prepared_from(small(changes), large)
    (term, _), = build_terms(small(changes), prepared, torch.zeros(0)).terms
    images = torch.from_numpy(prepared.train.images)
    real = statistics(images, prepared.train.grid, term.needs)
    shifted = {name: values + values.std() for name, values in real.items()}
    label = torch.from_numpy(prepared.train.label)
    loss = float(term(GeneratorBatch(torch.zeros(len(label)), real, shifted, label, label)))
    assert 0 < loss < 0.05 if published else loss > 0.2


def test_lower_precision_of_the_published_networks(large: Path) -> None:
    records = trainer_from(small({**PUBLISHED, "precision": "bfloat16"}), large).run(3)
    assert all(math.isfinite(float(value)) for record in records for value in record.figures.values())
