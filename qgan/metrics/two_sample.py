"""Classifier two-sample test: how well boosted trees tell real from generated jets (0.5 is not at all)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.ensemble import HistGradientBoostingClassifier

#: A test's p-value below this is written as this: the normal approximation is not to be trusted further.
SMALLEST_P = 1e-300


@dataclass(frozen=True)
class TwoSampleTest:
    """One value per repeat.

    Attributes:
        auc: area under the ROC curve on the test fifth.
        jsd: lower bound of the Jensen-Shannon divergence in bits, 1 − cross-entropy / ln 2, not below 0.
        p_value: of the hypothesis AUC = 0.5 (Mann-Whitney, one-sided).
    """

    auc: np.ndarray
    jsd: np.ndarray
    p_value: np.ndarray

    @property
    def combined_p(self) -> float:
        """Twice the median, which stays valid however the repeats depend on one another."""
        return float(min(1.0, 2 * np.median(self.p_value)))


def roc_auc(background: np.ndarray, signal: np.ndarray) -> float:
    """Probability that a signal score is above a background score, ties counting half."""
    ranks = rankdata(np.concatenate([background, signal]))
    n = len(signal)
    return float((ranks[len(background):].sum() - n * (n + 1) / 2) / (n * len(background)))


def auc_p_value(auc: float, n_background: int, n_signal: int) -> float:
    """One-sided p-value of an AUC above 0.5 on jets that the classifier has not seen."""
    sigma = np.sqrt((n_background + n_signal + 1) / (12 * n_background * n_signal))
    return float(max(norm.sf((auc - 0.5) / sigma), SMALLEST_P))


def two_sample_test(real: np.ndarray, fake: np.ndarray, seed: int, repeats: int = 5,
                    iterations: int = 100) -> TwoSampleTest:
    """Boosted trees on features, real against generated.

    Each repeat deals each sample into 60 % training, 20 % early stopping and 20 % test.

    Args:
        real, fake: (N, d) and (M, d) features.
        seed: of the splits and the trees.
        iterations: most trees to grow.
    """
    auc, jsd, p_value = [], [], []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        kept, held_out = zip(*(_deal(x, rng) for x in (real, fake)), strict=True)
        trees = boosted_trees(seed + repeat, iterations)
        trees.fit(np.concatenate(kept), _labels(kept))
        scores = [trees.predict_proba(x)[:, 1] for x in held_out]
        auc.append(roc_auc(*scores))
        jsd.append(_jsd_bound(*scores))
        p_value.append(auc_p_value(auc[-1], len(scores[0]), len(scores[1])))
    return TwoSampleTest(np.array(auc), np.array(jsd), np.array(p_value))


def boosted_trees(seed: int, iterations: int = 100) -> HistGradientBoostingClassifier:
    """The classifier of every test here; a quarter of what it is fitted on decides when it stops."""
    return HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=iterations, max_leaf_nodes=31, min_samples_leaf=20, early_stopping=True,
        validation_fraction=0.25, n_iter_no_change=10, random_state=seed % 2**32)


def _deal(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    order = rng.permutation(len(x))
    cut = round(0.8 * len(x))
    return x[order[:cut]], x[order[cut:]]


def _labels(parts: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.repeat([0, 1], [len(p) for p in parts])


def _jsd_bound(background: np.ndarray, signal: np.ndarray) -> float:
    tiny = 1e-12
    entropy = -(np.log(np.maximum(1 - background, tiny)).mean() + np.log(np.maximum(signal, tiny)).mean()) / 2
    return float(max(0.0, 1 - entropy / np.log(2)))
