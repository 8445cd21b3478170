"""What trained models reach beside the scores that need no training, as a table and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from qgan.base.console import aligned

from .scoring import Quantity, Score

#: ``trivial`` needs no training on images, ``fitted`` is a control that does, ``model`` is what is judged.
Kind = Literal["model", "trivial", "fitted"]
#: The figures of a score, and what a table calls them.
HEADS = {"auc": "AUC", "equal_nnz": "at equal NNZ", "equal_pt": "at equal pT", "follows_nnz": "corr. NNZ",
         "sic": "max SIC", "rejection_30": "1/ε_B at 30 %", "rejection_50": "1/ε_B at 50 %"}


@dataclass(frozen=True)
class ScoreRow:
    """One kind of score, of one training or of several with different seeds, on the same jets.

    Attributes:
        name: what the score is.
        kind: see :data:`Kind`.
        scores: one a training.
    """

    name: str
    kind: Kind
    scores: list[Score]

    def figure(self, name: str) -> Quantity | None:
        """Mean over the trainings, with the mean statistical error of one; None where one has no such figure."""
        figures: list[Quantity | None] = [getattr(score, name) for score in self.scores]
        found = [f for f in figures if f is not None]
        if len(found) < len(figures):
            return None
        return Quantity(float(np.mean([f.value for f in found])), float(np.mean([f.error for f in found])))

    def figures(self) -> dict[str, Quantity | None]:
        """All of them by name, as in :data:`HEADS`."""
        return {name: self.figure(name) for name in HEADS}

    @property
    def auc(self) -> Quantity:
        """The AUC, which every score has."""
        found = self.figure("auc")
        assert found is not None
        return found

    @property
    def spread(self) -> float | None:
        """Standard deviation of the AUC over the trainings; None for one."""
        return self.spread_of("auc")

    def spread_of(self, name: str) -> float | None:
        """The same of any figure; None too where one training has no such figure."""
        found: list[Quantity | None] = [getattr(score, name) for score in self.scores]
        values = [f.value for f in found if f is not None]
        return float(np.std(values, ddof=1)) if len(values) == len(found) > 1 else None

    def to_dict(self) -> dict[str, Any]:
        means = {name: figure and vars(figure) for name, figure in self.figures().items()}
        return {"name": self.name, "kind": self.kind, **means, "spread_of_auc": self.spread,
                "trainings": [score.to_dict() for score in self.scores]}


@dataclass(frozen=True)
class Report:
    """How well scores tell unusual jets from usual ones.

    Attributes:
        usual: the class that was trained on.
        rows: all scores.
        about: what else there is to say, by name: jets, reconstruction.
    """

    usual: str
    rows: list[ScoreRow]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def best_trivial(self) -> ScoreRow:
        """The trivial score with the largest AUC."""
        return max((row for row in self.rows if row.kind == "trivial"), key=lambda row: row.auc.value)

    def verdicts(self) -> list[str]:
        """A sentence for each model that is no better than chance, or than the best trivial score."""
        best, found = self.best_trivial, []
        for row in self.rows:
            if row.kind != "model":
                continue
            if row.auc.value <= 0.5:
                found.append(f"{row.name}: AUC {row.auc.value:.3f}, no better than chance")
            elif row.auc.value <= best.auc.value:
                found.append(f"{row.name}: AUC {row.auc.value:.3f} is below the trivial score '{best.name}', "
                             f"{best.auc.value:.3f}: it says nothing about jets that counting does not")
        return found

    def table(self) -> str:
        """The rows as lines of text, with the verdicts below."""
        heads = ["AUC ± bootstrap", "over seeds", *list(HEADS.values())[1:]]
        return "\n".join([aligned([("", *heads), *(_cells(row) for row in self.rows)]), "", *self.verdicts()]).rstrip()

    def to_dict(self) -> dict[str, Any]:
        return {"usual": self.usual, **self.about, "scores": [row.to_dict() for row in self.rows],
                "best_trivial": self.best_trivial.name, "verdicts": self.verdicts()}


def _cells(row: ScoreRow) -> Sequence[str]:
    spread = "" if row.spread is None else f"± {row.spread:.3f} ({len(row.scores)})"
    auc, *others = ("-" if figure is None else str(figure) for figure in row.figures().values())
    return row.name, auc, spread, *others
