"""Taggers of an evaluation, each with what it sees of a jet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..taggers import Seen
from .features import features
from .sample import Sample

#: A network as tagger is trained on at most this many jets of each class.
IMAGE_JETS = 3000
#: Trees a tagger is trained on at most this many jets of each class.
TABLE_JETS = 20_000


@dataclass(frozen=True)
class Eyes:
    """A tagger and what it sees of a jet.

    Attributes:
        name: of what it sees, the ``observable`` of its rows.
        kind: of tagger, in a word.
        see: makes it of a sample.
        tagger: its name.
        most: training jets of each class at most.
    """

    name: str
    kind: str
    see: Callable[[Sample], Seen]
    tagger: str
    most: int


TREES = Eyes("features", "trees", lambda sample: Seen(observables=features(sample)), "trees", TABLE_JETS)
NETWORK = Eyes("images", "network", lambda sample: Seen(images=sample.images), "resnet", IMAGE_JETS)
