"""Boosted trees on observables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from .registry import TAGGERS, Alike, Labelled, Setting, Tagger
from .seen import Seen

#: Of trainings that are compared: trees at most; part of the jets in a leaf at least, and how many of the jets of the
#: smallest training that may be.
TREES, LEAF, LEAVES = 200, 1 / 6, (5, 100)


@dataclass(frozen=True)
class FittedTrees:
    """Trained trees."""

    model: HistGradientBoostingClassifier
    steps: int = 0
    seconds: float = 0.0

    @property
    def numbers(self) -> int:
        """A cut for each inner node, a value for each leaf."""
        return sum(len(tree.nodes) for trees in self.model._predictors for tree in trees)

    def scores(self, jets: Seen) -> np.ndarray:
        """(N, classes) probabilities of the classes."""
        return self.model.predict_proba(jets.observables)


def fit(training: Labelled, validation: Labelled | None, setting: Setting) -> FittedTrees:
    """Trees that stop by jets that are set apart: those for validation where trainings are compared, else a quarter."""
    model, (x, y) = _model(setting.seed), (training.jets.observables, training.label)
    if validation is None:
        return FittedTrees(model.fit(x, y))
    more, label = validation.jets.observables, validation.label
    if setting.alike is not None:
        model.set_params(max_iter=TREES, min_samples_leaf=least_in_leaf(len(x), setting.alike))
        return FittedTrees(model.fit(x, y, X_val=more, y_val=label))
    # A quarter of what they are fitted on decides when they stop, so they get the validation jets too.
    return FittedTrees(model.fit(np.concatenate([x, more]), np.concatenate([y, label])))


def least_in_leaf(jets: int, alike: Alike) -> int:
    """Jets in a leaf: what suits the smallest training, in proportion to ``jets``; few jets need large leaves."""
    return round(float(np.clip(LEAF * alike.jets, *LEAVES)) * jets / alike.jets)


def _model(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=100, max_leaf_nodes=31, min_samples_leaf=20, early_stopping=True,
        validation_fraction=0.25, n_iter_no_change=10, random_state=seed % 2**32)


TAGGERS.add("trees", Tagger(fit, "boosted trees on observables", "trees", "observables"))
