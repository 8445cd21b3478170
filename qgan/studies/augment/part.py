"""One size, one turn: N jets, their generator, the taggers that are trained with both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from ...base.devices import resolve_device
from ...base.errors import ConfigError
from ...base.progress import progress
from ...base.seeding import integer_seed, numpy_rng
from ...data.jets import JetImages, concatenate
from ...evaluation.sample import CUT
from ...observables.arrays import observables
from ...runs.configuration import Configuration
from ...sampling.source import JetSource
from .amplification import Power, power
from .generators import generator_of, sample
from .kept import Kept
from .plan import Plan, Results
from .subsets import COPIES, GENERATED, MIXED, REAL, SAW_MORE, Observed, TaggerJets, draw, observe, training_sets
from .taggers import TAGGERS

CHECKPOINT = "generator.pt"


@dataclass(frozen=True)
class Given:
    """A trained generator that was given, and a checksum of its checkpoint."""

    source: JetSource
    checksum: str


class HeldOut:
    """Jets that are measured once for all parts.

    Args:
        pool: what the N jets are drawn from.
        test: what taggers are tested on.
        seed: of the choice, where there are more jets than ``most``.
        most: jets of each class that are the truth of the histograms, less those that a generator saw.
    """

    def __init__(self, pool: JetImages, test: JetImages, seed: int, most: int) -> None:
        self.pool, self.test, self.seed, self.most = pool, test, seed, most

    @cached_property
    def observed_test(self) -> Observed:
        return observe(self.test)

    @cached_property
    def places(self) -> np.ndarray:
        """Where the jets of the truth are among those of the pool, followed by the test jets; ascending."""
        labels = np.concatenate([self.pool.label, self.test.label])
        return np.sort(np.concatenate([
            numpy_rng(self.seed, "truth", label).permutation(np.flatnonzero(labels == label))[:self.most]
            for label in (0, 1)]))

    @cached_property
    def truth_jets(self) -> JetImages:
        """The jets at ``places``."""
        first = len(self.pool)
        return concatenate([self.pool[self.places[self.places < first]],
                            self.test[self.places[self.places >= first] - first]])

    @cached_property
    def _values(self) -> dict[str, np.ndarray]:
        return {}

    def truth(self, names: tuple[str, ...], without: np.ndarray, label: int) -> dict[str, np.ndarray]:
        """Observables of the truth's jets of a class but those at ``without`` in the pool."""
        missing = [name for name in names if name not in self._values]
        if missing:
            self._values.update(measured(self.truth_jets, tuple(missing)))
        held_out = (self.truth_jets.label == label) & ~np.isin(self.places, without)
        return {name: self._values[name][held_out] for name in names}


@dataclass(frozen=True)
class Part:
    """A size and a turn of a study; what is finished is taken from ``kept``."""

    jets: HeldOut
    configuration: Configuration
    plan: Plan
    kept: Kept
    size: int
    turn: int
    given: Given | None = None
    quiet: bool = False

    @cached_property
    def chosen(self) -> np.ndarray:
        """Positions in the pool of the N jets: all that the generator ever sees."""
        return draw(self.jets.pool, self.size, self.plan.seed, self.turn)

    @cached_property
    def real(self) -> JetImages:
        return self.jets.pool[self.chosen]

    @property
    def checkpoint(self) -> Path:
        """Of the generator."""
        return self.kept.part(self.size, self.turn) / CHECKPOINT

    @cached_property
    def source(self) -> JetSource:
        """The generator of these jets, trained now if it is not there yet."""
        configuration = replace(self.configuration, seed=self.seed("generator") % 2**31)
        return generator_of(self.real, configuration, self.checkpoint, label=self._name("generator"), quiet=self.quiet)

    def generated(self, substructure: bool = False) -> JetImages:
        """As many jets as a tagger is given."""
        return sample(self.source, self.plan.generated_per_real * self.size, self.seed("tagger jets"), substructure)

    def seed(self, what: str) -> int:
        return integer_seed(self.plan.seed, what, self.size, self.turn)

    def tag(self, results: Results) -> None:
        """Trains every tagger in every way, and scores the test jets."""
        # First, since it has a bar of its own.
        ways = self._ways() if self.untrained() else {}
        with progress(len(self._names), self._name("taggers"), "trainings", quiet=self.quiet) as bar:
            for (tagger, way), name in self._names.items():
                scores = self.kept.scores(self.size, self.turn, name, partial(self._scores, tagger, way, ways))
                results.scores.setdefault(self.size, {}).setdefault(tagger, {}).setdefault(way, []).append(scores)
                bar.update()

    def fill(self, results: Results) -> None:
        """Compares the histograms of many generated jets with those of jets the generator did not see."""
        missing = self.unfilled()
        found = self._powers(missing) if missing else {}
        for name in self.plan.observables:
            kept = self.kept.values(self.size, self.turn, self._power_name(name), partial(found.__getitem__, name))
            for group, values in kept.items():
                results.powers.setdefault(self.size, {}).setdefault(group, {}).setdefault(name, []).append(
                    Power(**values))

    def untrained(self) -> int:
        """Taggers that are not trained yet."""
        return sum(not self.kept.scores_file(self.size, self.turn, name).is_file() for name in self._names.values())

    def unfilled(self) -> tuple[str, ...]:
        """Observables whose histograms are not filled yet."""
        return tuple(name for name in self.plan.observables
                     if not self.kept.holds(self.size, self.turn, self._power_name(name)))

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        """What the scores are kept as, by tagger and way of training it."""
        ways = (REAL, COPIES, GENERATED, MIXED, *(SAW_MORE if self.given else ()))
        return {(tagger, way): f"{tagger} {way}" + (f" {self.given.checksum}" if self.given and way in SAW_MORE else "")
                for tagger in self.plan.taggers for way in ways}

    def _power_name(self, observable: str) -> str:
        return f"power_{self.plan.power_jets}_{self.plan.bins}_{self.plan.truth_jets}_{observable}"

    def _scores(self, tagger: str, way: str, ways: dict[str, TaggerJets]) -> np.ndarray:
        device = resolve_device(self.configuration.device)
        return TAGGERS[tagger](ways[way], self.jets.observed_test, self.seed("tagger"), device)

    def _ways(self) -> dict[str, TaggerJets]:
        given = None
        if self.given is not None:
            n = self.plan.generated_per_real * self.size
            given = observe(sample(self.given.source, n, self.seed("given jets")))
        return dict(training_sets(observe(self.real), observe(self.generated()), given, self.seed("split")))

    def _powers(self, names: tuple[str, ...]) -> dict[str, dict[str, dict[str, float]]]:
        made = sample(self.source, 2 * self.plan.power_jets, self.seed("power jets"))
        fake = measured(made, names)
        out: dict[str, dict[str, dict[str, float]]] = {name: {} for name in names}
        for label in (0, 1):
            truth = self.jets.truth(names, self.chosen, label)
            for name in names:
                try:
                    found = power(truth[name], fake[name][made.label == label], self.size // 2, self.plan.bins)
                except ValueError as error:
                    raise ConfigError(f"observables: {name} of {made.name(label)} jets: {error}") from error
                out[name][made.name(label)] = found.to_dict()
        return out

    def _name(self, what: str) -> str:
        return f"{self.size} jets, seed {self.turn + 1} of {self.plan.seeds}, {what}"


def measured(jets: JetImages, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Observables by name, (N,) each, with the softest pixels left out as everywhere in an evaluation."""
    return observables(np.where(jets.images < CUT, np.float32(0), jets.images), jets.grid, names=names)
