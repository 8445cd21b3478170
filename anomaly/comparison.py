"""Real against generated jets: models trained on either, scored on both.

Where a generator is good, a model trained on its jets does on real jets what one trained on real jets does, and both
say of generated jets what they say of real ones: the four AUCs of the 2×2 table agree within their errors. Of ``few``
real jets there are two more lines: trained on these alone, and on these and all generated ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from qgan.base.console import aligned
from qgan.base.errors import ConfigError, DataError
from qgan.base.progress import progress
from qgan.data.jets import JetImages, concatenate
from qgan.data.made import generator_of, require_generated, require_real
from qgan.data.matching import matched

from .configuration import Configuration, check
from .detector import Detector
from .evaluation import report_of
from .experiment import fitted
from .preparation import Jets, embedded_usual, jets_of, limited, test_jets
from .report import ScoreRow
from .scored import Scored, grouped
from .scoring import Quantity
from .usual import is_usual, require_only

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
        score: ``score`` for its own, ``density`` for that of its features, ``trivial`` for one without training.
        trained, scored: ``real`` or ``generated``; trained also ``500 real`` and ``500 real + generated`` where few
            are; ``-`` where nothing is trained.
        auc: mean over the seeds and mean statistical error.
        spread: standard deviation over the seeds, None for one.
        equal_nnz: the AUC at equal lit pixels; None where the classes have none in common.
    """

    model: str
    score: str
    trained: str
    scored: str
    auc: Quantity
    spread: float | None
    equal_nnz: Quantity | None

    @classmethod
    def of(cls, row: ScoreRow, trained: str, scored: str) -> Cell:
        kind = "trivial" if row.kind == "trivial" else "density" if row.name.endswith(", density") else "score"
        return cls(row.name.removesuffix(", density"), kind, trained, scored, row.auc, row.spread,
                   row.figure("equal_nnz"))

    def texts(self) -> tuple[str, str]:
        """AUC with spread, and AUC at equal lit pixels."""
        spread = "" if self.spread is None else f" (± {self.spread:.3f})"
        return f"{self.auc}{spread}", "-" if self.equal_nnz is None else str(self.equal_nnz)


@dataclass(frozen=True)
class Comparison:
    """All cells, and the trivial scores of both sides."""

    usual: str
    generator: str
    cells: list[Cell]
    trivial: dict[str, dict[str, Cell]]

    def table(self) -> str:
        """A 2×2 table a model, as lines of text."""
        lines = [["AUC", "trained on", *(head for side in SIDES for head in (f"scored on {side}", "at equal NNZ"))]]
        rows = dict.fromkeys((c.model, c.score, c.trained) for c in self.cells)
        for row in rows:
            cells = {c.scored: c for c in self.cells if (c.model, c.score, c.trained) == row}
            lines.append([f"{row[0]}, {row[1]}", row[2], *(text for side in SIDES for text in cells[side].texts())])
        lines += [[name, "-", *(text for side in SIDES for text in sides[side].texts())]
                  for name, sides in self.trivial.items()]
        return aligned(lines, left=(0, 1))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(configurations: Sequence[Configuration], generated: Jets, real: Jets | None = None, *, seeds: int = 3,
            few: int = 0, quiet: bool = False, n_bootstrap: int = 200) -> Comparison:
    """Trains every model on real and on generated usual jets, and scores each on both.

    Args:
        configurations: one a model, with the same usual class.
        generated: jets of both classes that carry the mark of their generator, or files of them.
        real: jets of both classes, or files of them; by default those that ship.
        seeds: trainings of each model on each side.
        few: real jets, a fifth of which decides when to stop, that two more trainings have: without generated jets,
            and with all usual ones of them, in as many steps. 0 for none.
        quiet: no progress bar.
        n_bootstrap: of the statistical errors.

    Raises:
        QganError: jets without or with a generator's mark on the wrong side, jets that differ in grid, frame or
            classes, or that are too few.
    """
    generated, real = jets_of(generated), None if real is None else jets_of(real)
    usual = _check(configurations, generated, real, seeds)
    cells: list[Cell] = []
    trivial: dict[str, dict[str, Cell]] = {}
    with progress((4 if few else 2) * seeds * len(configurations), "compare", "trainings", quiet=quiet) as bar:
        for configuration in configurations:
            sides = _sides(configuration, generated, real)
            added = _few(sides, generated, configuration, few) if few else {}
            for trained, side in (sides | added).items():
                detectors = []
                for detector in _trained(_as_long(configuration, side, added) if trained in added else configuration,
                                         side, seeds):
                    detectors.append(detector)
                    bar.update()
                for scored in SIDES:
                    found = report_of(Scored.of(grouped(detectors), sides[scored].test), n_bootstrap=n_bootstrap)
                    cells += [Cell.of(row, trained, scored) for row in found.rows if row.kind == "model"]
                    for row in found.rows:
                        # The density of the sum is fitted on the side that was trained on: no single number.
                        if row.kind == "trivial" and "density" not in row.name:
                            trivial.setdefault(row.name, {})[scored] = Cell.of(row, "-", scored)
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
        matched(require_real(real), generated)
    return usual.pop()


def side_of(jets: JetImages, configuration: Configuration) -> Side:
    """Jets of both classes divided: usual ones into training, validation and test; the others are for the test alone.

    Raises:
        DataError: one of the two is missing.
    """
    name = configuration.data.normal
    chosen = is_usual(jets, name)
    usual, others = jets[chosen], jets[~chosen]
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
    train, validation = (embedded_usual(options, split) for split in ("train", "validation"))
    test = test_jets(None, options.jets, options.normal)
    matched(test, generated)
    # Both sides train on as many jets, so that their difference is that of the jets.
    n = min(len(train), len(made.train))
    return {"real": Side(limited(train[:n], options), validation, test),
            "generated": replace(made, train=made.train[:n])}


def _few(sides: dict[str, Side], generated: JetImages, configuration: Configuration, few: int) -> dict[str, Side]:
    """Trainings on few real jets, alone and with all generated ones; both stop by the same real jets."""
    real, more = sides["real"], side_of(generated, configuration)
    if not 5 <= few <= len(real.train):
        raise ConfigError(f"few: {few}, expected 5 to {len(real.train)} real jets")
    train, validation = real.train[:few * 4 // 5], real.train[few * 4 // 5:few]
    both = concatenate([train, *(matched(train, part) for part in (more.train, more.validation))])
    return {f"{few} real": Side(train, validation, real.test),
            f"{few} real + {len(both) - len(train):,} generated": Side(both, validation, real.test)}


def _as_long(configuration: Configuration, side: Side, sides: dict[str, Side]) -> Configuration:
    """As many epochs of fewer jets as have the steps of the largest training."""
    times = max(len(other.train) for other in sides.values()) / len(side.train)
    options = configuration.training
    return replace(configuration, training=replace(options, epochs=round(options.epochs * times)))


def _trained(configuration: Configuration, side: Side, seeds: int) -> Iterator[Detector]:
    for seed in range(configuration.seed, configuration.seed + seeds):
        yield fitted(replace(configuration, seed=seed), side.train, side.validation)[0]

