"""Classifier two-sample test: how well a tagger tells real from generated jets (AUC 0.5: not at all)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

from ..taggers import TAGGERS, Labelled, Seen, Setting

#: A test's p-value below this is written as this: the normal approximation is not to be trusted further.
SMALLEST_P = 1e-300


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


def one_trial(real: Seen, fake: Seen, seed: int, repeat: int, tagger: str = "trees") -> Trial:
    """Each sample dealt into 60 % training, 20 % validation (early stopping) and 20 % test."""
    rng = np.random.default_rng([seed, repeat])
    training, validation, test = zip(*(_deal(x, rng) for x in (real, fake)), strict=True)
    fitted = TAGGERS[tagger].fit(Labelled.of(*training), Labelled.of(*validation), Setting(seed + repeat))
    scores = [fitted.scores(x)[:, 1] for x in test]
    auc = roc_auc(*scores)
    return Trial(auc, jsd_bound(*scores), auc_p_value(auc, *map(len, scores)), *scores)


def _deal(x: Seen, rng: np.random.Generator) -> list[Seen]:
    return [x[index] for index in np.split(rng.permutation(len(x)), np.round([0.6 * len(x), 0.8 * len(x)]).astype(int))]


def jsd_bound(background: np.ndarray, signal: np.ndarray) -> float:
    """Lower bound of the Jensen-Shannon divergence in bits, from probabilities of label 1 of both samples."""
    tiny = 1e-12
    entropy = -(np.log(np.maximum(1 - background, tiny)).mean() + np.log(np.maximum(signal, tiny)).mean()) / 2
    return float(max(0.0, 1 - entropy / np.log(2)))
