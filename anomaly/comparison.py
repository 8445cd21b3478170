"""Real against generated jets: models trained on either, scored on both.

Where a generator is good, a model trained on its jets does on real jets what one trained on real jets does, and both
say of generated jets what they say of real ones: the four AUCs of the 2×2 table agree within their errors.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qgan.base.console import aligned
from qgan.base.errors import ConfigError, DataError
from qgan.base.progress import progress
from qgan.data.jets import JetImages, check_alike
from qgan.data.shipped import embedded_jets

from .configuration import Configuration, check
from .detector import Detector, load_detector
from .evaluation import report
from .experiment import train_on
from .preparation import Jets, generator_of, jets_of, limited, require_generated, require_real
from .preprocess import require_only
from .report import Report
from .scoring import Figure

SIDES = ("real", "generated")
#: Shares of the usual jets of a file for training, validation and test; all others are test jets.
FRACTIONS = (0.6, 0.1, 0.3)


@dataclass(frozen=True)
class Side:
    """Jets of one side: usual ones to train on and to stop by, and usual and unusual ones to score."""

    train: JetImages
    validation: JetImages
    test: JetImages


@dataclass(frozen=True)
class Cell:
    """The AUC of models trained on one side and scored on one side.

    Attributes:
        model: name of the model.
        score: ``score`` for its own, ``density`` for that of its features.
        trained, scored: ``real`` or ``generated``.
        auc: mean over the seeds and mean statistical error.
        spread: standard deviation over the seeds, None for one.
    """

    model: str
    score: str
    trained: str
    scored: str
    auc: Figure
    spread: float | None


@dataclass(frozen=True)
class Comparison:
    """All cells, and the trivial scores of both sides."""

    usual: str
    generator: str
    cells: list[Cell]
    trivial: dict[str, dict[str, Figure]]

    def table(self) -> str:
        """A 2×2 table a model, as lines of text."""
        lines = [["AUC", "trained on", *(f"scored on {side}" for side in SIDES)]]
        rows = dict.fromkeys((c.model, c.score, c.trained) for c in self.cells)
        for row in rows:
            cells = {c.scored: c for c in self.cells if (c.model, c.score, c.trained) == row}
            lines.append([f"{row[0]}, {row[1]}", row[2], *(_text(cells[side]) for side in SIDES)])
        lines += [[name, "-", *(str(sides[side]) for side in SIDES)] for name, sides in self.trivial.items()]
        return aligned(lines, left=(0, 1))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(configurations: Sequence[Configuration], generated: Jets, real: Jets | None = None, *, seeds: int = 3,
            quiet: bool = False, n_bootstrap: int = 200) -> Comparison:
    """Trains every model on real and on generated usual jets, and scores each on both.

    Args:
        configurations: one a model, with the same usual class.
        generated: jets of both classes that carry the mark of their generator, or files of them.
        real: jets of both classes, or files of them; by default those that ship.
        seeds: trainings of each model on each side.
        quiet: no progress bar.
        n_bootstrap: of the statistical errors.

    Raises:
        QganError: jets without or with a generator's mark on the wrong side, jets that differ in grid, frame or
            classes, or that are too few.
    """
    generated, real = jets_of(generated), None if real is None else jets_of(real)
    usual = _check(configurations, generated, real, seeds)
    cells: list[Cell] = []
    trivial: dict[str, dict[str, Figure]] = {}
    with progress(2 * seeds * len(configurations), "compare", "trainings", quiet=quiet) as bar:
        for configuration in configurations:
            sides = _sides(configuration, generated, real)
            for trained in SIDES:
                detectors = []
                for detector in _trained(configuration, sides[trained], seeds):
                    detectors.append(detector)
                    bar.update()
                for scored in SIDES:
                    found = report(detectors, sides[scored].test, n_bootstrap=n_bootstrap)
                    cells += _cells(found, trained, scored)
                    for row in found.rows:
                        # The density of the sum is fitted on the side that was trained on: no single number.
                        if row.kind == "trivial" and "density" not in row.name:
                            trivial.setdefault(row.name, {})[scored] = row.auc
    return Comparison(usual, generator_of(generated) or "", cells, trivial)


def _check(configurations: Sequence[Configuration], generated: JetImages, real: JetImages | None, seeds: int) -> str:
    """The usual class, if all of it fits together."""
    if not configurations or seeds < 1:
        raise ConfigError(f"{'seeds' if configurations else 'configs'}: expected at least one")
    for configuration in configurations:
        check(configuration)
    usual = {configuration.data.normal for configuration in configurations}
    if len(usual) > 1:
        raise ConfigError(f"data.normal: the configurations differ, {' and '.join(sorted(usual))}")
    require_generated(generated)
    if real is not None:
        check_alike(require_real(real), generated)
    return usual.pop()


def side_of(jets: JetImages, configuration: Configuration) -> Side:
    """Jets of both classes divided: usual ones into training, validation and test; the others are for the test alone.

    Raises:
        DataError: one of the two is missing.
    """
    name = configuration.data.normal
    usual = jets.only(name)
    others = jets[jets.label != jets.class_names.index(name)]
    if not len(others):
        raise DataError(jets.source, "signal", f"holds {name} jets alone, expected others to score too")
    train, validation, test = usual.split(configuration.seed, FRACTIONS)
    if not len(validation) or not len(test):
        raise DataError(jets.source, "signal", f"{len(usual)} {name} jets are too few to train, stop and score on")
    require_only(train, name)
    both = replace(jets, images=np.concatenate([test.images, others.images]),
                   label=np.concatenate([test.label, others.label]), conditions={}, generated=None)
    return Side(limited(train, configuration.data), validation, both)


def _sides(configuration: Configuration, generated: JetImages, real: JetImages | None) -> dict[str, Side]:
    made = side_of(generated, configuration)
    if real is not None:
        return {"real": side_of(real, configuration), "generated": made}
    options = configuration.data
    train, validation = (embedded_jets(options.normal, split) for split in ("train", "validation"))
    test = embedded_jets(options.jets, "test")
    check_alike(test, generated)
    # Both sides train on as many jets, so that their difference is that of the jets.
    n = min(len(train), len(made.train))
    return {"real": Side(limited(train[:n], options), validation, test),
            "generated": replace(made, train=made.train[:n])}


def _trained(configuration: Configuration, side: Side, seeds: int) -> Iterator[Detector]:
    with tempfile.TemporaryDirectory(prefix="anomaly-") as folder:
        for seed in range(configuration.seed, configuration.seed + seeds):
            run = train_on(replace(configuration, seed=seed), side.train, side.validation,
                           out=Path(folder) / str(seed), quiet=True)
            yield load_detector(run.path)


def _cells(found: Report, trained: str, scored: str) -> list[Cell]:
    rows = [row for row in found.rows if row.kind == "model"]
    return [Cell(row.name.removesuffix(", density"), "density" if row.name.endswith(", density") else "score",
                 trained, scored, row.auc, row.spread) for row in rows]


def _text(cell: Cell) -> str:
    return str(cell.auc) + ("" if cell.spread is None else f" (± {cell.spread:.3f})")
