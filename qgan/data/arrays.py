"""Rows of NumPy's own files, read as they are needed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from ..base.errors import DataError

_BROKEN = (OSError, ValueError, EOFError, BadZipFile, zlib.error)


@dataclass(frozen=True)
class Rows:
    """An array in a file: its shape, and ``read(start, stop)`` for its rows."""

    shape: tuple[int, ...]
    read: Callable[[int, int], np.ndarray]


def open_npy(path: str | Path) -> Rows:
    """The array of a .npy file, mapped into memory.

    Raises:
        DataError: the file is missing, truncated, or holds no array of numbers.
    """
    if not Path(path).is_file():
        raise DataError(path, "", "no such file")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _BROKEN as error:
        raise DataError(path, "", "is no array of numbers in .npy format, or is truncated") from error
    return Rows(array.shape, lambda start, stop: np.asarray(array[start:stop]))


def archived_names(path: str) -> list[str]:
    """The arrays in a .npz file."""
    try:
        with ZipFile(path) as archive:
            return sorted(name.removesuffix(".npy") for name in archive.namelist())
    except _BROKEN as error:
        raise DataError(path, "", "is a damaged or truncated .npz file") from error


def open_npz(path: str, name: str) -> Rows:
    """An array of a .npz file, unpacked as its rows are read: NumPy would unpack it whole.

    Raises:
        DataError: the file is damaged, or holds no such array of numbers.
    """
    if name not in archived_names(path):
        raise DataError(path, name, f"no such array; the file holds {', '.join(archived_names(path)) or 'nothing'}")
    archived = _Archived(path, name)
    return Rows(archived.shape, archived.read)


class _Archived:
    """A stream over the packed rows; it starts again only to go back."""

    def __init__(self, path: str, name: str) -> None:
        self._path, self._name, self._row = path, name, 0
        self._open()

    def read(self, start: int, stop: int) -> np.ndarray:
        if start < self._row:
            self._stream.close()
            self._open()
        self._unpack(start - self._row, keep=False)
        data = self._unpack(stop - start, keep=True)
        self._row = stop
        return np.frombuffer(data, self._dtype).reshape(stop - start, *self.shape[1:])

    def _open(self) -> None:
        try:
            with ZipFile(self._path) as archive:
                # The open member keeps the file open by itself.
                self._stream = archive.open(f"{self._name}.npy")
            version = np.lib.format.read_magic(self._stream)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            self.shape, fortran, self._dtype = header(self._stream)
        except _BROKEN as error:
            raise DataError(self._path, self._name, "is no array in .npy format, or is truncated") from error
        if fortran or self._dtype.hasobject:
            raise DataError(self._path, self._name, "expected an array of numbers in C order")
        self._row, self._width = 0, self._dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))

    def _unpack(self, rows: int, keep: bool) -> bytes:
        """The bytes of the next rows, or none of them if they are passed over, a bounded piece at a time."""
        wanted = left = rows * self._width
        pieces = []
        try:
            while left and (piece := self._stream.read(min(left, 1 << 20))):
                left -= len(piece)
                if keep:
                    pieces.append(piece)
        except _BROKEN as error:
            raise DataError(self._path, self._name, "is damaged") from error
        if left:
            raise DataError(self._path, self._name, f"is truncated: {left} of {wanted} bytes are missing")
        return b"".join(pieces)
