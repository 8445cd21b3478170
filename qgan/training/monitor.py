"""What a training shows while it runs: quality with its floors, pictures, the circuit's angles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..data import JetImages
from ..evaluation import Evaluation
from ..evaluation.watch import WATCHED, Watch, subset, tagged
from ..report.pages import training_pages
from ..report.plots import mean_images, observable_histograms
from ..runs.configuration import Configuration, telling
from ..runs.recorders import Recorder

#: Jets of each class in a picture.
PICTURED = 16
#: Options that say nothing about how good a generator can get, and those that every table of runs should show.
_TECHNICAL = ("logging.", "threads", "device")
_TELLING = ("seed", "steps", "batch_size", "data.jets", "generator.core", "optimiser.generator_rate")


class Monitor:
    """Tells a recorder what the generator is worth at a step.

    Args:
        recorder: what is told.
        watch: the validation jets and their floors.
        seed: which jets are shown.
        costly: whether :meth:`look_closely` will be called: then its charts have their place.
    """

    def __init__(self, recorder: Recorder, watch: Watch, seed: int, costly: bool) -> None:
        self.recorder, self.watch, self.seed, self.costly = recorder, watch, seed, costly

    def start(self, texts: Mapping[str, str]) -> None:
        """Once, before the first step: text pages by name, the pages of charts, real jets and the floors."""
        for name, text in texts.items():
            self.recorder.text(0, name, text)
        floors = self.watch.floors | (self.watch.costly_floors if self.costly else {})
        self.recorder.layout(training_pages(floors))
        self._jets(0, "real", self.watch.jets)
        self.recorder.scalars(0, {f"floor/{tag}": value for tag, value in floors.items()})

    def look(self, step: int, fake: JetImages, seen: Evaluation, angles: Sequence[np.ndarray]) -> None:
        """What is watched often with its floors, some jets, and the angles of each quantum layer."""
        self._numbers(step, seen, self.watch.floors)
        self._jets(step, "generated", fake)
        self.recorder.histograms(step, {f"circuit/angles {i}": values for i, values in enumerate(angles)})

    def look_closely(self, step: int, fake: JetImages, seen: Evaluation) -> Evaluation:
        """What is watched seldom with its floors, and every class's means and histograms.

        Returns:
            All that was ``seen``, often and seldom.
        """
        closely = self.watch.closely(fake)
        self._numbers(step, closely, self.watch.costly_floors)
        for label in self.watch.jets.classes:
            name, real, generated = self.watch.jets.name(label), self.watch.jets.only(label), fake.only(label)
            told = {"generated": seen}
            self.recorder.figure(step, f"means/{name}", mean_images(real, generated, told))
            self.recorder.figure(step, f"observables/{name}",
                                 observable_histograms(real, generated, label, WATCHED, columns=4, evaluations=told))
        return replace(seen, rows=[*seen.rows, *closely.rows])

    def finish(self, configuration: Configuration, seen: Evaluation) -> None:
        """Once, at the end: what tells the run from others, and the numbers at a glance, by which runs are ranked."""
        ranked = {tag: value for tag, value in tagged(seen).items() if not tag.startswith("quality/")}
        self.recorder.hyperparameters(telling(configuration, _TELLING, _TECHNICAL), ranked)

    def _numbers(self, step: int, seen: Evaluation, floors: Mapping[str, float]) -> None:
        # A floor is written at each look, so that it is a line beside the curve.
        numbers = tagged(seen)
        self.recorder.scalars(step, numbers | {f"floor/{tag}": floors[tag] for tag in numbers if tag in floors})

    def _jets(self, step: int, kind: str, jets: JetImages) -> None:
        for label in jets.classes:
            shown = subset(jets.only(label), PICTURED, self.seed)
            self.recorder.images(step, f"jets/{jets.name(label)} {kind}", shown.images)

