"""What a training shows while it runs: quality with its floors, pictures, the circuit's angles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..data import JetImages
from ..evaluation.watch import WATCHED, Watch, subset
from ..report.pages import training_pages
from ..report.plots import mean_images, observable_histograms
from ..runs.recorders import Recorder

#: Jets of each class in a picture.
PICTURED = 16
#: Options that say nothing about how good a generator can get.
_TECHNICAL = ("logging.", "threads", "device")


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

    def look(self, step: int, fake: JetImages, figures: Mapping[str, float], angles: Sequence[np.ndarray]) -> None:
        """The cheap figures with their floors, some jets, and the angles of each quantum layer."""
        self._figures(step, figures, self.watch.floors)
        self._jets(step, "generated", fake)
        self.recorder.histograms(step, {f"circuit/angles {i}": values for i, values in enumerate(angles)})

    def look_closely(self, step: int, fake: JetImages, cheap: Mapping[str, float]) -> dict[str, float]:
        """The costly figures with their floors, which are returned, and every class's means and histograms."""
        figures = self.watch.costly(fake)
        self._figures(step, figures, self.watch.costly_floors)
        for label in self.watch.jets.classes:
            name, real, generated = self.watch.jets.name(label), self.watch.jets.only(label), fake.only(label)
            self.recorder.figure(step, f"means/{name}", mean_images(real, generated))
            self.recorder.figure(step, f"observables/{name}",
                                 observable_histograms(real, generated, label, WATCHED, columns=4,
                                                       w1={"generated": _w1(cheap, name)}))
        return figures

    def finish(self, options: Mapping[str, Any], figures: Mapping[str, float]) -> None:
        """Once, at the end: hyper-parameters and the final figures at a glance, by which runs are ranked."""
        chosen = {key: value for key, value in options.items() if not key.startswith(_TECHNICAL)}
        self.recorder.hyperparameters(chosen, {f"final/{tag.removeprefix('glance/')}": value
                                               for tag, value in figures.items() if tag.startswith("glance/")})

    def _figures(self, step: int, figures: Mapping[str, float], floors: Mapping[str, float]) -> None:
        # A floor is written at each look, so that it is a line beside the curve.
        self.recorder.scalars(step, {f"quality/{tag}": value for tag, value in figures.items()}
                              | {f"floor/{tag}": floors[tag] for tag in figures if tag in floors})

    def _jets(self, step: int, kind: str, jets: JetImages) -> None:
        for label in jets.classes:
            shown = subset(jets.only(label), PICTURED, self.seed)
            self.recorder.images(step, f"jets/{jets.name(label)} {kind}", shown.images)


def _w1(figures: Mapping[str, float], name: str) -> dict[str, float]:
    """W1 of a class by observable."""
    start = f"w1/{name}/"
    return {tag.removeprefix(start): value for tag, value in figures.items() if tag.startswith(start)}
