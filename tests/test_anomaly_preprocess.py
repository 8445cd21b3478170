"""What goes into an anomaly model: the pT stays, the size and the scale change, the wrong class is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.preprocess import area_resize, normalise, prepare, require_only, sum_pool
from qgan.data.grid import Grid
from qgan.data.jets import JetImages
from qgan.errors import DataError


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 45), st.integers(0, 2**32 - 1))
def test_resizing_keeps_each_jets_pt(height: int, width: int, size: int, seed: int) -> None:
    images = np.random.default_rng(seed).exponential(1, (3, height, width))
    resized = area_resize(images, size)
    assert resized.shape == (3, size, size)
    assert resized.min() >= 0
    np.testing.assert_allclose(resized.sum((1, 2)), images.sum((1, 2)), rtol=1e-5)


def test_both_methods_agree_where_the_size_divides() -> None:
    images = np.random.default_rng(0).exponential(1, (5, 24, 36))
    expected = images.reshape(5, 12, 2, 12, 3).sum((2, 4))
    np.testing.assert_allclose(sum_pool(images, 12), expected, rtol=1e-6)
    np.testing.assert_allclose(area_resize(images, 12), expected, rtol=1e-6)


def test_pooling_adds_whole_pixels_and_cuts_the_border() -> None:
    images = np.zeros((2, 25, 25))
    images[0, 12, 12] = 400.0
    images[1, 24, 24] = 1.0
    pooled = sum_pool(images, 12)
    assert (pooled[0, 6, 6], pooled[0].sum(), pooled[1].sum()) == (400.0, 400.0, 0.0)
    # By area the axis of 25 pixels lies on an edge of 12: the hardest pixel is divided.
    assert area_resize(images, 12)[0].max() == pytest.approx(100.0)


def test_a_uniform_image_stays_uniform() -> None:
    np.testing.assert_allclose(area_resize(np.ones((1, 25, 25)), 40), np.full((1, 40, 40), (25 / 40) ** 2), rtol=1e-6)


def test_normalising_and_the_empty_image() -> None:
    images = np.random.default_rng(0).exponential(1, (4, 6, 6))
    images[2] = 0
    largest, total = normalise(images, "max").max((1, 2)), normalise(images, "sum").sum((1, 2))
    np.testing.assert_allclose(largest, [1, 1, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(total, [1, 1, 0, 1], rtol=1e-6)
    with pytest.raises(ValueError, match="'max' or 'sum'"):
        normalise(images, "mean")  # type: ignore[arg-type]


def jets(labels: list[int]) -> JetImages:
    images = np.ones((len(labels), 4, 4), np.float32)
    return JetImages(images, np.array(labels), {}, Grid.square(4, 0.4), "raw", ("gluon", "quark"), source="jets.h5")


def test_training_takes_one_class_alone() -> None:
    assert len(require_only(jets([1, 1, 1]), "quark")) == 3
    for labels, name, complaint in (([1, 0, 1], "quark", "1 of 3 jets are no quark jets"), ([], "quark", "no quark"),
                                    ([1], "top", "no class 'top'")):
        with pytest.raises(DataError, match=f"jets.h5: signal: {complaint}"):
            require_only(jets(labels), name)


def test_pooling_to_more_pixels_is_refused() -> None:
    with pytest.raises(DataError, match="4 x 4 pixels cannot be pooled to 5 x 5"):
        prepare(jets([1]), 5)
    assert prepare(jets([1]), 5, method="area").shape == (1, 5, 5)
