"""Taggers: what tells the two classes of jets apart, trained on one set of jets and applied to another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ..metrics import boosted_trees
from ..metrics.image_classifier import ImageClassifier
from ..seeding import integer_seed
from .subsets import Observed, TaggerJets

#: Jets that pass through the network in a training, and passes over them at least and at most: with twelve passes over
#: 200 jets it has not learned what they can teach.
JETS_SEEN = 40_000
EPOCHS = 12, 60
#: Trees at most; jets in a leaf, the bounds of their least number.
TREES, LEAF = 200, (5, 100)

#: Scores of the test jets, (N,), larger for label 1; from jets to train on, test jets, a seed and a device.
Tagger = Callable[[TaggerJets, Observed, int, torch.device], np.ndarray]


def trees(jets: TaggerJets, test: Observed, seed: int, device: torch.device) -> np.ndarray:
    """Boosted trees on all observables of the image."""
    # In proportion to the jets, so that copies alone change nothing; few jets need large leaves, within reason.
    leaf = int(np.clip(len(jets.train) // 6, *LEAF))
    model = boosted_trees(integer_seed(seed, "trees"), TREES).set_params(min_samples_leaf=leaf)
    model.fit(jets.train.values, jets.train.jets.label, X_val=jets.validation.values,
              y_val=jets.validation.jets.label)
    return model.predict_proba(test.values)[:, 1]


def network(jets: TaggerJets, test: Observed, seed: int, device: torch.device) -> np.ndarray:
    """A convolutional network on the images."""
    epochs = int(np.clip(JETS_SEEN // len(jets.train), *EPOCHS))
    model = ImageClassifier(integer_seed(seed, "network"), epochs=epochs, device=device, patience=max(4, epochs // 4))
    model.fit(jets.train.jets.images, jets.train.jets.label,
              (jets.validation.jets.images, jets.validation.jets.label))
    return model.predict(test.jets.images)


#: By name, as the command line and the results have it.
TAGGERS: dict[str, Tagger] = {"trees": trees, "cnn": network}
