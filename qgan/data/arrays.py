"""NumPy's own files, whose rows are read as they are needed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from ..base.errors import DataError
from .contents import Contents, Rows, refused

_NO_NUMBERS = "expected an array of numbers in C order"


def open_npy(path: str | Path) -> Rows:
    """The array of a .npy file, mapped into memory.

    Raises:
        DataError: the file is missing, truncated, or holds no array of numbers.
    """
    if not Path(path).is_file():
        raise DataError(path, "", "no such file")
    with refused(path, "", "is no array of numbers in .npy format, or is truncated"):
        return _rows_of(np.load(path, mmap_mode="r", allow_pickle=False))


def npy_contents(path: str) -> Contents:
    """A .npy file: its array, or the fields of its records.

    Raises:
        DataError: as of :func:`open_npy`.
    """
    rows = open_npy(path)
    if rows.dtype.names is None:
        return Contents(path, "npy", ("array",), lambda key: _numbers(path, key, rows))
    with refused(path, "", "is no array of records that can be read"):
        records = np.load(path, mmap_mode="r", allow_pickle=False)
    return Contents(path, "npy", rows.dtype.names, lambda key: _numbers(path, key, _rows_of(records[key])))


def npz_contents(path: str) -> Contents:
    """A .npz file: its arrays.

    Raises:
        DataError: the file is damaged.
    """
    return Contents(path, "npz", tuple(archived_names(path)), lambda key: open_npz(path, key))


def archived_names(path: str) -> list[str]:
    """The arrays in a .npz file."""
    with refused(path, "", "is a damaged or truncated .npz file"), ZipFile(path) as archive:
        return sorted(name.removesuffix(".npy") for name in archive.namelist())


def open_npz(path: str, name: str) -> Rows:
    """An array of a .npz file, unpacked as its rows are read: NumPy would unpack it whole.

    Raises:
        DataError: the file is damaged, or holds no such array of numbers.
    """
    archived = _Archived(path, name)
    return _numbers(path, name, Rows(archived.shape, archived.read, archived.dtype))


def _rows_of(array: np.ndarray) -> Rows:
    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        return np.asarray(array[start:stop], dtype)

    return Rows(array.shape, read, array.dtype)


def _numbers(path: str, name: str, rows: Rows) -> Rows:
    if rows.dtype.kind not in "biuf":
        raise DataError(path, name, _NO_NUMBERS)
    return rows


class _Archived:
    """A stream over the packed rows; it starts again only to go back."""

    def __init__(self, path: str, name: str) -> None:
        self._path, self._name, self._row = path, name, 0
        self._open()

    def read(self, start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        if start < self._row:
            self._stream.close()
            self._open()
        self._unpack(start - self._row, keep=False)
        data = self._unpack(stop - start, keep=True)
        self._row = stop
        return np.frombuffer(data, self.dtype).reshape(stop - start, *self.shape[1:]).astype(dtype or self.dtype)

    def _open(self) -> None:
        with refused(self._path, self._name, "is no array in .npy format, or is truncated"):
            with ZipFile(self._path) as archive:
                # The open member keeps the file open by itself.
                self._stream = archive.open(f"{self._name}.npy")
            version = np.lib.format.read_magic(self._stream)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            self.shape, fortran, self.dtype = header(self._stream)
        if fortran or self.dtype.hasobject:
            raise DataError(self._path, self._name, _NO_NUMBERS)
        self._row, self._width = 0, self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))

    def _unpack(self, rows: int, keep: bool) -> bytes:
        """The bytes of the next rows, or none of them if they are passed over, a bounded piece at a time."""
        wanted = left = rows * self._width
        pieces = []
        with refused(self._path, self._name, "is damaged"):
            while left and (piece := self._stream.read(min(left, 1 << 20))):
                left -= len(piece)
                if keep:
                    pieces.append(piece)
        if left:
            raise DataError(self._path, self._name, f"is truncated: {left} of {wanted} bytes are missing")
        return b"".join(pieces)

    def __del__(self) -> None:
        with suppress(AttributeError):
            self._stream.close()
