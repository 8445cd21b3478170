"""Real and generated jets in slices of a condition: do the distributions move with it alike?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...base.errors import DataError
from ...data import JetImages
from ...data.matching import matched
from ...evaluation.distributions import wasserstein
from ...observables.arrays import observables
from ...observables.registry import unit

#: Conditions that slices are cut in.
CONDITIONS = ("eta", "pt", "mass")
#: What is looked at in the slices.
OBSERVED = ("mass", "pt", "width", "nnz", "tau_21")
#: What can be asked for and measured on the image.
ASKED = ("mass", "pt")
#: Fewer jets of a class in a slice than this, and nothing is said of it.
FEWEST = 20


@dataclass(frozen=True)
class Side:
    """An observable of one side's jets in a slice: mean and standard deviation, each with its standard error."""

    n: int
    mean: float
    mean_error: float
    spread: float
    spread_error: float


@dataclass(frozen=True)
class Slice:
    """An observable in a slice of a condition.

    Attributes:
        group: name of the class.
        condition: that the slice is cut in; ``low`` and ``high`` are its edges, ``centre`` the mean of real jets.
        observable: what is looked at; ``mass - asked`` and ``pt - asked`` are closure.
        unit: of the observable.
        real, generated: the two sides.
        w1: Wasserstein-1 between them in standard deviations of the slice's real jets.
        w1_floor: the same between two halves of the real jets, scaled to this many jets.
        pull: difference of the means over its error.
    """

    group: str
    condition: str
    low: float
    high: float
    centre: float
    observable: str
    unit: str
    real: Side
    generated: Side
    w1: float
    w1_floor: float
    pull: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def slices(real: JetImages, fake: JetImages, bins: int = 5) -> list[Slice]:
    """Every observable of every class in ``bins`` slices of each condition with as many real jets in each.

    Args:
        real, fake: jets with the conditions they were asked for (real ones: their own).
        bins: number of slices.

    Raises:
        DataError: the two differ in pixels, frame or classes, or share no condition.
    """
    fake = matched(real, fake)
    shared = [name for name in CONDITIONS if name in real.conditions and name in fake.conditions]
    if not shared:
        raise DataError(fake.source, "jet_eta, jet_pt, jet_mass", "none of them is in both sets of jets")
    found = []
    for label in real.classes:
        if label in fake.classes:
            sides = real.only(label), fake.only(label)
            values = [_measured(side) for side in sides]
            for condition in shared:
                found += list(_of_condition(real.name(label), condition, sides, values, bins))
    return found


def _measured(jets: JetImages) -> dict[str, np.ndarray]:
    values = observables(jets.images, jets.grid, names=OBSERVED, units=jets.units)
    return values | {f"{name} - asked": values[name] - jets.conditions[name] for name in ASKED
                     if name in jets.conditions}


def _of_condition(group: str, condition: str, sides: tuple[JetImages, JetImages],
                  values: list[dict[str, np.ndarray]], bins: int) -> Iterator[Slice]:
    asked = [np.asarray(side.conditions[condition], np.float64) for side in sides]
    edges = np.quantile(asked[0], np.linspace(0, 1, bins + 1))
    places = [np.searchsorted(edges[1:-1], column, side="right") for column in asked]
    for i in range(bins):
        chosen = [np.flatnonzero(place == i) for place in places]
        if min(map(len, chosen)) < FEWEST:
            continue
        for name in values[0]:
            a, b = (table[name][index] for table, index in zip(values, chosen, strict=True))
            mine, theirs = side(a), side(b)
            scale = a.std() or 1.0
            error = np.hypot(mine.mean_error, theirs.mean_error)
            yield Slice(group, condition, float(edges[i]), float(edges[i + 1]), float(asked[0][chosen[0]].mean()), name,
                        unit(name.removesuffix(" - asked")), mine, theirs, wasserstein(a, b) / scale,
                        _floor(a, len(b)) / scale, float((theirs.mean - mine.mean) / error) if error > 0 else 0.0)


def side(values: np.ndarray) -> Side:
    """Mean and standard deviation with their errors; that of the latter from the fourth moment."""
    n, mean, spread = len(values), float(values.mean()), float(values.std(ddof=1))
    fourth = float(((values - mean) ** 4).mean())
    variance_error = np.sqrt(max(fourth - spread**4 * (n - 3) / (n - 1), 0.0) / n)
    return Side(n, mean, spread / np.sqrt(n), spread, float(variance_error / (2 * spread)) if spread > 0 else 0.0)


def _floor(real: np.ndarray, n_fake: int) -> float:
    """W1 between interleaved halves of the real jets, scaled by the number of jets: W1 falls as √(1/n + 1/m)."""
    half = len(real) // 2
    between = wasserstein(real[0:2 * half:2], real[1:2 * half:2])
    return between * float(np.sqrt((1 / len(real) + 1 / n_fake) / (2 / half)))
