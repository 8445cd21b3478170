"""One line of the table: a model, a control or real jets, with its figures for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .headlines import HeadlineValues, plain


class Spread(NamedTuple):
    """A figure over seeds.

    Attributes:
        mean: over the seeds.
        spread: standard deviation over the seeds; None for one seed.
        error: statistical error of one seed's figure, their mean; None where it is not known.
        seeds: how many.
    """

    mean: float
    spread: float | None
    error: float | None
    seeds: int

    @property
    def uncertainty(self) -> float | None:
        """Standard error of the mean: from the spread over the seeds, or from the figures' own errors if larger."""
        known = [value for value in (self.spread, self.error) if value is not None]
        return max(known) / float(np.sqrt(self.seeds)) if known else None


@dataclass(frozen=True)
class Entry:
    """A line of the table.

    Attributes:
        name: of the configuration, or of the control.
        kind: ``trained``, ``real`` or ``control``.
        seeds: of each training or sample.
        figures: of each seed: by class, then by name; ``all`` for all classes.
        parameters: quantum, core and generator, for what was trained.
        seconds_per_step: median over the runs.
        steps: of the trainings.
        configuration: of the first run, plain values.
    """

    name: str
    kind: str
    seeds: list[int]
    figures: list[dict[str, HeadlineValues]]
    parameters: dict[str, int] | None = None
    seconds_per_step: float | None = None
    steps: int | None = None
    configuration: dict[str, Any] = field(default_factory=dict)

    def figure(self, name: str, group: str = "all") -> Spread | None:
        """A figure over the seeds, None if a seed lacks it."""
        found = [values.get(group, {}).get(name) for values in self.figures]
        known = [figure for figure in found if figure is not None]
        if not known or len(known) < len(found):
            return None
        values = [figure.value for figure in known]
        errors = [figure.error for figure in known if figure.error is not None]
        return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None,
                      float(np.mean(errors)) if errors else None, len(values))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with mean and spread beside each seed's figures."""
        groups = list(self.figures[0])
        summary = {group: {name: spread._asdict() for name in self.figures[0][group]
                           if (spread := self.figure(name, group)) is not None} for group in groups}
        return {"name": self.name, "kind": self.kind, "seeds": self.seeds, "steps": self.steps,
                "parameters": self.parameters, "seconds_per_step": self.seconds_per_step, "figures": summary,
                "by_seed": [plain(values) for values in self.figures], "configuration": self.configuration}


def groups_of(entries: Sequence[Entry]) -> list[str]:
    """The classes that every entry has, ``all`` first."""
    shared = [group for group in entries[0].figures[0] if all(group in f for e in entries for f in e.figures)]
    return sorted(shared, key=lambda group: group != "all")
