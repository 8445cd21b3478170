"""What a file holds, on a first look: named arrays whose rows are read as they are needed, and attributes.

HDF5 files, NumPy's archives and NumPy's arrays look alike through it, so that a format is known by the names and
shapes of its arrays, whatever they are packed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..base.errors import DataError
from ..base.io import stand_in

#: More names than this are not listed in an error.
_LISTED = 12
#: What the first bytes of a file say of it, and what stands in a message.
SIGNATURES = {b"\x89HDF": "HDF5", b"PK\x03\x04": "npz", b"PK\x05\x06": "npz", b"\x93NUM": "npy", b"PAR1": "Parquet",
              b"root": "ROOT", b"\x1f\x8b\x08": "gzip", b"BZh": "bzip2", b"\xfd7zX": "xz", b"SIMP": "FITS",
              b"CDF\x01": "NetCDF 3"}


class Reader(Protocol):
    """``read(start, stop)`` gives rows as they are stored; with a dtype, converted."""

    def __call__(self, start: int, stop: int, dtype: type | None = None) -> np.ndarray: ...


@dataclass(frozen=True)
class Rows:
    """An array in a file: its shape, what it is made of, and ``read(start, stop)`` for its rows."""

    shape: tuple[int, ...]
    read: Reader
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float64))


@dataclass(frozen=True)
class Contents:
    """A file on a first look.

    Attributes:
        path: of the file.
        kind: ``HDF5``, ``npz``, ``npy``, ``Parquet``, ``ROOT``, ... or ``unknown``, by the first bytes.
        keys: the names of its arrays (and groups); of one .npy array alone ``array``, or the fields of its records.
        open: the rows of an array; raises :class:`DataError` for what is no array of numbers.
        attributes: of the file, as plain values: texts, numbers and lists of them.
        close: ends what holds the file open, for a format that opens it by other means.
    """

    path: str
    kind: str
    keys: tuple[str, ...] = ()
    open: Callable[[str], Rows] = lambda key: Rows((), lambda start, stop, dtype=None: np.empty(0))
    attributes: Mapping[str, Any] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None

    def rows(self, key: str) -> Rows:
        """The rows of an array.

        Raises:
            DataError: there is no such key, or it is no array of numbers.
        """
        if key not in self.keys:
            raise DataError(self.path, key, f"no such {'key' if self.kind == 'HDF5' else 'array'}; the file holds "
                                            f"{listed(self.keys)}")
        return self.open(key)

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of an array; none of what is no array, for a format that looks whether it knows the file."""
        try:
            return self.open(key).shape if key in self.keys else ()
        except DataError:
            return ()

    def read(self, key: str, start: int, stop: int, dtype: type = np.float32) -> np.ndarray:
        """Rows of an array, converted while they are read, so that no float64 copy is held.

        Raises:
            DataError: the stored data are damaged or no numbers.
        """
        rows = self.rows(key)
        with refused(self.path, key, "cannot be read: damaged, or no array of numbers"):
            return rows.read(start, stop, dtype)

    def seen_as(self, arrays: Mapping[str, Rows]) -> Contents:
        """The same file as if it held other arrays."""
        return replace(self, keys=tuple(arrays), open=arrays.__getitem__)

    def count(self, first: str, dimensions: int, others: Sequence[str] = ()) -> int:
        """The number of jets: of rows of ``first``, which the others must have too.

        Raises:
            DataError: a key is missing, has another number of rows or of dimensions, or the file holds no jet.
        """
        shape = self.rows(first).shape
        if len(shape) != dimensions:
            raise DataError(self.path, first, f"shape {shape}, expected {dimensions} dimensions with the jets first")
        for key in others:
            if (found := self.rows(key).shape) != shape[:1]:
                raise DataError(self.path, key, f"shape {found}, expected {shape[:1]} as there are images")
        if not shape[0]:
            raise DataError(self.path, first, "holds no jets")
        return int(shape[0])


@contextmanager
def refused(path: str | Path, key: str, problem: str) -> Iterator[None]:
    """For a call into a library that reads files: whatever it raises is one :class:`DataError` of the file and key."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(path, key, problem) from error


def listed(names: Sequence[str]) -> str:
    """The names for a message, the first dozen of them."""
    if not names:
        return "nothing"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(name[:60] for name in sorted(names)[:_LISTED]) + more


def check_file(path: str | Path) -> None:
    """Raises :class:`DataError` unless there is a file that is not empty."""
    path = Path(path)
    if problem := stand_in(path):
        raise DataError(path, "", problem)
    if not path.exists():
        raise DataError(path, "", "no such file" + (" (a link to nothing)" if path.is_symlink() else ""))
    if not path.is_file():
        raise DataError(path, "", f"is {'a folder' if path.is_dir() else 'a pipe or a device'}, expected a file")
    if path.stat().st_size == 0:
        raise DataError(path, "", "is empty (0 bytes)")


def first_bytes(path: str | Path) -> bytes:
    """By which a kind of file is known; none if there is no file that can be read."""
    try:
        if not Path(path).is_file():  # a pipe that nobody writes to would be waited for
            return b""
        with Path(path).open("rb") as stream:
            return stream.read(4)
    except OSError:
        # Who opens the file says what is wrong with the path.
        return b""


def kind_of(path: str | Path) -> str:
    """The kind of a file by its first bytes; HDF5 may begin later, after a header of the user's own."""
    start = first_bytes(path)
    return next((kind for signature, kind in SIGNATURES.items() if start.startswith(signature)), "unknown")


def plain(value: Any) -> Any:
    """A stored attribute as text, number or list of them; bytes are decoded."""
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value] if value.ndim else plain(value[()])
    if isinstance(value, np.generic):
        value = value.item()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
