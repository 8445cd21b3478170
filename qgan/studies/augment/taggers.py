"""Taggers: what tells the two classes of jets apart, trained on one set of jets and applied to another.

Trainings on few real jets and on these with many others are of one length and one capacity, so that only the jets
differ: copies of the real ones change nothing. Every choice here was made on the embedded validation jets.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ...base.seeding import integer_seed
from ...evaluation.two_sample import boosted_trees
from ...taggers.residual import ImageClassifier
from .subsets import VALIDATION, Observed, TaggerJets

#: Of every network: steps, jets in each (no more than the fewest jets there can be), looks at the validation jets, the
#: best of which is kept, and the rate.
STEPS, BATCH, LOOKS, RATE = 400, 32, 10, 1e-3
#: Trees at most; part of the jets in a leaf at least, and how many of the real jets that may be.
TREES, LEAF, LEAVES = 200, 1 / 6, (5, 100)

#: Scores of the test jets, (N,), larger for label 1; from jets to train on, test jets, a seed and a device.
Tagger = Callable[[TaggerJets, Observed, int, torch.device], np.ndarray]


def trees(jets: TaggerJets, test: Observed, seed: int, device: torch.device) -> np.ndarray:
    """Boosted trees on all observables of the image."""
    model = boosted_trees(integer_seed(seed, "trees"), TREES).set_params(min_samples_leaf=least_in_leaf(jets))
    model.fit(jets.train.values, jets.train.jets.label, X_val=jets.validation.values,
              y_val=jets.validation.jets.label)
    return model.predict_proba(test.values)[:, 1]


def least_in_leaf(jets: TaggerJets) -> int:
    """Jets in a leaf: what suits the real jets, in proportion to all there are; few jets need large leaves."""
    # As many jets stop every training of a size, so these tell how many of its real ones are fitted.
    real = len(jets.validation) * (1 - VALIDATION) / VALIDATION
    return round(float(np.clip(LEAF * real, *LEAVES)) * len(jets.train) / real)


def network(jets: TaggerJets, test: Observed, seed: int, device: torch.device) -> np.ndarray:
    """A convolutional network on the images."""
    model = ImageClassifier(integer_seed(seed, "network"), epochs=LOOKS, device=device, rate=RATE, patience=LOOKS,
                            batch=BATCH, period=STEPS // LOOKS)
    model.fit(jets.train.jets.images, jets.train.jets.label,
              (jets.validation.jets.images, jets.validation.jets.label))
    return model.predict(test.jets.images)


#: By name, as the command line and the results have it.
TAGGERS: dict[str, Tagger] = {"trees": trees, "cnn": network}
