"""Metrics: analytic truths, definitions beside fast code, and what must not change them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from metric_definitions import combined_p, frechet_distance, kernel_distance, mmd2, two_sample_test
from scipy.stats import wasserstein_distance

from qgan.evaluation.closure import binned_wasserstein, closure
from qgan.evaluation.distributions import separation_edges, separation_power, wasserstein
from qgan.evaluation.frechet import extrapolated_frechet, gaussian_frechet
from qgan.evaluation.kernel import kernel_distances, monomials
from qgan.evaluation.neighbours import memorising, nearest_distance, precision_recall
from qgan.evaluation.pictures import mean_image_difference, symmetry_violation, variance_ratio
from qgan.evaluation.resampling import disjoint_pairs, disjoint_parts, error_from_parts
from qgan.evaluation.two_sample import auc_p_value, auc_spread, roc_auc


def gaussians(n: int, d: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def test_wasserstein_of_a_shift_is_the_shift() -> None:
    x = gaussians(500, 1, 0)[:, 0]
    assert wasserstein(x, x + 0.7) == pytest.approx(0.7)
    assert wasserstein(x, x[::-1]) == 0
    assert wasserstein(np.full(10, 3.0), np.full(7, 5.0)) == pytest.approx(2)
    far = gaussians(40_000, 1, 1, 0.3)[:, 0]
    assert wasserstein(gaussians(40_000, 1, 2)[:, 0], far) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 73), (1, 9)])
def test_wasserstein_against_scipy(n: int, m: int) -> None:
    a, b = gaussians(n, 1, 3)[:, 0], gaussians(m, 1, 4)[:, 0].round(1)
    assert wasserstein(a, b) == pytest.approx(wasserstein_distance(a, b))
    assert wasserstein(b, a) == pytest.approx(wasserstein(a, b))


def test_separation_power() -> None:
    a = gaussians(5000, 1, 5)[:, 0]
    edges = separation_edges(a)
    assert len(edges) == 101
    assert separation_power(a, a, edges) == 0
    assert separation_power(a, a + 1000, edges) == pytest.approx(1, abs=0.01)
    assert separation_power(np.array([0.5] * 4), np.array([0.5] * 2 + [1.5] * 2), np.arange(3.0)) \
        == pytest.approx(0.5 * (0.25 / 1.5 + 0.25 / 0.5))


def test_frechet_distance_of_known_gaussians() -> None:
    """Equal axes: d² = |Δμ|² + Σ (σ_a − σ_b)²; a rotation of both changes nothing."""
    mean, spread_a, spread_b = np.array([1.0, 0.0, -2.0]), np.array([1.0, 2.0, 0.5]), np.array([3.0, 2.0, 1.0])
    expected = 5 + 4 + 0 + 0.25
    zero = np.zeros(3)
    assert gaussian_frechet(mean, np.diag(spread_a**2), zero, np.diag(spread_b**2)) == pytest.approx(expected)
    turn = np.linalg.qr(gaussians(3, 3, 6))[0]
    turned = [turn @ np.diag(s**2) @ turn.T for s in (spread_a, spread_b)]
    assert gaussian_frechet(turn @ mean, turned[0], zero, turned[1]) == pytest.approx(expected)
    x = gaussians(4000, 3, 7)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, x + np.array([1, 0, 2])) == pytest.approx(5)


def test_frechet_distance_of_a_singular_sample_is_finite() -> None:
    constant = np.zeros((50, 4))
    assert frechet_distance(gaussians(5000, 4, 8), constant) == pytest.approx(4, rel=0.1)


def test_extrapolation_removes_the_bias() -> None:
    a, b = gaussians(3000, 6, 9), gaussians(3000, 6, 10)
    plain = frechet_distance(a, b)
    value, error = extrapolated_frechet(a, b, np.random.default_rng(0))
    assert plain > 0.004
    assert abs(value) < 0.6 * plain
    assert error < plain
    shifted, _ = extrapolated_frechet(a, gaussians(3000, 6, 11, 0.5), np.random.default_rng(0))
    assert shifted == pytest.approx(6 * 0.25, rel=0.1)


def test_kernel_distance_from_monomials_is_the_one_from_pairs() -> None:
    a, b = gaussians(60, 3, 12), gaussians(60, 3, 13, 0.4)
    phi_a, phi_b = (np.concatenate(list(monomials(x)), axis=1) for x in (a, b))
    assert phi_a.shape == (60, 35)
    np.testing.assert_allclose(phi_a @ phi_b.T, (a @ b.T / 3 + 1) ** 4, rtol=1e-9, atol=1e-12)
    value, _ = kernel_distance(a, b, np.random.default_rng(0), batches=1)
    rng = np.random.default_rng(0)
    i, j = rng.permutation(60)[:30], rng.permutation(60)[:30]
    assert value == pytest.approx(mmd2(a[i], b[j]))


def test_several_kernel_distances_are_those_of_each() -> None:
    x = gaussians(90, 4, 26)
    pairs = list(disjoint_pairs(90, 40, 3, np.random.default_rng(1)))
    values, errors = kernel_distances(x, x, pairs, np.random.default_rng(2), batches=1)
    left, right = ([p[side] for p in pairs] for side in (0, 1))
    rng = np.random.default_rng(2)
    drawn = [[rng.permutation(i)[:20] for i in side] for side in (left, right)]
    np.testing.assert_allclose(values, [mmd2(x[i], x[j]) for i, j in zip(*drawn, strict=True)], rtol=1e-9)
    assert (errors == 0).all()


def test_kernel_distance_is_unbiased() -> None:
    values = [mmd2(gaussians(200, 4, 100 + i), gaussians(200, 4, 200 + i)) for i in range(60)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(60)
    assert mmd2(gaussians(200, 4, 14), gaussians(200, 4, 15, 1.0)) > 10 * np.std(values)


def test_roc_auc_counts_pairs() -> None:
    background, signal = np.array([0.1, 0.4, 0.4]), np.array([0.4, 0.9])
    assert roc_auc(background, signal) == pytest.approx((1 + 0.5 + 0.5 + 3) / 6)


def test_p_value_of_the_null_is_uniform() -> None:
    rng = np.random.default_rng(0)
    p = [auc_p_value(roc_auc(rng.random(80), rng.random(80)), 80, 80) for _ in range(400)]
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.05)


def hidden_in_images(n: int, seed: int, moved: int) -> np.ndarray:
    """Soft noise and two hard pixels, ``moved`` columns apart."""
    rng = np.random.default_rng(seed)
    images = rng.exponential(0.05, (n, 9, 9)).astype(np.float32)
    row, column = rng.integers(0, 9, n), rng.integers(0, 5, n)
    images[np.arange(n), row, column] += 30
    images[np.arange(n), row, column + moved] += 20
    return images


def test_a_network_sees_what_is_in_images_and_nothing_else() -> None:
    same, moved = (two_sample_test(hidden_in_images(600, 30, 2), hidden_in_images(600, 31, m), seed=1,
                                           repeats=1, tagger="resnet") for m in (2, 4))
    assert abs(same[0].auc - 0.5) < 4 * auc_spread(120, 120)
    assert combined_p(same) > 0.001
    assert moved[0].auc > 0.9
    assert combined_p(moved) < 1e-6
    assert moved[0].jsd > 0.2
    assert moved[0].real.shape == (120,)
    assert moved[0].real.mean() < moved[0].fake.mean()


def test_trees_see_a_shift_and_nothing_else() -> None:
    same = two_sample_test(gaussians(1500, 3, 16), gaussians(1500, 3, 17), seed=0, repeats=3)
    assert abs(np.mean([t.auc for t in same]) - 0.5) < 0.05
    assert combined_p(same) > 0.01
    assert max(t.jsd for t in same) < 0.02
    moved = two_sample_test(gaussians(1500, 3, 16), gaussians(1500, 3, 17, 0.5), seed=0, repeats=3)
    # The best AUC of two Gaussians that are d apart is Φ(d/√2).
    assert 0.67 < np.mean([t.auc for t in moved]) < 0.75
    assert combined_p(moved) < 1e-6
    assert np.mean([t.jsd for t in moved]) > 0.05


def test_precision_recall_of_collapse_and_of_strays() -> None:
    real = gaussians(600, 4, 18)
    fine = precision_recall(real, gaussians(600, 4, 19))
    assert min(fine["precision"], fine["recall"], fine["coverage"]) > 0.9
    assert fine["density"] == pytest.approx(1, abs=0.1)
    collapsed = precision_recall(real, 0.01 * gaussians(600, 4, 20))
    assert collapsed["precision"] == 1
    assert collapsed["recall"] < 0.05
    assert collapsed["coverage"] < 0.1
    stray = precision_recall(real, np.concatenate([gaussians(300, 4, 21), gaussians(300, 4, 22, 50)]))
    assert stray["precision"] == pytest.approx(0.5, abs=0.03)


def test_copies_are_found() -> None:
    rng = np.random.default_rng(0)
    train, test, new = (rng.exponential(1, (200, 6, 6)) for _ in range(3))
    reference = nearest_distance(test, train)
    assert memorising(nearest_distance(new, train), reference) == pytest.approx(1, abs=0.05)
    assert memorising(nearest_distance(2 * train, train), reference) < 0.01
    brute = [min(np.linalg.norm(np.sqrt(t / t.sum()) - np.sqrt(x / x.sum())) for x in train) for t in test[:5]]
    np.testing.assert_allclose(reference[:5], brute, rtol=1e-4)


def test_closure_of_known_residuals() -> None:
    rng = np.random.default_rng(0)
    asked = rng.uniform(60, 100, 20_000)
    result = closure(asked + 2 + 3 * rng.normal(size=20_000), asked)
    assert result.bias == pytest.approx(2, abs=0.1)
    assert result.resolution == pytest.approx(3, rel=0.05)
    assert result.r2 == pytest.approx(1 - (4 + 9) / (1600 / 12), abs=0.02)
    perfect = closure(asked, asked)
    assert (perfect.bias, perfect.resolution, perfect.r2) == (0, 0, 1)


def test_wasserstein_in_bins_sees_shuffled_conditions() -> None:
    rng = np.random.default_rng(0)
    asked = rng.uniform(60, 100, 5000)
    measured = asked + rng.normal(size=5000)
    shuffled = rng.permutation(asked)
    assert binned_wasserstein(measured, asked, measured, asked).max() == 0
    assert wasserstein(measured, measured) == 0
    assert binned_wasserstein(measured, asked, measured, shuffled).min() > 5


def test_pictures() -> None:
    images = np.random.default_rng(0).exponential(1, (300, 5, 5))
    assert mean_image_difference(images, images[::-1]) == pytest.approx(0, abs=1e-12)
    assert mean_image_difference(images, 1.1 * images) == pytest.approx(0.1)
    assert variance_ratio(images, 2 * images) == pytest.approx(4)
    assert variance_ratio(images, np.repeat(images.mean(0)[None], 10, 0)) == pytest.approx(0, abs=1e-12)
    assert symmetry_violation(images, images) == 0
    assert symmetry_violation(images, 0 * images) == pytest.approx(1)
    with pytest.raises(ValueError, match="jet by jet"):
        symmetry_violation(images, images[:5])


@pytest.mark.parametrize("function", [wasserstein, frechet_distance, mmd2, precision_recall])
def test_order_of_jets_does_not_matter(function: Callable[..., float]) -> None:
    d = 1 if function is wasserstein else 4
    a, b = gaussians(150, d, 23), gaussians(150, d, 24, 0.3)
    order = np.random.default_rng(0).permutation(150)
    args = [(x[:, 0] if d == 1 else x) for x in (a, b, a[order], b[order[::-1]])]
    assert function(*args[:2]) == pytest.approx(function(*args[2:]), rel=1e-6)


def test_pairs_and_parts_share_no_jet() -> None:
    rng = np.random.default_rng(0)
    for a, b in disjoint_pairs(25, 12, 5, rng):
        assert len(set(a) | set(b)) == 24
    parts = disjoint_parts(23, 4, rng)
    assert sorted(np.concatenate(parts)) == list(range(23))
    assert {len(p) for p in parts} == {5, 6}
    with pytest.raises(ValueError, match="24"):
        next(disjoint_pairs(23, 12, 1, rng))


def test_error_from_parts_is_that_of_a_mean() -> None:
    """For a mean the error must be σ/√N, and four times the jets halve it."""
    errors = []
    for n in (4000, 16_000):
        x = gaussians(n, 40, 25)
        parts = np.array([x[i].mean(0) for i in disjoint_parts(n, 10, np.random.default_rng(0))])
        errors.append(error_from_parts(parts).mean())
    assert errors[0] == pytest.approx(1 / np.sqrt(4000), rel=0.15)
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.2)
