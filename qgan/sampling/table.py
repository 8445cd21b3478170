"""A table with a row for each jet, in any of the forms that people have one in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import ConditionError, DataError, did_you_mean
from ..base.notes import note
from ..data import JetImages
from ..data.jets import KEYS
from ..data.tables import read_columns

#: The sum of an image, which the coding ``pixel_mean`` sets: GeV.
IMAGE_PT = "image_pt"
#: Names of columns in files of jets, and what the conditions are called here.
_CALLED = {key: name for name, key in KEYS.items()} | {"signal": "label"}


@dataclass(frozen=True)
class Table:
    """Conditions of N jets, one row each: columns (N,) float64 by name, the classes (N,) or None, and whose it is."""

    where: str
    columns: dict[str, np.ndarray]
    label: np.ndarray | None

    def __len__(self) -> int:
        return len(self.label if self.label is not None else next(iter(self.columns.values())))

    def part(self, start: int, rows: int, size: int) -> Table:
        """``rows`` rows from ``start``, the last of them repeated up to ``size``."""
        index = np.minimum(np.arange(start, start + size), start + rows - 1)
        return Table(self.where, {name: values[index] for name, values in self.columns.items()},
                     None if self.label is None else self.label[index])


def read_table(given: Any, names: Sequence[str], label_of: Callable[[Any], int | None]) -> Table:
    """A table of conditions.

    Args:
        given: a file (CSV, Parquet, HDF5, .npz; a file of jets too), jets, a mapping of columns, a data frame, a
            structured array, or an array (N, 1 + C) of the label and all conditions. A number stands for all rows.
        names: of the conditions that there are; other columns are left out with a note.
        label_of: the class of a label or name.

    Raises:
        ConditionError: no column is a condition, or one stands there twice, or an unknown class.
        DataError: a file that cannot be read, or values that are no finite numbers; names column and row.
    """
    if isinstance(given, Table):
        return given
    where, columns = _columns(given, names)
    allowed = ("label", *names, IMAGE_PT)
    called = [name if name in allowed else _CALLED.get(name, name) for name in columns]
    known = [name for name in called if name in allowed]
    if len({name.replace(IMAGE_PT, "pixel_mean") for name in known}) != len(known) or not known:
        raise ConditionError(f"{where}: holds {', '.join(columns) or 'no columns'}, expected some of "
                             f"{', '.join(allowed)}, each once")
    left = [name for name in called if name not in known]
    if left:
        hints = "".join(did_you_mean(name, names) for name in left[:1])
        called_so = ", ".join(name or "a column without a name" for name in left)
        note(where, called_so, f"no condition of this generator, left out{hints}")
    chosen = dict(zip(called, columns.values(), strict=True))
    rows = np.broadcast_shapes(*(np.shape(chosen[name]) for name in known), (1,))
    if len(rows) != 1 or not rows[0]:
        raise DataError(where, "", f"has shape {rows}, expected columns of at least one row")
    label = _labels(where, np.broadcast_to(chosen["label"], rows), label_of) if "label" in known else None
    return Table(where, {name: _numbers(where, name, np.broadcast_to(chosen[name], rows))
                         for name in known if name != "label"}, label)


def _columns(given: Any, names: Sequence[str]) -> tuple[str, dict[str, np.ndarray]]:
    """Columns by name, and what the errors call them."""
    if isinstance(given, str | Path):
        return str(given), read_columns(given, {"label", *names, IMAGE_PT, *_CALLED})
    if isinstance(given, JetImages):
        return given.source, {"label": np.array(given.class_names)[given.label], **given.conditions}
    if isinstance(given, Mapping):
        return "conditions", {str(name): _array(values) for name, values in given.items()}
    if hasattr(given, "columns"):
        return "conditions", {str(name): _array(given[name]) for name in given.columns}
    array = _array(given)
    if array.dtype.names:
        return "conditions", {name: array[name] for name in array.dtype.names}
    if array.ndim != 2 or array.shape[1] != 1 + len(names):
        raise DataError("conditions", "", f"shape {array.shape}, expected (N, {1 + len(names)}) with label, "
                                          f"{', '.join(names)}; or give columns by name")
    return "conditions", dict(zip(["label", *names], array.T, strict=True))


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)


def _numbers(where: str, name: str, values: np.ndarray) -> np.ndarray:
    """float64, but no finer than float32, in which conditions are kept: texts and numbers then say the same."""
    try:
        numbers = values.astype(np.float32).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(where, name, "holds texts, expected numbers") from error
    if len(bad := np.flatnonzero(~np.isfinite(numbers))):
        raise DataError(where, name, f"row {bad[0]} is {numbers[bad[0]]}, expected a number")
    return numbers


def _labels(where: str, values: np.ndarray, label_of: Callable[[Any], int | None]) -> np.ndarray:
    """Classes (N,), given by number or name."""
    if values.dtype.kind == "f" and (values == values.round()).all():
        values = values.astype(np.int64)
    kinds, index = np.unique(values.astype(str) if values.dtype.kind not in "iub" else values, return_inverse=True)
    try:
        return np.array([label_of(kind.item()) for kind in kinds])[index]
    except ConditionError as error:
        raise ConditionError(f"{where}: {error}") from error
