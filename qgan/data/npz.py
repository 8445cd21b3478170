"""NumPy's archives: read as they are unpacked, and written array by array once all rows have come."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from ..base.errors import DataError
from .contents import Contents, Rows, refused
from .npy import OBJECTS, numbers
from .stores import Append

#: The array that holds the attributes, as JSON.
ATTRIBUTES = "attributes"


def npz_contents(path: str) -> Contents:
    """A .npz file: its arrays.

    Raises:
        DataError: the file is damaged.
    """
    attributes = _said(path)
    names = (name for name in archived_names(path) if name != ATTRIBUTES or not attributes)
    return Contents(path, "npz", tuple(names), lambda key: open_npz(path, key), attributes)


def archived_names(path: str) -> list[str]:
    """The arrays in a .npz file."""
    with refused(path, "", "is a damaged or truncated .npz file"), ZipFile(path) as archive:
        names = sorted(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))
        if not names:
            raise DataError(path, "", f"is a zip archive of {len(archive.namelist())} files, none an array (.npy)")
        return names


def open_npz(path: str, name: str) -> Rows:
    """An array of a .npz file, unpacked as its rows are read: NumPy would unpack it whole.

    Raises:
        DataError: the file is damaged, or holds no such array of numbers.
    """
    archived = _Archived(path, name)
    return numbers(path, name, Rows(archived.shape, archived.read, archived.dtype))


def _said(path: str) -> dict[str, Any]:
    """The attributes of an archive that :func:`store` wrote; none of what has another array of that name."""
    with suppress(Exception), ZipFile(path) as archive, archive.open(f"{ATTRIBUTES}.npy") as member:
        return dict(json.loads(str(np.lib.format.read_array(member))))
    return {}


@contextmanager
def store(temporary: Path, path: Path, attributes: Mapping[str, Any], rows: int, level: int) -> Iterator[Append]:
    """See :func:`qgan.data.stores.store`. The rows wait on the disk, since an archive takes one array at a time."""
    spools: dict[str, tuple[IO[bytes], np.ndarray]] = {}
    count = 0
    with ExitStack() as stack:
        def append(block: Mapping[str, np.ndarray]) -> None:
            nonlocal count
            for key, values in block.items():
                if key not in spools:
                    spools[key] = stack.enter_context(TemporaryFile(dir=temporary.parent)), values[:0]
                spools[key][0].write(np.ascontiguousarray(values).data)
            count += len(next(iter(block.values())))

        yield append
        with ZipFile(temporary, "w", ZIP_DEFLATED, compresslevel=level) as archive:
            with _member(archive, ATTRIBUTES) as member:
                np.lib.format.write_array(member, np.array(json.dumps(attributes)))
            for key, (spool, like) in spools.items():
                spool.seek(0)
                with _member(archive, key) as member:
                    header = {"descr": np.lib.format.dtype_to_descr(like.dtype), "fortran_order": False,
                              "shape": (count, *like.shape[1:])}
                    np.lib.format.write_array_header_1_0(member, header)
                    shutil.copyfileobj(spool, member, 1 << 20)


def _member(archive: ZipFile, name: str) -> IO[bytes]:
    """An array of an archive that is written; without the time, so that the same jets make the same file."""
    about = ZipInfo(f"{name}.npy")
    about.compress_type = ZIP_DEFLATED
    return archive.open(about, "w", force_zip64=True)


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
        if self.dtype.hasobject:
            raise DataError(self._path, self._name, OBJECTS)
        if fortran and len(self.shape) > 1:
            raise DataError(self._path, self._name, "is stored in Fortran order, where jets do not follow each other; "
                                                    f"save np.ascontiguousarray({self._name})")
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
