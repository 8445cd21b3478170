"""Cropping real jets to the pixels of generated ones."""

from __future__ import annotations

import numpy as np
import pytest

from qgan.base.errors import DataError
from qgan.data.convert import crop, crop_to
from qgan.data.grid import Grid
from qgan.data.jets import JetImages


def jets() -> JetImages:
    images = np.random.default_rng(0).exponential(1, (3, 25, 25)).astype(np.float32)
    return JetImages(images, np.array([0, 1, 1]), {}, Grid.square(25, 1.25), "canonical", ("qcd", "w"))


@pytest.mark.parametrize(("rows", "columns"), [((6, 22), (5, 21)), ((0, 25), (0, 25)), ((3, 4), (24, 25))])
def test_a_grid_is_found_again(rows: tuple[int, int], columns: tuple[int, int]) -> None:
    cropped = crop(jets(), rows, columns)
    again = crop_to(jets(), cropped.grid)
    assert again.grid == cropped.grid
    np.testing.assert_array_equal(again.images, cropped.images)


@pytest.mark.parametrize("grid", [Grid.square(12, 1.25), Grid.square(27, 1.35), Grid.square(24, 1.2)])
def test_pixels_that_do_not_match_are_refused(grid: Grid) -> None:
    with pytest.raises(DataError, match="has no part"):
        crop_to(jets(), grid)
