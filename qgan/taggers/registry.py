"""What a tagger is: it learns from jets of known classes, and says of others which class each is of.

The same tagger serves three uses: which class a jet is of (``qgan tag``), whether it is real or generated (referees in
an evaluation), and what generated jets are good for as training jets (``qgan augment``). A file registers one::

    TAGGERS.add("my_tagger", Tagger(fit, "my title", kind="network", sees="images"))

where ``fit(training, validation, setting)`` returns a :class:`Fitted`; a torch network becomes a tagger by
:class:`~qgan.taggers.training.Network`. Those of this folder are found by themselves, those of other packages by their
entry points ``qgan.taggers``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch

from ..base.registry import Registry
from .seen import Seen, join


@dataclass(frozen=True)
class Labelled:
    """Jets and their classes.

    Attributes:
        jets: N of them.
        label: (N,) whole numbers from 0 on.

    Raises:
        ValueError: not as many labels as jets, one class alone, or labels other than all whole numbers from 0 on.
    """

    jets: Seen
    label: np.ndarray

    def __post_init__(self) -> None:
        if len(self.jets) < 2 or len(self.jets) != len(self.label):
            raise ValueError(f"{len(self.jets)} jets and {len(self.label)} labels, expected as many of each and at "
                             "least two")
        found = np.unique(self.label)
        if len(found) < 2 or not np.array_equal(found, np.arange(len(found))):
            raise ValueError(f"labels other than all from 0 on: {', '.join(f'{label:g}' for label in found)}")

    @classmethod
    def of(cls, *classes: Seen) -> Labelled:
        """The jets of class 0, then those of class 1, and so on."""
        return cls(join(classes), np.repeat(np.arange(len(classes)), [len(jets) for jets in classes]))

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.label.max()) + 1

    def __len__(self) -> int:
        return len(self.jets)

    def __getitem__(self, index: np.ndarray) -> Labelled:
        return Labelled(self.jets[index], self.label[index])


@dataclass(frozen=True)
class Alike:
    """For trainings on few and on many jets that are compared: all are of one length and one capacity.

    Attributes:
        jets: that the smallest of them is fitted on.
        steps, batch: of networks.
        looks: of networks at the validation jets, the best of which is kept.
        rate: of networks.
    """

    jets: float
    steps: int
    batch: int
    looks: int
    rate: float


@dataclass(frozen=True)
class Setting:
    """How a tagger is trained.

    Attributes:
        seed: of all that is random in it: it draws from generators of its own, since several may train in threads.
        device: where a network computes.
        progress: called after each epoch with the number of them.
        alike: a common length; otherwise each tagger has its own.
    """

    seed: int = 0
    device: str | torch.device = "cpu"
    progress: Callable[[int], None] | None = None
    alike: Alike | None = None


class Fitted(Protocol):
    """A trained tagger.

    Attributes:
        numbers: how many were trained.
        steps, seconds: steps of the training and the time they took; 0 where it has none.
    """

    @property
    def numbers(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    def scores(self, jets: Seen) -> np.ndarray:
        """(N, classes) float64 probabilities of the classes; those of a jet do not depend on the other jets."""


@dataclass(frozen=True)
class Tagger:
    """Attributes:
        fit: trains on the first jets, and stops by the second where there are some.
        title: what it is, in a few words.
        kind: ``trees``, ``network`` or ``number``.
        sees: what of a jet: ``images``, ``particles`` or ``observables``.
        twins: of a quantum tagger, the names of those that tell what its circuit adds.
    """

    fit: Callable[[Labelled, Labelled | None, Setting], Fitted]
    title: str
    kind: Literal["trees", "network", "number"] = "network"
    sees: Literal["images", "particles", "observables"] = "images"
    twins: tuple[str, ...] = ()


TAGGERS: Registry[Tagger] = Registry("tagger", "qgan.taggers", package="qgan.taggers", of=Tagger)
