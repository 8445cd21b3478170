"""N-subjettiness: analytic cases, invariances, and FastJet's exclusive kT jet by jet."""

from __future__ import annotations

import numpy as np
import pytest

from qgan.base.seeding import numpy_rng
from qgan.data.grid import Grid
from qgan.observables.subjettiness import BLOCK, n_subjettiness, tau_from_images


def random_jets(n: int, most: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Jets of 0 to ``most`` constituents around (1, 3): some φ lie beyond π."""
    rng = numpy_rng(seed, "jets")
    here = rng.random((n, most)) < rng.random((n, 1))
    pt = rng.exponential(size=(n, most)) ** 3 * here
    return pt, 1 + 0.4 * rng.normal(size=(n, most)), 3 + 0.4 * rng.normal(size=(n, most))


def test_axes_are_fastjets_exclusive_kt_jets() -> None:
    fastjet = pytest.importorskip("fastjet")
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, 1000.0)
    pt, eta, phi = random_jets(120, 50, seed=1)
    tau = n_subjettiness(pt, eta, phi, r0=0.8)
    for jet in range(len(pt)):
        p, y, f = (x[jet][pt[jet] > 0] for x in (pt, eta, phi))
        momenta = np.stack([p * np.cos(f), p * np.sin(f), p * np.sinh(y), p * np.cosh(y)], axis=1).tolist()
        sequence = fastjet.ClusterSequence([fastjet.PseudoJet(*m) for m in momenta], definition)
        for n in (1, 2, 3):
            if len(p) <= n:
                assert tau[jet, n - 1] == 0
                continue
            axes = sequence.exclusive_jets(n)
            around = [(f - a.phi() + np.pi) % (2 * np.pi) - np.pi for a in axes]
            nearest = np.min([np.hypot(y - a.rap(), d) for a, d in zip(axes, around, strict=True)], axis=0)
            assert tau[jet, n - 1] == pytest.approx((p * nearest).sum() / p.sum() / 0.8, abs=1e-12)


def test_two_equal_constituents() -> None:
    # Back to back in η about the axis: it lies half-way, each is 0.15 away.
    tau = n_subjettiness(np.full((1, 2), 7.0), np.array([[0.15, -0.15]]), np.zeros((1, 2)), r0=0.5)
    assert tau[0] == pytest.approx([0.15 / 0.5, 0, 0], abs=1e-14)


def test_two_prongs_of_two_have_small_tau_21() -> None:
    pt = np.array([[50.0, 50.0, 40.0, 40.0]])
    eta = np.array([[0.0, 0.02, 0.5, 0.52]])
    tau = n_subjettiness(pt, eta, np.zeros((1, 4)), r0=1.0)[0]
    assert tau[1] == pytest.approx(0.01, abs=1e-5)
    assert 0.2 < tau[0] < 0.3
    # With three axes one pair is resolved: the softer, whose distance 40² · 0.02² was the last but one to merge.
    assert tau[2] in (pytest.approx(0.01 * 80 / 180, abs=1e-5), pytest.approx(0.01 * 100 / 180, abs=1e-5))


def test_invariances() -> None:
    pt, eta, phi = random_jets(200, 30, seed=2)
    tau = n_subjettiness(pt, eta, phi, r0=1.0)
    order = numpy_rng(3, "order").permutation(pt.shape[1])
    same = {
        "scale of pT": n_subjettiness(2.5 * pt, eta, phi, r0=1.0),
        "boost along the beam": n_subjettiness(pt, eta - 1.7, phi, r0=1.0),
        "rotation about the beam": n_subjettiness(pt, eta, (phi + 2.9) % (2 * np.pi), r0=1.0),
        "mirror": n_subjettiness(pt, -eta, phi, r0=1.0),
        "order": n_subjettiness(pt[:, order], eta[:, order], phi[:, order], r0=1.0),
        "r0": 0.4 * n_subjettiness(pt, eta, phi, r0=0.4),
    }
    for name, other in same.items():
        np.testing.assert_allclose(other, tau, atol=1e-9, err_msg=name)


def test_a_jet_alone_is_as_among_others() -> None:
    pt, eta, phi = random_jets(BLOCK + 40, 12, seed=4)
    tau = n_subjettiness(pt, eta, phi, r0=1.0)
    for jet in (0, 17, BLOCK, BLOCK + 39):
        alone = n_subjettiness(pt[jet:jet + 1], eta[jet:jet + 1], phi[jet:jet + 1], r0=1.0)
        np.testing.assert_allclose(alone[0], tau[jet], rtol=0, atol=1e-13)


def test_few_constituents() -> None:
    tau = n_subjettiness(np.array([[0.0, 0.0], [3.0, 0.0]]), np.ones((2, 2)), np.ones((2, 2)), r0=1.0)
    assert (tau == 0).all()
    assert n_subjettiness(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((0, 4)), r0=1.0).shape == (0, 3)


def test_images_are_constituents_at_the_centres_of_pixels() -> None:
    grid = Grid.square(25, 0.4)
    images = np.zeros((3, 25, 25), np.float32)
    images[0, 12, 12], images[0, 20, 3] = 30, 10
    images[1, 5, 5] = 1
    tau = tau_from_images(images, grid)
    eta, phi = np.array([[0.0, grid.eta[20]]]), np.array([[0.0, grid.phi[3]]])
    expected = n_subjettiness(np.array([[30.0, 10.0]]), eta, phi, r0=0.4)[0]
    assert tau["tau_1"][0] == pytest.approx(expected[0])
    assert expected[0] > 0.1
    assert all(tau[name][1] == 0 and tau[name][2] == 0 for name in tau)
    assert tau["tau_21"][0] == 0


def test_pixels_under_the_threshold_are_left_out() -> None:
    grid = Grid.square(5, 1.0)
    images = np.zeros((1, 5, 5))
    images[0, 2, 2], images[0, 2, 4] = 10, 2e-3
    assert tau_from_images(images, grid)["tau_1"][0] > 0
    assert tau_from_images(images, grid, threshold=1e-2)["tau_1"][0] == 0
