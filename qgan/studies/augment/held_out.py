"""Jets that no generator saw: what taggers are tested on, and the truth of the histograms."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...base.seeding import numpy_rng
from ...data.jets import JetImages, concatenate
from ...data.units import without_softest
from ...observables.arrays import observables
from ...taggers import Labelled
from .plan import StudyPlan
from .subsets import observe


class HeldOut:
    """Jets that are measured once for all parts of a study.

    Args:
        pool: what each part's N jets are drawn from.
        test: what taggers are tested on.
        plan: has the number of jets of each class that are the truth, less those that a generator saw, at most.
    """

    def __init__(self, pool: JetImages, test: JetImages, plan: StudyPlan) -> None:
        self.pool, self.test, self.plan = pool, test, plan

    @cached_property
    def observed_test(self) -> Labelled:
        return observe(self.test)

    @cached_property
    def places(self) -> np.ndarray:
        """Where the jets of the truth are among those of the pool, followed by the test jets; ascending."""
        labels = np.concatenate([self.pool.label, self.test.label])
        return np.sort(np.concatenate([
            numpy_rng(self.plan.seed, "truth", label).permutation(np.flatnonzero(labels == label))[
                :self.plan.truth_jets] for label in (0, 1)]))

    @cached_property
    def truth_jets(self) -> JetImages:
        """The jets at ``places``."""
        first = len(self.pool)
        return concatenate([self.pool[self.places[self.places < first]],
                            self.test[self.places[self.places >= first] - first]])

    def truth(self, without: np.ndarray, label: int) -> dict[str, np.ndarray]:
        """The plan's observables of the truth's jets of a class but those at ``without`` in the pool."""
        held_out = (self.truth_jets.label == label) & ~np.isin(self.places, without)
        return {name: values[held_out] for name, values in self._values.items()}

    @cached_property
    def _values(self) -> dict[str, np.ndarray]:
        return measured(self.truth_jets, self.plan.observables)


def measured(jets: JetImages, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Observables by name, (N,) each, with the softest pixels left out as everywhere in an evaluation."""
    return observables(without_softest(jets.images, jets.units), jets.grid, names=names, units=jets.units)
