"""What goes into an anomaly model: the pT stays, the size and the scale change, the wrong class is refused."""

from __future__ import annotations

import numpy as np
import pytest

from anomaly.preprocess import normalise, prepare
from anomaly.usual import require_only
from qgan.base.errors import DataError
from qgan.data.grid import Grid
from qgan.data.jets import JetImages


def one(images: np.ndarray) -> JetImages:
    height, width = images.shape[1:]
    grid = Grid(height, width, (-0.4, 0.4), (-0.4, 0.4))
    return JetImages(images.astype(np.float32), np.ones(len(images), int), {}, grid, "raw", ("gluon", "quark"))


def test_pooling_adds_whole_pixels_and_cuts_the_border() -> None:
    images = np.random.default_rng(0).exponential(1, (3, 25, 25))
    expected = images[:, :24, :24].reshape(3, 12, 2, 12, 2).sum((2, 4))
    np.testing.assert_allclose(prepare(one(images), 12), normalise(expected, "max"), rtol=1e-5)


def test_the_hardest_pixel_stays_whole_when_pooled_and_is_divided_by_area() -> None:
    images = np.zeros((1, 25, 25))
    images[0, 12, 12] = 400.0
    assert np.argwhere(prepare(one(images), 12)[0]).tolist() == [[6, 6]]
    assert np.argwhere(prepare(one(images), 12, "sum", "area")[0] == 0.25).tolist() == [[5, 5], [5, 6], [6, 5], [6, 6]]


def test_normalising_and_the_empty_image() -> None:
    images = np.random.default_rng(0).exponential(1, (4, 6, 6))
    images[2] = 0
    largest, total = normalise(images, "max").max((1, 2)), normalise(images, "sum").sum((1, 2))
    np.testing.assert_allclose(largest, [1, 1, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(total, [1, 1, 0, 1], rtol=1e-6)
    with pytest.raises(ValueError, match="expected 'max', 'sum'"):
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
