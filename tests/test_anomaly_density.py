"""The density of usual jets and the energy mover's distance, against analytic values and independent ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, wasserstein_distance
from sklearn.mixture import GaussianMixture

from anomaly.density import Density
from anomaly.emd import emd
from anomaly.preprocess import normalise, shares
from anomaly.scoring import RocCurve
from qgan.data.grid import Grid


def test_one_component_is_the_normal_density_of_the_sample() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3)) + 5
    scale = features.std(0)
    expected = -multivariate_normal(features.mean(0) / scale, np.cov((features / scale).T, bias=True)
                                    + 1e-4 * np.eye(3)).logpdf(features / scale)
    np.testing.assert_allclose(Density.fit(features, 1).score(features), expected, rtol=1e-6)


def test_a_mixture_equals_scikit_learn_and_survives_a_checkpoint() -> None:
    rng = np.random.default_rng(1)
    features = np.concatenate([rng.normal(-3, 1, (200, 2)), rng.normal(3, 0.5, (200, 2))])
    density = Density.fit(features, 3)
    again = Density.from_dict(density.to_dict())
    np.testing.assert_array_equal(density.score(features), again.score(features))
    mixture = GaussianMixture(3)
    mixture.weights_, mixture.means_, mixture.precisions_cholesky_ = density.weights, density.means, density.precisions
    np.testing.assert_allclose(density.score(features),
                               -mixture.score_samples((features - density.centre) / density.scale), rtol=1e-9)


def test_what_lies_on_either_side_is_improbable() -> None:
    """An error that is larger is as unusual as one that is smaller; ordering by the error sees one of the two."""
    rng = np.random.default_rng(2)
    usual, less, more = (rng.normal(mean, 1, (2000, 1)) for mean in (0, -3, 3))
    density = Density.fit(usual, 2)
    for unusual in (less, more):
        assert RocCurve.of(density.score(usual), density.score(unusual)).auc() > 0.9
    assert RocCurve.of(usual[:, 0], less[:, 0]).auc() < 0.1


def test_a_feature_that_does_not_vary_counts_for_nothing() -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(300, 1))
    constant = np.concatenate([features, np.full((300, 1), 7.0)], 1)
    other = np.concatenate([features, np.full((300, 1), 8.0)], 1)
    density = Density.fit(constant, 1)
    np.testing.assert_allclose(density.score(constant), density.score(other))


def test_rounding_counts_for_nothing() -> None:
    """Shares of pT add up to 1 in exact numbers; in single precision their sum is noise."""
    rng = np.random.default_rng(4)
    features = rng.normal(size=(300, 1))
    pixels = rng.random((300, 25, 25)).astype(np.float32)
    sums = (pixels / pixels.sum((1, 2), keepdims=True)).sum((1, 2), dtype=np.float64)[:, None]
    assert sums.std() > 0
    alone, beside = (Density.fit(values, 1).score(values) for values in (
        np.concatenate([features, np.ones_like(sums)], 1), np.concatenate([features, sums], 1)))
    np.testing.assert_allclose(alone, beside)


def one_pixel(row: int, column: int, size: int = 4) -> np.ndarray:
    image = np.zeros((1, size, size))
    image[0, row, column] = 1
    return image


def test_moving_one_pixel_costs_its_distance_in_radians() -> None:
    grid = Grid.square(4, 0.4)
    np.testing.assert_allclose(emd(one_pixel(0, 0), one_pixel(3, 0), grid), [0.6])
    np.testing.assert_allclose(emd(one_pixel(0, 1), one_pixel(1, 2), grid), [0.2 * np.sqrt(2)])
    half = (one_pixel(0, 0) + one_pixel(0, 1)) / 2
    np.testing.assert_allclose(emd(half, one_pixel(0, 0), grid), [0.1])
    assert emd(half, half, grid) == pytest.approx([0])


def test_on_a_line_it_is_the_one_dimensional_distance() -> None:
    rng = np.random.default_rng(4)
    images = rng.exponential(1, (2, 5, 1, 9)) * (rng.random((2, 5, 1, 9)) < 0.7)
    first, other = (x / x.sum((1, 2), keepdims=True) for x in images)
    grid = Grid(1, 9, (-0.1, 0.1), (-0.45, 0.45))
    expected = [wasserstein_distance(grid.phi, grid.phi, p[0], q[0]) for p, q in zip(first, other, strict=True)]
    np.testing.assert_allclose(emd(first, other, grid), expected, rtol=1e-9)
    np.testing.assert_allclose(emd(first, other, grid), emd(other, first, grid), rtol=1e-9)


def test_images_that_are_no_shares_are_refused() -> None:
    grid = Grid.square(4, 0.4)
    with pytest.raises(ValueError, match="add up to 1"):
        emd(one_pixel(0, 0) * 2, one_pixel(0, 0), grid)
    with pytest.raises(ValueError, match="on a grid of"):
        emd(one_pixel(0, 0), one_pixel(0, 0), Grid.square(5, 0.4))


@pytest.mark.parametrize("norm", ["max", "sum", "sqrt", "log"])
def test_shares_undo_the_scaling(norm: str) -> None:
    images = np.random.default_rng(5).exponential(1, (6, 5, 5)).astype(np.float32)
    images[2] = 0
    expected = images / np.maximum(images.sum((1, 2), keepdims=True), 1e-30)
    expected[2] = 1 / 25
    np.testing.assert_allclose(shares(normalise(images, norm), norm), expected, rtol=1e-4)  # type: ignore[arg-type]
    assert normalise(images, norm).max() <= 1  # type: ignore[arg-type]
