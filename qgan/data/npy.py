"""NumPy's arrays in files of their own, whose rows are read as they are needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..base.errors import DataError
from .contents import Contents, Rows, check_file, refused

NO_NUMBERS = "expected an array of numbers"
#: Of an array of Python objects.
OBJECTS = "holds Python objects, which are not read; save an array of numbers"


def open_npy(path: str | Path) -> Rows:
    """The array of a .npy file, mapped into memory.

    Raises:
        DataError: the file is missing, truncated, or holds no array of numbers.
    """
    return numbers(path, "", _rows_of(_mapped(path)))


def npy_contents(path: str) -> Contents:
    """A .npy file: its array, or the fields of its records.

    Raises:
        DataError: as of :func:`open_npy`.
    """
    array = _mapped(path)
    if array.dtype.names is None:
        return Contents(path, "npy", ("array",), lambda key: numbers(path, key, _rows_of(array)))
    return Contents(path, "npy", array.dtype.names, lambda key: numbers(path, key, _rows_of(array[key])))


def _mapped(path: str | Path) -> np.ndarray:
    check_file(path)
    with refused(path, "", "is no array of numbers in .npy format, or is truncated"):
        try:
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except ValueError as error:
            if "object" in str(error).lower():
                raise DataError(path, "", OBJECTS) from error
            raise


def _rows_of(array: np.ndarray) -> Rows:
    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        return np.asarray(array[start:stop], dtype)

    return Rows(array.shape, read, array.dtype)


def numbers(path: str | Path, name: str, rows: Rows) -> Rows:
    if rows.dtype.kind not in "biuf":
        raise DataError(path, name, NO_NUMBERS)
    return rows
