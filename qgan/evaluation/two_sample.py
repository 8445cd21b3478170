"""Classifier two-sample test: how well a classifier tells real from generated jets (AUC 0.5: not at all).

A classifier is a function ``fit(training, validation, seed)`` of two pairs of samples, (label 0, label 1),
which returns a function from jets to scores: :func:`fit_trees` on features, :func:`fit_network` on images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.ensemble import HistGradientBoostingClassifier

from ..taggers.residual import ImageClassifier

#: A test's p-value below this is written as this: the normal approximation is not to be trusted further.
SMALLEST_P = 1e-300
Pair = tuple[np.ndarray, np.ndarray]
Predict = Callable[[np.ndarray], np.ndarray]
Fit = Callable[[Pair, Pair, int], Predict]


@dataclass(frozen=True)
class Trial:
    """One split of a two-sample test.

    Attributes:
        auc: area under the ROC curve on the test fifth.
        jsd: lower bound of the Jensen-Shannon divergence in bits, 1 − cross-entropy / ln 2, not below 0.
        p_value: of the hypothesis AUC = 0.5 (Mann-Whitney, one-sided).
        real, fake: scores of the test jets.
    """

    auc: float
    jsd: float
    p_value: float
    real: np.ndarray
    fake: np.ndarray


def roc_auc(background: np.ndarray, signal: np.ndarray) -> float:
    """Probability that a signal score is above a background score, ties counting half."""
    ranks = rankdata(np.concatenate([background, signal]))
    n = len(signal)
    return float((ranks[len(background):].sum() - n * (n + 1) / 2) / (n * len(background)))


def auc_spread(n_background: int, n_signal: int) -> float:
    """Standard deviation of the AUC of scores that know nothing."""
    return float(np.sqrt((n_background + n_signal + 1) / (12 * n_background * n_signal)))


def auc_p_value(auc: float, n_background: int, n_signal: int) -> float:
    """One-sided p-value of an AUC above 0.5 on jets that the classifier has not seen."""
    return float(max(norm.sf((auc - 0.5) / auc_spread(n_background, n_signal)), SMALLEST_P))


def one_trial(real: np.ndarray, fake: np.ndarray, seed: int, repeat: int, fit: Fit) -> Trial:
    """Each sample dealt into 60 % training, 20 % validation (early stopping) and 20 % test."""
    rng = np.random.default_rng([seed, repeat])
    training, validation, test = zip(*(_deal(x, rng) for x in (real, fake)), strict=True)
    predict = fit(training, validation, seed + repeat)
    scores = [predict(x) for x in test]
    auc = roc_auc(*scores)
    return Trial(auc, jsd_bound(*scores), auc_p_value(auc, *map(len, scores)), *scores)


def fit_trees(training: Pair, validation: Pair, seed: int) -> Predict:
    """Boosted trees on features (N, d)."""
    trees = boosted_trees(seed)
    # A quarter of what they are fitted on decides when they stop, so they get the validation jets too.
    trees.fit(np.concatenate([*training, *validation]), np.concatenate([_labels(training), _labels(validation)]))
    return lambda x: trees.predict_proba(x)[:, 1]


def fit_network(training: Pair, validation: Pair, seed: int) -> Predict:
    """The residual network on images (N, H, W), GeV."""
    network = ImageClassifier(seed)
    return network.fit(np.concatenate(training), _labels(training),
                       (np.concatenate(validation), _labels(validation)))


def boosted_trees(seed: int, iterations: int = 100) -> HistGradientBoostingClassifier:
    """The classifier of every test here; a quarter of what it is fitted on decides when it stops."""
    return HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=iterations, max_leaf_nodes=31, min_samples_leaf=20, early_stopping=True,
        validation_fraction=0.25, n_iter_no_change=10, random_state=seed % 2**32)


def _deal(x: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    return [x[index] for index in np.split(rng.permutation(len(x)), np.round([0.6 * len(x), 0.8 * len(x)]).astype(int))]


def _labels(parts: Pair) -> np.ndarray:
    return np.repeat([0, 1], [len(p) for p in parts])


def jsd_bound(background: np.ndarray, signal: np.ndarray) -> float:
    """Lower bound of the Jensen-Shannon divergence in bits, from probabilities of label 1 of both samples."""
    tiny = 1e-12
    entropy = -(np.log(np.maximum(1 - background, tiny)).mean() + np.log(np.maximum(signal, tiny)).mean()) / 2
    return float(max(0.0, 1 - entropy / np.log(2)))
