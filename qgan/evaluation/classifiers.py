"""Classifiers that tell jets apart, each with what it sees of a jet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .features import features
from .sample import Sample
from .two_sample import Fit, fit_network, fit_trees

#: A network as tagger is trained on at most this many jets of each class.
IMAGE_JETS = 3000
#: Trees a tagger is trained on at most this many jets of each class.
TABLE_JETS = 20_000


@dataclass(frozen=True)
class Eyes:
    """A classifier and what it sees of a jet.

    Attributes:
        name: of what it sees, the ``observable`` of its rows.
        kind: of classifier, in a word.
        see: the array of a sample.
        fit: the classifier.
        most: training jets of each class at most.
    """

    name: str
    kind: str
    see: Callable[[Sample], np.ndarray]
    fit: Fit
    most: int


TREES = Eyes("features", "trees", features, fit_trees, TABLE_JETS)
NETWORK = Eyes("images", "network", lambda sample: sample.images, fit_network, IMAGE_JETS)
