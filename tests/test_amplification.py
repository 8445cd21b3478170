"""How many real jets generated ones are worth: analytic values, and the toys of arXiv:2008.06545."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from qgan.studies.augment.amplification import Power, amplification, power, quantile_edges, shares
from qgan.studies.augment.gain import auc, gain, placements


def test_quantiles_hold_as_many_values_each() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    np.testing.assert_allclose(shares(values, quantile_edges(values, 10)), 0.1, atol=0.0011)
    whole = np.repeat([1.0, 2.0, 3.0], [800, 150, 50])
    np.testing.assert_allclose(shares(whole, quantile_edges(whole, 10)), [0.8, 0.15, 0.05])


def test_fresh_real_jets_are_worth_as_many() -> None:
    """N real jets against N real jets: 1, with at most the spread that its error says; and no bias to be seen."""
    rng, n, size = np.random.default_rng(1), 200, 400
    found = [power(rng.gamma(2, size=3000), rng.gamma(2, size=n), n) for _ in range(size)]
    equal, biases = np.array([p.ratio(n) for p in found]), np.array([p.ratio() for p in found])
    for values, expected in ((equal, 1.0), (biases, 0.0)):
        assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(size)
    said = np.array([np.sqrt(p.bias_variance + p.truth_variance) * n / p.real for p in found])
    assert 0.95 < np.sqrt((said**2).mean()) / biases.std() < 1.3
    together = amplification(found)
    assert together.factor is None
    assert together.at_least is not None
    assert together.at_least > 2.5
    assert together.needed == pytest.approx(n, abs=4 * together.needed_error)  # type: ignore[operator]


def test_the_error_of_a_bias_is_its_spread() -> None:
    rng = np.random.default_rng(8)
    found = [power(rng.gamma(2, size=1500), rng.gamma(2.4, size=2500), 100) for _ in range(300)]
    said = np.mean([p.bias_variance + p.truth_variance for p in found])
    assert np.sqrt(said) == pytest.approx(np.std([p.bias for p in found]), rel=0.1)


def test_a_fitted_gaussian_amplifies_as_its_information_says() -> None:
    """Mean and width fitted to N values: the squared error is tr(J I⁻¹ Jᵀ)/N with I = diag(1, 2) for unit width."""
    rng, n, bins = np.random.default_rng(2), 400, 10
    truth = rng.normal(size=200_000)
    found = []
    for _ in range(120):
        values = rng.normal(size=n)
        found.append(power(truth, rng.normal(values.mean(), values.std(), 30_000), n, bins))
    at = norm.ppf(np.linspace(0, 1, bins + 1))
    slopes = np.stack([-np.diff(norm.pdf(at)), -np.diff(np.nan_to_num(at) * norm.pdf(at))])
    expected = ((slopes[0]**2).sum() + (slopes[1]**2).sum() / 2) / (1 - 1 / bins)
    result = amplification(found)
    assert abs(result.ratio - expected) < 4 * result.ratio_error
    assert result.ratio_error < 0.13 * expected
    assert result.factor == pytest.approx(1 / expected, rel=0.3)
    assert result.needed == pytest.approx(n / (1 - expected), rel=0.1)


def test_a_fitted_camel_back_amplifies_as_its_information_says() -> None:
    """The one-dimensional toy of arXiv:2008.06545: two Gaussians, five parameters fitted to the sample."""
    rng, n, bins = np.random.default_rng(3), 1000, 20
    parameters = np.array([0.5, -4.0, 1.0, 4.0, 1.0])

    def draw(size: int) -> np.ndarray:
        return rng.normal(np.where(rng.random(size) < 0.5, -4.0, 4.0), 1.0)

    truth, found = draw(60_000), []
    for seed in range(25):
        fit = GaussianMixture(2, means_init=[[-4.0], [4.0]], random_state=seed).fit(draw(n)[:, None])
        found.append(power(truth, fit.sample(20_000)[0][:, 0], n, bins))
    result = amplification(found)
    expected = _ratio_by_information(parameters, quantile_edges(truth, bins)) / (1 - 1 / bins)
    assert abs(result.ratio - expected) < 4 * result.ratio_error
    assert 0.1 < expected < 0.5
    assert result.ratio_error < 0.25 * expected


def _ratio_by_information(parameters: np.ndarray, edges: np.ndarray) -> float:
    """tr(J I⁻¹ Jᵀ) of the bins' probabilities, by finite differences on a fine grid."""
    x = np.linspace(-12, 12, 20_001)
    at = np.concatenate([[-np.inf], edges, [np.inf]])

    def density(p: np.ndarray) -> np.ndarray:
        return p[0] * norm.pdf(x, p[1], p[2]) + (1 - p[0]) * norm.pdf(x, p[3], p[4])

    def content(p: np.ndarray) -> np.ndarray:
        return np.diff(p[0] * norm.cdf(at, p[1], p[2]) + (1 - p[0]) * norm.cdf(at, p[3], p[4]))

    steps = 1e-4 * np.eye(5)
    slopes = [(f(parameters + s) - f(parameters - s)) / 2e-4 for f in (density, content) for s in steps]
    scores, jacobian = np.stack(slopes[:5]), np.stack(slopes[5:])
    information = (scores / density(parameters)) @ scores.T * (x[1] - x[0])
    return float(np.trace(jacobian.T @ np.linalg.inv(information) @ jacobian))


def test_a_wrong_generator_is_never_as_good() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(size=20_000)
    result = amplification([power(truth, rng.normal(0.3, 1, 20_000), 2000) for _ in range(3)])
    assert result.needed is None
    assert result.factor is not None
    assert result.factor < 0.2
    # 300 values of the truth have about the same error as any number of these: the factor does not hang on N.
    other = amplification([power(truth, rng.normal(0.3, 1, 20_000), 200) for _ in range(3)])
    assert other.factor == pytest.approx(10 * result.factor, rel=0.1)


def test_more_generators_and_the_truth_make_the_error() -> None:
    one = Power(100, 0.004, 1e-7, 0.0, 0.9, 0.9)
    other = Power(100, 0.006, 1e-7, 0.0, 0.9, 0.9)
    alone, pair = amplification([one]), amplification([one, other])
    assert alone.ratio == pytest.approx(0.4 / 0.9)
    assert alone.ratio_error == pytest.approx(100 / 0.9 * np.sqrt(1e-7))
    assert pair.ratio == pytest.approx(0.5 / 0.9)
    assert pair.ratio_error == pytest.approx(0.1 / 0.9)
    shared = amplification([Power(100, 0.004, 1e-7, 1e-7, 0.9, 0.9)] * 50)
    assert shared.ratio_error == pytest.approx(100 / 0.9 * np.sqrt(1e-7 + 1e-7 / 50))
    assert one.ratio(100) == pytest.approx(1 + 0.4 / 0.9)


@pytest.mark.parametrize(("truth", "message"), [(np.ones(50), "one bin"), (np.ones(1), "at least two")])
def test_a_truth_without_a_histogram_is_refused(truth: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        power(truth, np.arange(5.0), 10)


def test_the_auc_counts_pairs() -> None:
    rng = np.random.default_rng(5)
    label, scores = rng.integers(0, 2, 300), rng.integers(0, 8, 300)
    signal, background = scores[label == 1], scores[label == 0]
    pairs = (signal[:, None] > background).mean() + 0.5 * (signal[:, None] == background).mean()
    below, above = placements(scores, label)
    assert below.mean() == pytest.approx(pairs)
    assert above.mean() == pytest.approx(pairs)
    assert auc([scores], label).value == pytest.approx(pairs)


def test_errors_are_the_spread_over_test_samples() -> None:
    rng = np.random.default_rng(6)
    label = np.repeat([0, 1], 150)
    found = []
    for _ in range(300):
        first = rng.normal(size=300) + label
        second = first + 0.7 * rng.normal(size=300)
        found.append((auc([first], label), gain([first], [second], label)))
    for values in zip(*found, strict=True):
        spread = np.std([v.value for v in values])
        assert np.mean([v.error for v in values]) == pytest.approx(spread, rel=0.12)


def test_a_verdict_needs_more_than_its_margin() -> None:
    rng = np.random.default_rng(7)
    label = np.repeat([0, 1], 2000)
    weak = [rng.normal(size=4000) + label for _ in range(4)]
    strong = [rng.normal(size=4000) + 1.5 * label for _ in range(4)]
    assert gain(strong, weak, label).verdict == "helped"
    assert gain(weak, strong, label).verdict == "hurt"
    again = [rng.normal(size=4000) + label for _ in range(4)]
    assert gain(again, weak, label).verdict == "made no difference that can be told"
    alone = gain(strong[:1], weak[:1], label)
    assert alone.verdict == "made no difference that can be told"
    assert alone.to_dict()["margin"] is None
    # Two trainings with a spread of 0.02 around a gain of 0.03: Student's t with one degree of freedom is wide.
    two = gain([weak[0] + 0.05 * label, weak[1] + 0.3 * label], weak[:2], label)
    assert two.value > 2 * two.error / 3
    assert two.verdict == "made no difference that can be told"
