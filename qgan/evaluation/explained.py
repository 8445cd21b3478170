"""What a referee goes by: which observables, which pixels, which jets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.seeding import numpy_rng
from ..taggers import Seen, join
from ..taggers.training import FittedNetwork
from .referee import Dealt, Trained
from .rows import Evidence
from .two_sample import roc_auc

#: Jets that a referee is surest about.
SUREST = 6
#: Test jets a side that an importance, or a mean gradient, is measured on at most.
_MOST = 2500


def importance(trained: Trained, dealt: Dealt, names: Sequence[str], seed: int) -> dict[str, float]:
    """Permutation importance: AUC on test jets less that with one observable shuffled among all of them.

    Args:
        trained: a referee on observables, the columns ``names``.

    Returns:
        By name, the largest first. Of two observables that say the same each may seem to be of none.
    """
    tests = _shown(dealt)
    table, cut, rng = tests.observables, min(len(dealt.real_test), _MOST), numpy_rng(seed, "shuffled")

    def auc(x: np.ndarray) -> float:
        scores = trained.fitted.scores(Seen(observables=x))[:, 1]
        return roc_auc(scores[:cut], scores[cut:])

    whole, lost = auc(table), {}
    for column, name in enumerate(names):
        shuffled = table.copy()
        shuffled[:, column] = rng.permutation(table[:, column])
        lost[name] = whole - auc(shuffled)
    return dict(sorted(lost.items(), key=lambda item: -item[1]))


def evidence(network: FittedNetwork, dealt: Dealt, trained: Trained, group: str) -> Evidence:
    """The test jets that a referee of images is surest about, and its mean gradient."""
    real, fake = np.argsort(trained.real)[:SUREST], np.argsort(-trained.fake)[:SUREST]
    return Evidence(group, dealt.real_test.images[real], dealt.fake_test.images[fake], trained.real[real],
                    trained.fake[fake], network.gradient(_shown(dealt)))


def _shown(dealt: Dealt) -> Seen:
    return join([dealt.real_test[:_MOST], dealt.fake_test[:_MOST]])
