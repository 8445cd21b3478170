"""What jets are asked for: values and ranges that all share, distributions, or a table with a row for each jet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ..base.errors import ConditionError
from ..base.notes import note
from .conditions import ConditionDensity, Conditions, Fixed
from .table import Table
from .wishes import Normal, Plain

#: What is done with values outside the training range.
Outside = Literal["refuse", "clip"]
#: Jets that are made where nobody says how many.
DEFAULT = 10_000
#: Kernel widths a column that the nearest training jet may be away from what is given together.
MAX_DISTANCE = 3.0
#: Rows that an error names.
_NAMED = 5


@dataclass(frozen=True)
class Asked:
    """What is asked of each jet, checked against what a generator was trained on.

    Attributes:
        label: the class of all jets; None where the density or the table says it.
        fixed: values and ranges by condition.
        drawn: distributions by condition.
        table: a row for each jet.
        far: whether what is given together may be far from all training jets.
    """

    label: int | None = None
    fixed: Mapping[str, Fixed] = field(default_factory=dict)
    drawn: Mapping[str, Normal | np.ndarray] = field(default_factory=dict)
    table: Table | None = None
    far: bool = False

    @classmethod
    def of(cls, density: ConditionDensity, label: int | None, wishes: Mapping[str, Plain],
           table: Table | None, outside: Outside = "refuse") -> Asked:
        """Checks what is asked.

        Raises:
            ConditionError: values outside the training range, with their rows, unless they are to be clipped; or a
                condition that is asked for twice.
        """
        if outside not in ("refuse", "clip"):
            raise ConditionError(f"outside: {outside!r}, expected 'refuse' or 'clip'")
        twice = [name for name in wishes if table and name in table.columns]
        if twice or (label is not None and table and table.label is not None):
            raise ConditionError(f"{twice[0] if twice else 'label'}: is a column of the table; do not fix it too")
        fixed, drawn = dict[str, Fixed](), dict[str, Normal | np.ndarray]()
        for name, wish in wishes.items():
            if isinstance(wish, Normal):
                low, high = density.edges(name, label)
                if not low <= wish.mean <= high:
                    raise ConditionError(f"{name}: the mean of {wish} is outside the training range {low:.6g} to "
                                         f"{high:.6g}")
                drawn[name] = wish
            elif isinstance(wish, np.ndarray):
                drawn[name] = _within(density, name, wish, label, outside, f"{name}: value")
            else:
                fixed[name] = _shared(density, name, wish, label) if isinstance(wish, tuple | list) else wish
        if table is not None or drawn:
            for c in [label] if table is None or table.label is None else np.unique(table.label).tolist():
                density.check(fixed, c)
        if table is not None:
            labels = label if table.label is None else table.label
            table = replace(table, columns={name: _within(density, name, values, labels, outside,
                                                          f"{table.where}: {name}: row")
                                            for name, values in table.columns.items()})
        return cls(label, fixed, drawn, table, outside == "clip")

    def count(self, n: int | None) -> int:
        """How many jets are made where ``n`` are asked for.

        Raises:
            ConditionError: the table has fewer rows.
        """
        if self.table is None:
            return DEFAULT if n is None else n
        if n is not None and n > len(self.table):
            raise ConditionError(f"n: {n}, but {self.table.where} has {len(self.table)} rows")
        return len(self.table) if n is None else n

    def to_dict(self) -> dict[str, Any]:
        """What a file of the jets remembers: plain values."""
        drawn = {name: str(source) if isinstance(source, Normal) else f"{len(source)} values"
                 for name, source in self.drawn.items()}
        table = {} if self.table is None else {"conditions": {"from": self.table.where, "columns": [
            *(["label"] if self.table.label is not None else []), *self.table.columns]}}
        return {"fixed": {**self.fixed, **drawn}, **table}

    def conditions(self, density: ConditionDensity, rng: np.random.Generator, start: int, size: int,
                   wanted: int) -> Conditions:
        """Conditions of jets ``start`` to ``start + size``, of which the first ``wanted`` matter.

        Raises:
            ConditionError: no training jet is near to what is given together; names the row.
        """
        if self.table is None and not self.drawn:
            return density.sample(size, rng, self.label, self.fixed, wanted)
        label = None if self.label is None else np.full(size, self.label)
        given = {name: np.full(size, value) for name, value in self.fixed.items()
                 if not isinstance(value, tuple | list)}
        ranges = {name: value for name, value in self.fixed.items() if name not in given}
        for name, source in self.drawn.items():
            uniform = rng.random(size)
            given[name] = (source.draw(uniform, *density.edges(name, self.label)) if isinstance(source, Normal)
                           else source[(uniform * len(source)).astype(np.int64)])
        if self.table is not None:
            some = self.table.part(start, wanted, size)
            given, label = given | some.columns, label if some.label is None else some.label
        found = density.fill(given, rng, label, ranges, wanted)
        if not self.far and found.distance is not None and found.distance[:wanted].max() > MAX_DISTANCE:
            row = int(found.distance[:wanted].argmax())
            told = ", ".join(f"{name} {values[row]:.6g}" for name, values in given.items())
            where = "jet" if self.table is None else f"{self.table.where}: row"
            raise ConditionError(f"{where} {start + row}: no training jet of class {found.label[row]} is near to "
                                 f"{told} together")
        return found


def _shared(density: ConditionDensity, name: str, asked: tuple[float, float], label: int | None) -> Fixed:
    """What a range has in common with the training range; all of it where that is nothing, for the error."""
    edges = density.edges(name, label)
    low, high = max(asked[0], edges[0]), min(asked[1], edges[1])
    if (low, high) == tuple(asked) or low >= high:
        return asked
    note("generated jets", name, f"{low:.6g} to {high:.6g} is what {asked[0]:.6g} to {asked[1]:.6g} and the training "
                                 "range have in common, and where they are made")
    return low, high


def _within(density: ConditionDensity, name: str, values: np.ndarray, label: np.ndarray | int | None, outside: Outside,
            where: str) -> np.ndarray:
    """Values (M,) within the training range."""
    low, high = (np.empty(len(values)) for _ in range(2))
    classes = density.classes if isinstance(label, np.ndarray) else [label]
    for c in classes:
        mine = label == c if isinstance(label, np.ndarray) else slice(None)
        low[mine], high[mine] = density.edges(name, c)
    # Values may reach beyond the range by rounding of what was printed.
    slack = 1e-6 * np.maximum(abs(low), abs(high))
    beyond = np.flatnonzero((values < low - slack) | (values > high + slack))
    if len(beyond) and outside == "refuse":
        first = beyond[0]
        more = f"; so are {len(beyond) - 1} others, first {', '.join(map(str, beyond[1:_NAMED]))}" * (len(beyond) > 1)
        raise ConditionError(f"{where} {first}: {values[first]:.6g} is outside the training range {low[first]:.6g} to "
                             f"{high[first]:.6g}{more} (outside='clip', --outside clip in the shell, takes the edge)")
    return np.clip(values, low, high)


#: Jets as they come.
ANY = Asked()
