"""What a condition is to be, as a user says it: a value, a range, a Gaussian, values to draw from."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from warnings import catch_warnings, simplefilter

import numpy as np
from scipy.special import ndtr, ndtri

from ..base.errors import ConditionError, DataError
from ..data.contents import kind_of, listed
from ..data.npy import open_npy
from ..data.tables import read_columns
from .conditions import Fixed


@dataclass(frozen=True)
class Normal:
    """A Gaussian to draw a condition from, cut at the edges of the training range.

    Attributes:
        mean, width: in the condition's unit; the width is a standard deviation.
    """

    mean: float
    width: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and 0 < self.width < np.inf):
            raise ConditionError(f"{self}: expected a mean and a positive width, such as normal(80, 5)")

    def __str__(self) -> str:
        return f"normal({self.mean:g}, {self.width:g})"

    def draw(self, uniform: np.ndarray, low: float, high: float) -> np.ndarray:
        """Values (n,) between the edges, by uniform numbers (n,)."""
        lower, upper = ndtr((low - self.mean) / self.width), ndtr((high - self.mean) / self.width)
        return np.clip(self.mean + self.width * ndtri(lower + (upper - lower) * uniform), low, high)


#: What a condition is to be: a value, a range, or a distribution, a Gaussian or values (M,) to draw from.
Plain = Fixed | Normal | np.ndarray
#: The same; a distribution also as the text ``normal(80, 5)`` or as a file of values.
Wish = Plain | str


def read_wish(name: str, wish: Wish) -> Plain:
    """A wish without texts.

    Raises:
        ConditionError, DataError: it says nothing that is known, or the file is none of numbers.
    """
    if isinstance(wish, np.ndarray):
        return _values(name, wish)
    if isinstance(wish, Normal):
        return wish
    if not isinstance(wish, str):
        numbers = tuple(map(float, wish)) if isinstance(wish, tuple | list) else (float(wish),)
        if len(numbers) > 2 or not np.isfinite(numbers).all():
            raise ConditionError(f"{name}: {wish}, expected a finite number, or a lower and an upper one")
        return (numbers[0], numbers[1]) if len(numbers) == 2 else numbers[0]
    if found := re.fullmatch(r"normal\(([^,]+),([^,]+)\)", wish.replace(" ", "")):
        with suppress(ValueError):
            return Normal(float(found[1]), float(found[2]))
    if not Path(wish).is_file():
        raise ConditionError(f"{name}: {wish!r}, expected a number, a range, normal(80, 5) or a file of values")
    if kind_of(wish) == "npy":
        rows = open_npy(wish)
        return _values(wish, rows.read(0, rows.shape[0]))
    with suppress(ValueError), catch_warnings():
        simplefilter("ignore", UserWarning)  # of a file without a number, which is refused below
        return _values(wish, np.loadtxt(wish, np.float64, delimiter="," if wish.endswith(".csv") else None, ndmin=1))
    columns = read_columns(wish, {name})
    if name not in columns and len(columns) != 1:
        raise DataError(wish, name, f"no such column; the file holds {listed(list(columns))}")
    return _values(wish, columns.get(name, next(iter(columns.values()))))


def scaled(wish: Plain, factor: float) -> Plain:
    """The same wish in another unit."""
    if isinstance(wish, Normal):
        return Normal(wish.mean * factor, wish.width * factor)
    return (wish[0] * factor, wish[1] * factor) if isinstance(wish, tuple | list) else wish * factor


def _values(where: str, values: np.ndarray) -> np.ndarray:
    if values.ndim != 1 or not len(values) or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise DataError(where, "", f"shape {values.shape}, {values.dtype}, expected finite numbers to draw from")
    return values.astype(np.float64)
