"""The canonical frame from raw images: two prongs come to lie as the frame says, however they were turned before."""

from __future__ import annotations

import numpy as np
import pytest

from qgan.base.errors import DataError
from qgan.base.seeding import numpy_rng
from qgan.data import Grid, JetImages
from qgan.data.frames import raw_images
from qgan.data.reframe import canonical_from_particles, to_canonical

GRID = Grid.square(25, 1.25)


def prongs(n: int = 200, turn: np.ndarray | float = 0.0,
           shift: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """pT, η, φ (n, 20): a harder prong, a softer one 0.6 away, and a soft particle to one side; turned and shifted."""
    rng = numpy_rng(0, "prongs")
    pt = np.concatenate([rng.uniform(14, 16, (n, 10)), rng.uniform(8, 9, (n, 9)), np.full((n, 1), 2.0)], 1)
    along = np.concatenate([0.02 * rng.standard_normal((n, 10)), 0.6 + 0.02 * rng.standard_normal((n, 9)),
                            np.full((n, 1), 0.3)], 1)
    across = 0.02 * rng.standard_normal((n, 20)) + np.r_[np.zeros(19), 0.25]
    angle = np.broadcast_to(turn, n)[:, None]
    return (pt, shift + along * np.cos(angle) - across * np.sin(angle),
            (shift + along * np.sin(angle) + across * np.cos(angle)) % (2 * np.pi))


def test_the_harder_prong_is_at_the_centre_and_the_other_below_it() -> None:
    images = canonical_from_particles(*prongs(turn=numpy_rng(1, "turns").uniform(0, 2 * np.pi, 200)), GRID)
    total = images.sum((1, 2))
    np.testing.assert_allclose(total, prongs()[0].sum(1), rtol=1e-6)
    assert (images[:, 11:14, 11:14].sum((1, 2)) > 0.6 * total).all()
    below = np.abs(GRID.eta - 0.6) < 0.16
    assert (images[:, below, 11:14].sum((1, 2)) > 0.3 * total).all()
    assert (images[:, :, 13:].sum((1, 2)) >= images[:, :, :12].sum((1, 2))).all()


def test_turns_shifts_and_mirrors_before_make_no_difference() -> None:
    reference = canonical_from_particles(*prongs(), GRID)
    for turn, shift in ((1.0, 0.0), (0.0, 3.0), (-2.5, 6.1)):
        other = canonical_from_particles(*prongs(turn=turn, shift=shift), GRID)
        # Particles on a pixel's edge may fall to either side; φ is not quite flat in the clustering's momenta.
        assert np.minimum(reference, other).sum() > 0.97 * reference.sum()
    pt, eta, phi = prongs()
    mirrored = canonical_from_particles(pt, eta, -phi, GRID)
    assert np.minimum(reference, mirrored).sum() > 0.97 * reference.sum()


def test_pixels_do_nearly_as_well_as_particles() -> None:
    turns = numpy_rng(1, "turns").uniform(0, 2 * np.pi, 200)
    pt, eta, phi = prongs(turn=turns)
    axis = np.stack([0.2 * np.cos(turns), 0.2 * np.sin(turns)], 1)
    raw = JetImages(raw_images(pt, eta, phi, axis, GRID), np.zeros(200, np.int64), {}, GRID, "raw")
    turned = to_canonical(raw)
    assert turned.frame == "canonical"
    np.testing.assert_allclose(turned.images.sum((1, 2)), raw.images.sum((1, 2)), rtol=1e-6)
    reference = canonical_from_particles(pt, eta, phi, GRID)
    assert np.corrcoef(turned.images.mean(0).ravel(), reference.mean(0).ravel())[0, 1] > 0.9
    assert np.corrcoef(raw.images.mean(0).ravel(), reference.mean(0).ravel())[0, 1] < 0.6


def test_large_jets_are_turned_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = canonical_from_particles(*prongs(), GRID)
    monkeypatch.setattr("qgan.data.reframe._PAIRS", 900)
    np.testing.assert_array_equal(canonical_from_particles(*prongs(), GRID), whole)


def test_lone_pixels_and_empty_images() -> None:
    images = np.zeros((3, 25, 25), np.float32)
    images[1, 4, 20] = 7.0
    images[2, 12, 12], images[2, 12, 18] = 9.0, 3.0
    turned = to_canonical(JetImages(images, np.zeros(3, np.int64), {}, GRID, "raw")).images
    assert turned[0].sum() == 0
    assert turned[1, 12, 12] == 7.0
    assert (turned[2, 12, 12], turned[2, 18, 12]) == (9.0, 3.0)


def test_there_is_no_way_back() -> None:
    jets = JetImages(np.zeros((1, 25, 25), np.float32), np.zeros(1, np.int64), {}, GRID, "canonical", source="w.h5")
    with pytest.raises(DataError, match=r"w.h5: frame: is 'canonical', expected 'raw'"):
        to_canonical(jets)
