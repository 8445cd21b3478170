"""Changes of size keep the energy and know where the pixels lie."""

from __future__ import annotations

import numpy as np
import pytest

from qgan.base.errors import DataError
from qgan.base.seeding import numpy_rng
from qgan.data import Grid, JetImages
from qgan.data.convert import centre_crop, crop, resize, resize_images


def some_jets(height: int = 25, width: int = 25, n: int = 6) -> JetImages:
    images = numpy_rng(0, "convert").exponential(1.0, (n, height, width)).astype(np.float32)
    return JetImages(images, np.zeros(n, np.int64), {}, Grid(height, width, (-1.25, 1.25), (-1.0, 1.0)), "raw")


def centroid(jets: JetImages) -> np.ndarray:
    """(N, 2): pT-weighted means of Δη and Δφ."""
    weights = jets.images.astype(float) / jets.images.sum((1, 2), dtype=float)[:, None, None]
    return np.stack([(weights * jets.grid.eta[:, None]).sum((1, 2)), (weights * jets.grid.phi).sum((1, 2))], 1)


@pytest.mark.parametrize("size", [1, 5, 12, 16, 24, 25, 30, 40])
def test_resizing_keeps_energy_and_centroid(size: int) -> None:
    jets = some_jets()
    new = resize(jets, size)
    assert new.images.shape == (len(jets), size, size)
    assert new.images.dtype == np.float32
    assert (new.grid.eta_range, new.grid.phi_range) == (jets.grid.eta_range, jets.grid.phi_range)
    np.testing.assert_allclose(new.images.sum((1, 2)), jets.images.sum((1, 2)), rtol=1e-5)
    if 25 % size == 0:
        return
    # Sharing out by area moves the centroid of a pixel by less than half of the larger pixel.
    assert np.abs(centroid(new) - centroid(jets)).max() < 1.25 / min(size, 25)


def test_pooling_sums_blocks() -> None:
    jets = some_jets()
    expected = [[jets.images[0, 5 * i:5 * i + 5, 5 * j:5 * j + 5].sum() for j in range(5)] for i in range(5)]
    np.testing.assert_allclose(resize(jets, 5).images[0], expected, rtol=1e-5)


@pytest.mark.parametrize(("size", "other"), [(12, 60), (10, 30), (40, 120)])
def test_resizing_by_area_is_pooling_of_a_finer_image(size: int, other: int) -> None:
    """An image whose pixels are divided into equal parts is the same image: pooling the parts is the exact answer."""
    jets = some_jets(20, 30)
    height, width = np.lcm(other, 20), np.lcm(other, 30)
    fine = np.repeat(np.repeat(jets.images, height // 20, 1), width // 30, 2) / ((height // 20) * (width // 30))
    expected = fine.reshape(len(jets), size, height // size, size, width // size).sum((2, 4))
    np.testing.assert_allclose(resize_images(jets.images, size), expected, rtol=1e-5)


def test_the_same_size_changes_nothing() -> None:
    jets = some_jets()
    assert resize(jets, 25) is jets
    with pytest.raises(ValueError, match="size must be at least 1"):
        resize(jets, 0)


def test_a_crop_knows_where_it_lies() -> None:
    jets = some_jets()
    cropped = crop(jets, (6, 22), (5, 21))  # the published 16×16
    assert cropped.grid.shape == (16, 16)
    np.testing.assert_allclose(cropped.grid.eta, jets.grid.eta[6:22], atol=1e-12)
    np.testing.assert_allclose(cropped.grid.phi, jets.grid.phi[5:21], atol=1e-12)
    np.testing.assert_array_equal(cropped.images, jets.images[:, 6:22, 5:21])
    for rows in ((-1, 5), (5, 5), (20, 26)):
        with pytest.raises(DataError, match="image: cannot crop rows"):
            crop(jets, rows, (0, 5))


def test_a_centre_crop_lies_in_the_middle() -> None:
    jets = some_jets()
    odd = centre_crop(jets, 13)
    np.testing.assert_array_equal(odd.images, jets.images[:, 6:19, 6:19])
    assert odd.grid.eta_range == pytest.approx((-0.65, 0.65))
    even = centre_crop(jets, 24)
    np.testing.assert_array_equal(even.images, jets.images[:, :24, :24])
    assert even.grid.eta_range == pytest.approx((-1.25, 1.15))
    with pytest.raises(DataError, match="image: cannot crop"):
        centre_crop(jets, 26)
