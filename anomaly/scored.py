"""Jets of both classes and what trained models say of them: each model runs over the jets once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qgan.base.devices import resolve_device
from qgan.base.errors import ConfigError
from qgan.data.jets import JetImages

from .counting import Sample
from .detector import Detector, load_detector


@dataclass(frozen=True)
class Scored:
    """Jets with their scores.

    Attributes:
        jets: of both classes.
        sample: which of them are usual, and what counting says of each.
        models: the detectors of each kind, by a name that says what they are.
        values: what each of them says, in the same order: (N,) by ``model`` and ``model, density``.
        controls: (N,) by name, without a network; those of the first detector.
    """

    jets: JetImages
    sample: Sample
    models: dict[str, list[Detector]]
    values: dict[str, list[dict[str, np.ndarray]]]
    controls: dict[str, np.ndarray]

    @classmethod
    def of(cls, models: dict[str, list[Detector]], jets: JetImages) -> Scored:
        """Runs every model once.

        Raises:
            DataError: jets that do not fit a detector.
        """
        first = next(iter(models.values()))[0]
        values = {name: [detector.scores(jets) for detector in members] for name, members in models.items()}
        return cls(jets, Sample.of(jets, first.usual), models, values, first.controls(jets))

    @property
    def usual(self) -> str:
        """The class that the models were trained on."""
        return next(iter(self.models.values()))[0].usual


def load_models(runs: str | Path | Sequence[str | Path], device: str = "auto") -> dict[str, list[Detector]]:
    """The detectors of run folders, those of one kind together.

    Raises:
        QganError: a folder without a finished training, or models of different classes.
    """
    folders = [runs] if isinstance(runs, (str, Path)) else list(runs)
    detectors = [load_detector(run, resolve_device(device)) for run in folders]
    usual = {detector.usual for detector in detectors}
    if len(usual) > 1:
        raise ConfigError(f"data.normal: the runs were trained on different classes, {' and '.join(sorted(usual))}")
    return grouped(detectors)


def grouped(detectors: Sequence[Detector]) -> dict[str, list[Detector]]:
    """Detectors of the same model and preprocessing together, under a name that says what they are."""
    found: dict[tuple[str, str], list[Detector]] = {}
    for detector in detectors:
        found.setdefault((repr(detector.options), repr(detector.preprocessing)), []).append(detector)
    named: dict[str, list[Detector]] = {}
    for members in found.values():
        model, seen = members[0], members[0].preprocessing
        name = f"{model.options.name} {seen.size} x {seen.size} {seen.scaling}, {model.model.n_parameters:,} parameters"
        named[name if name not in named else f"{name} ({len(named) + 1})"] = members
    return named
