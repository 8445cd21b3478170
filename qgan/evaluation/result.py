"""What an evaluation says: all rows of one generator's jets, with curves and notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .registry import METRICS, in_order
from .rows import Curve, Evidence, Row


@dataclass(frozen=True)
class Evaluation:
    """All rows of one comparison.

    Attributes:
        rows: in the order of reports, class by class.
        notes: what was left out or reduced, and why, in whole sentences.
        real, fake: where the jets come from.
        settings: n_per_class, seed, quick, pairs of the floor and the like.
        seconds: time it took.
        curves: scores of the classifiers.
        evidence: what a referee of images went by.
    """

    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    real: str = "real"
    fake: str = "generated"
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    curves: list[Curve] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    def find(self, metric: str, observable: str = "", group: str = "all") -> Row:
        """The row of that name.

        Raises:
            KeyError: there is none.
        """
        for row in self.rows:
            if (row.metric, row.observable, row.group) == (metric, observable, group):
                return row
        raise KeyError(f"no row {metric} {observable} {group}".replace("  ", " "))

    def of(self, metric: str, group: str | None = None) -> Iterator[Row]:
        """Every row of a metric (and a class)."""
        return (r for r in self.rows if r.metric == metric and group in (None, r.group))

    def of_group(self, group: str) -> Iterator[Row]:
        """Every row of a class."""
        return (r for r in self.rows if r.group == group)

    def worst(self, metric: str, group: str | None = None) -> Row | None:
        """A metric's worst row; all classes together count only where they are asked for."""
        rows = [r for r in self.of(metric, group) if group or r.group != "all"]
        return max(rows, key=METRICS[metric].severity, default=None)

    def headlines(self, group: str) -> dict[str, Row]:
        """What stands for the metrics of a class, by the headline's name."""
        found = {headline.name: headline.found(list(self.of(metric.name, group)))
                 for metric in in_order() for headline in metric.headlines}
        return {name: row for name, row in found.items() if row is not None}

    def at_a_glance(self) -> dict[str, Row]:
        """Each headline, of the class where it is worst; of all classes together where it has no other."""
        found: dict[str, list[Row]] = {}
        for group in self.groups:
            for name, row in self.headlines(group).items():
                if group != "all" or name not in found:
                    found.setdefault(name, []).append(row)
        return {name: max(rows, key=lambda row: METRICS[row.metric].severity(row)) for name, rows in found.items()}

    @property
    def groups(self) -> list[str]:
        """The classes that occur, ``all`` last."""
        seen = dict.fromkeys(r.group for r in self.rows)
        return sorted(seen, key=lambda g: g == "all")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"real": self.real, "fake": self.fake, "settings": self.settings, "seconds": round(self.seconds, 2),
                "notes": self.notes, "rows": [r.to_dict() for r in self.rows]}
