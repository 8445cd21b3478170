"""What is studied, and what came out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from ...base.errors import ConfigError, did_you_mean
from ...observables.registry import measured
from ...taggers import TAGGERS
from .amplification import Power

#: Jets of each class below which neither a generator nor a tagger can be trained.
FEWEST = 20
#: Observables whose histograms are filled; some are among the generator's codings, and so follow its training jets.
WATCHED = ("mass", "pt", "width", "nnz", "ptd", "leading_1", "tau_21", "c2")


@dataclass(frozen=True)
class StudyPlan:
    """What is studied.

    Attributes:
        sizes: numbers N of real jets, half of each class.
        seeds: for each size, so many times other jets, another generator, other taggers.
        seed: the first of them.
        generated_per_real: generated jets that a tagger is given for each real one.
        taggers: of :data:`~qgan.taggers.TAGGERS`; none to leave them out.
        observables: whose histograms are filled; none to leave them out.
        bins: of such a histogram, quantiles of the held-out jets.
        power_jets: generated jets of each class to fill them with.
        truth_jets: held-out jets of each class that they are compared with, at most.
    """

    sizes: tuple[int, ...] = (250, 1000, 4000)
    seeds: int = 3
    seed: int = 0
    generated_per_real: int = 5
    taggers: tuple[str, ...] = ("trees", "resnet")
    observables: tuple[str, ...] = WATCHED
    bins: int = 10
    power_jets: int = 10_000
    truth_jets: int = 25_000

    def check(self) -> None:
        """Raises :class:`ConfigError` where nothing can be computed with a value."""
        for size in self.sizes:
            if size % 2 or size < 2 * FEWEST:
                raise ConfigError(f"sizes: {size}, expected even numbers of at least {2 * FEWEST}: half of each class")
        for name, least in (("seeds", 1), ("generated_per_real", 1), ("bins", 2), ("power_jets", 100),
                            ("truth_jets", 100)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name}: {getattr(self, name)}, expected at least {least}")
        known: Collection[str]
        for name, known in (("taggers", TAGGERS), ("observables", measured())):
            unknown = [value for value in getattr(self, name) if value not in known]
            if unknown:
                raise ConfigError(f"{name}: {unknown[0]!r}, expected some of {', '.join(known)}"
                                  f"{did_you_mean(unknown[0], known)}")
        for name in self.taggers:
            TAGGERS[name]  # or it says what is not installed


@dataclass(frozen=True)
class Results:
    """Everything that was measured.

    Attributes:
        label: (N,) of the test jets.
        scores: of the test jets, by (size, tagger, training); one (N,) for each seed.
        powers: by (size, class name, observable); one for each seed.
    """

    label: np.ndarray
    scores: dict[tuple[int, str, str], list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))
    powers: dict[tuple[int, str, str], list[Power]] = field(default_factory=lambda: defaultdict(list))
