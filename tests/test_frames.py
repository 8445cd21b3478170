"""The raw and the canonical frame: what they centre, turn, mirror and keep."""

from __future__ import annotations

import numpy as np
import pytest

from qgan.base.seeding import numpy_rng
from qgan.data.frames import bin_pixels, canonical_images, delta_phi, parity_flip, raw_images
from qgan.data.grid import Grid

GRID = Grid.square(25, 1.25)


def two_prongs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Jets of a hard and a softer prong 0.6 apart: pT, η, φ (n, 20) and both axes (n, 2)."""
    rng = numpy_rng(seed, "prongs")
    leading = np.stack([rng.uniform(-1.5, 1.5, n), rng.uniform(0, 2 * np.pi, n)], axis=1)
    angle = rng.uniform(0, 2 * np.pi, n)
    second = leading + 0.6 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    pt = np.concatenate([rng.exponential(20, (n, 12)), rng.exponential(8, (n, 8))], axis=1)
    axis = np.concatenate([np.repeat(leading[:, None], 12, 1), np.repeat(second[:, None], 8, 1)], axis=1)
    place = axis + 0.1 * rng.normal(size=(n, 20, 2))
    return pt, place[..., 0], place[..., 1] % (2 * np.pi), leading, second


def test_second_subjet_lies_below_the_leading_one() -> None:
    pt, eta, phi, leading, second = two_prongs(50, seed=1)
    # A lone hard constituent on each axis: they must fall in known pixels.
    pt = np.concatenate([pt * 1e-3, np.tile([100.0, 60.0], (50, 1))], axis=1)
    eta = np.concatenate([eta, leading[:, :1], second[:, :1]], axis=1)
    phi = np.concatenate([phi, leading[:, 1:], second[:, 1:]], axis=1)
    images = canonical_images(pt, eta, phi, leading, second, GRID)
    assert (images[:, 12, 12] >= 100).all()
    assert (images[:, 18, 12] >= 60).all()


def test_columns_above_the_centre_hold_more() -> None:
    images = canonical_images(*two_prongs(200, seed=2), GRID)
    left, right = images[:, :, :12].sum(axis=(1, 2)), images[:, :, 13:].sum(axis=(1, 2))
    assert (right >= left).all()
    assert (right > left).mean() > 0.99


def test_parity_flip_is_idempotent_and_mirror_blind() -> None:
    images = numpy_rng(3, "images").random((20, 8, 8), dtype=np.float32)
    flipped = parity_flip(images)
    np.testing.assert_array_equal(parity_flip(flipped), flipped)
    np.testing.assert_array_equal(parity_flip(images[:, :, ::-1]), flipped)


@pytest.mark.parametrize("angle", [0.3, 1.9, 4.0])
def test_canonical_frame_absorbs_rotations(angle: float) -> None:
    pt, eta, phi, leading, second = two_prongs(100, seed=4)
    cosine, sine = np.cos(angle), np.sin(angle)

    def turned(eta: np.ndarray, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d_eta = eta - leading[:, :1]
        d_phi = delta_phi(phi, leading[:, 1:])
        return (leading[:, :1] + cosine * d_eta - sine * d_phi,
                (leading[:, 1:] + sine * d_eta + cosine * d_phi) % (2 * np.pi))

    second_turned = np.concatenate(turned(second[:, :1], second[:, 1:]), axis=1)
    np.testing.assert_allclose(canonical_images(pt, *turned(eta, phi), leading, second_turned, GRID),
                               canonical_images(pt, eta, phi, leading, second, GRID), atol=1e-4)


def test_mirroring_eta_flips_raw_rows_and_leaves_canonical_images() -> None:
    pt, eta, phi, leading, second = two_prongs(100, seed=5)
    mirror = np.array([-1.0, 1.0])
    np.testing.assert_array_equal(raw_images(pt, -eta, phi, leading * mirror, GRID),
                                  raw_images(pt, eta, phi, leading, GRID)[:, ::-1])
    np.testing.assert_allclose(canonical_images(pt, -eta, phi, leading * mirror, second * mirror, GRID),
                               canonical_images(pt, eta, phi, leading, second, GRID), atol=1e-4)


def test_no_pt_is_lost_inside_the_grid() -> None:
    pt, eta, phi, leading, second = two_prongs(100, seed=6)
    for images in (raw_images(pt, eta, phi, leading, GRID), canonical_images(pt, eta, phi, leading, second, GRID)):
        np.testing.assert_allclose(images.sum(axis=(1, 2)), pt.sum(axis=1), rtol=1e-5)
        assert images.dtype == np.float32


def test_pt_outside_the_grid_is_left_out() -> None:
    images = bin_pixels(np.array([[1.0, 2.0, 4.0, 0.0]]), np.array([[0.0, 1.3, 0.1, 0.2]]),
                        np.array([[0.0, 0.0, -1.26, 0.0]]), GRID)
    assert images.sum() == 1
    assert images[0, 12, 12] == 1


def test_phi_is_periodic() -> None:
    phi = np.array([[6.2, 0.08]])
    images = raw_images(np.array([[5.0, 3.0]]), np.zeros((1, 2)), phi, np.zeros((1, 2)), GRID)
    assert images[0, 12, 11] == 5
    assert images[0, 12, 13] == 3
    assert delta_phi(np.array(0.1), np.array(6.2)) == pytest.approx(0.1 - 6.2 + 2 * np.pi)


def test_single_subjet_is_turned_onto_its_principal_axis() -> None:
    along = np.array([-0.2, 0.0, 0.2, 0.4])
    pt = np.array([[10.0, 50.0, 10.0, 10.0]])
    none = np.full((1, 2), np.nan)
    for angle in (0.0, 0.7, 2.5):
        image = canonical_images(pt, along[None] * np.cos(angle), along[None] * np.sin(angle) % (2 * np.pi),
                                 np.zeros((1, 2)), none, GRID)[0]
        assert image[:, 12].tolist()[10:17:2] == [10, 50, 10, 10], angle


def test_jet_of_one_constituent() -> None:
    image = canonical_images(np.array([[9.0]]), np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 2)),
                             np.full((1, 2), np.nan), GRID)
    assert image[0, 12, 12] == 9
    assert image.sum() == 9
