"""Principal components against their mathematics, and the simple scores on jets one can count."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from anomaly.models.controls import PrincipalComponents, minus_ptd, nnz, pixel_sum
from anomaly.preprocess import normalise
from qgan.data.grid import Grid
from qgan.data.jets import JetImages


def test_components_equal_scikit_learn() -> None:
    images = np.random.default_rng(0).exponential(1, (200, 5, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    flat = images.reshape(200, -1)
    reference = PCA(7, svd_solver="full").fit(flat)
    expected = ((flat - reference.inverse_transform(reference.transform(flat))) ** 2).mean(1)
    np.testing.assert_allclose(PrincipalComponents.fit(images, 7).score(images), expected, rtol=1e-9)


def test_what_lies_in_the_plane_of_the_components_is_reconstructed() -> None:
    rng = np.random.default_rng(0)
    mean, axes = rng.normal(size=9), rng.normal(size=(2, 9))
    inside = (mean + rng.normal(size=(50, 2)) @ axes).reshape(50, 3, 3)
    model = PrincipalComponents.fit(inside[:30], 2)
    assert model.score(inside[30:]).max() < 1e-24
    assert model.score(inside + rng.normal(size=(50, 3, 3))).min() > 1e-3


def test_more_components_reconstruct_better_and_too_many_are_refused() -> None:
    images = np.random.default_rng(0).exponential(1, (100, 4, 4))
    errors = [PrincipalComponents.fit(images, k).score(images).mean() for k in (1, 4, 15, 16)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-20
    for wrong in (0, 17):
        with pytest.raises(ValueError, match="components"):
            PrincipalComponents.fit(images, wrong)


def test_trivial_scores_of_a_narrow_and_a_wide_jet() -> None:
    images = np.zeros((2, 12, 12), np.float32)
    images[0, 6, 6] = 500.0
    images[1, 4:8, 4:8] = 31.25
    jets = JetImages(images, np.array([1, 0]), {}, Grid.square(12, 0.4), "raw", ("gluon", "quark"))
    scaled = normalise(images, "max")
    np.testing.assert_allclose(pixel_sum(jets, scaled), [1, 16], rtol=1e-6)
    np.testing.assert_allclose(nnz(jets, scaled), [1, 16])
    np.testing.assert_allclose(minus_ptd(jets, scaled), [-1, -0.25], rtol=1e-6)
