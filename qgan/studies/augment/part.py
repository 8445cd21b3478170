"""One size, one turn: N jets, their generator, the taggers that are trained with both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...base.devices import resolve_device
from ...base.errors import ConfigError
from ...base.progress import progress
from ...base.seeding import integer_seed
from ...data.jets import JetImages
from ...runs import kept
from ...runs.configuration import Configuration
from ...sampling.source import JetSource
from .amplification import Power, power
from .generators import generator_of, sample
from .held_out import HeldOut, measured
from .plan import Results, StudyPlan
from .subsets import COPIES, GENERATED, MIXED, REAL, SAW_MORE, TaggerJets, draw, flip_of, observe, training_sets
from .taggers import scores


class Given(NamedTuple):
    """A trained generator that was given, and a checksum of its checkpoint."""

    source: JetSource
    checksum: str


@dataclass(frozen=True)
class Part:
    """A size and a turn of a study; what is finished is kept in the study's folder, in one of the part's own."""

    jets: HeldOut
    configuration: Configuration
    plan: StudyPlan
    study: Path
    size: int
    turn: int
    given: Given | None = None
    quiet: bool = False

    @property
    def folder(self) -> Path:
        return self.study / f"jets_{self.size}_{self.turn}"

    @property
    def checkpoint(self) -> Path:
        """Of the generator."""
        return self.folder / "generator.pt"

    @cached_property
    def chosen(self) -> np.ndarray:
        """Positions in the pool of the N jets: all that the generator ever sees."""
        return draw(self.jets.pool, self.size, self.plan.seed, self.turn)

    @cached_property
    def real(self) -> JetImages:
        return self.jets.pool[self.chosen]

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

    @property
    def unfinished(self) -> int:
        """Taggers to train, and one more if there are histograms to fill."""
        return len(self._untrained) + bool(self._unfilled)

    def tag(self, results: Results) -> None:
        """Trains every tagger in every way, and scores the test jets."""
        # First, since it has a bar of its own.
        ways = self._ways() if self._untrained else {}
        with progress(len(self._scored), self._name("taggers"), "trainings", quiet=self.quiet) as bar:
            for (tagger, way), file in self._scored.items():
                found = kept.arrays(file, partial(self._scores, tagger, way, ways))
                results.scores[self.size, tagger, way].append(found["scores"])
                bar.update()

    def fill(self, results: Results) -> None:
        """Compares the histograms of many generated jets with those of jets the generator did not see."""
        found = self._powers(self._unfilled) if self._unfilled else {}
        for name, file in self._filled.items():
            for group, values in kept.plain(file, partial(found.__getitem__, name)).items():
                results.powers[self.size, group, name].append(Power(**values))

    @cached_property
    def _scored(self) -> dict[tuple[str, str], Path]:
        """Where scores are kept, by tagger and way of training it."""
        ways = dict.fromkeys((REAL, COPIES, GENERATED, MIXED), "")
        if self.given:
            ways |= dict.fromkeys(SAW_MORE, f"_{self.given.checksum}")
        return {(tagger, way): self.folder / f"{tagger}_{way.replace(' ', '_')}{of_whom}.npz"
                for tagger in self.plan.taggers for way, of_whom in ways.items()}

    @cached_property
    def _filled(self) -> dict[str, Path]:
        """Where the power of an observable is kept."""
        settings = f"{self.plan.power_jets}_{self.plan.bins}_{self.plan.truth_jets}"
        return {name: self.folder / f"power_{settings}_{name}.json" for name in self.plan.observables}

    @property
    def _untrained(self) -> list[tuple[str, str]]:
        return [names for names, file in self._scored.items() if not file.is_file()]

    @property
    def _unfilled(self) -> tuple[str, ...]:
        return tuple(name for name, file in self._filled.items() if not file.is_file())

    def _scores(self, tagger: str, way: str, ways: dict[str, TaggerJets]) -> dict[str, np.ndarray]:
        device = resolve_device(self.configuration.device)
        found = scores(tagger, ways[way], self.jets.observed_test, self.seed("tagger"), device)
        return {"scores": found.astype(np.float32)}

    def _ways(self) -> dict[str, TaggerJets]:
        given = None
        if self.given is not None:
            n = self.plan.generated_per_real * self.size
            given = observe(sample(self.given.source, n, self.seed("given jets")))
        return dict(training_sets(observe(self.real), observe(self.generated()), given, self.seed("split"),
                                  flip_of(self.real)))

    def _powers(self, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        """By observable and class."""
        made = sample(self.source, 2 * self.plan.power_jets, self.seed("power jets"))
        fake = measured(made, names)
        found: dict[str, dict[str, Any]] = {name: {} for name in names}
        for label in (0, 1):
            truth = self.jets.truth(self.chosen, label)
            for name in names:
                try:
                    one = power(truth[name], fake[name][made.label == label], self.size // 2, self.plan.bins)
                except ValueError as error:
                    raise ConfigError(f"observables: {name} of {made.name(label)} jets: {error}") from error
                found[name][made.name(label)] = one._asdict()
        return found

    def _name(self, what: str) -> str:
        return f"{self.size} jets, seed {self.turn + 1} of {self.plan.seeds}, {what}"
