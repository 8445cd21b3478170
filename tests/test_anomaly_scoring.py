"""Scores against analytic values, against scikit-learn, and at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from anomaly.scoring import MIN_BACKGROUND, RocCurve, score


@pytest.fixture
def gaussians() -> tuple[np.ndarray, np.ndarray]:
    """Two unit Gaussians, 1 apart: ε_B = Φ(−t), ε_S = Φ(1 − t)."""
    rng = np.random.default_rng(1)
    return rng.normal(0, 1, 40000), rng.normal(1, 1, 40000)


def test_figures_of_two_gaussians(gaussians: tuple[np.ndarray, np.ndarray]) -> None:
    curve = RocCurve.of(*gaussians)
    assert curve.auc() == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.006)
    for efficiency in (0.3, 0.5):
        background = norm.sf(1 - norm.ppf(efficiency))
        assert curve.rejection(efficiency) == pytest.approx(1 / background, rel=0.06)


def test_auc_with_ties_equals_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    background, signal = rng.poisson(5, 800).astype(float), rng.poisson(6, 700).astype(float)
    reference = roc_auc_score(np.r_[np.zeros(800), np.ones(700)], np.r_[background, signal])
    assert RocCurve.of(background, signal).auc() == pytest.approx(reference, abs=1e-12)


def test_figures_do_not_depend_on_the_scale_and_auc_turns_with_the_sign(
        gaussians: tuple[np.ndarray, np.ndarray]) -> None:
    background, signal = (values[:2000] for values in gaussians)
    curve, scaled = RocCurve.of(background, signal), RocCurve.of(np.exp(background), np.exp(signal))
    assert (curve.auc(), curve.sic_maximum(), curve.rejection(0.3)) == (
        scaled.auc(), scaled.sic_maximum(), scaled.rejection(0.3))
    assert RocCurve.of(-background, -signal).auc() == pytest.approx(1 - curve.auc(), abs=1e-12)


def test_sic_looks_only_where_enough_background_passes() -> None:
    background, signal = np.arange(100.0), np.full(50, 1000.0)
    # All signal lies above all background: the first point with 25 background jets is ε_B = 0.25.
    assert RocCurve.of(background, signal).sic_maximum() == pytest.approx(1 / np.sqrt(MIN_BACKGROUND / 100))
    assert RocCurve.of(background[: MIN_BACKGROUND - 1], signal).sic_maximum() == 0.0


def test_rejection_of_a_perfect_score_is_the_number_of_background_jets() -> None:
    assert RocCurve.of(np.zeros(40), np.ones(10)).rejection(0.5) == pytest.approx(40)


def test_a_useless_score_has_no_power() -> None:
    curve = RocCurve.of(np.ones(100), np.ones(50))
    assert (curve.auc(), curve.rejection(0.5), curve.sic_maximum()) == (0.5, 2.0, 1.0)


def test_the_bootstrap_error_of_the_auc_is_that_of_repeated_samples() -> None:
    rng = np.random.default_rng(3)
    samples = [(rng.normal(0, 1, 300), rng.normal(1, 1, 300)) for _ in range(300)]
    spread = np.std([RocCurve.of(*sample).auc() for sample in samples])
    errors = [score("x", *sample, seed=i).auc.error for i, sample in enumerate(samples[:10])]
    assert np.mean(errors) == pytest.approx(spread, rel=0.15)


def test_errors_repeat_with_the_seed_and_scores_must_be_finite(gaussians: tuple[np.ndarray, np.ndarray]) -> None:
    background, signal = (values[:300] for values in gaussians)
    assert score("x", background, signal, seed=5) == score("x", background, signal, seed=5)
    assert score("x", background, signal, seed=5) != score("x", background, signal, seed=6)
    with pytest.raises(ValueError, match="finite"):
        score("x", background, np.append(signal, np.nan))
