"""The one door to h5py: whatever is wrong with a file is one error that names the file and the key."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..base.errors import DataError
from .contents import Contents, Rows, plain, refused
from .sink import Sink
from .stores import Append

#: The rows that are appended at once are packed in so many chunks, of images 640 kB each: small enough for HDF5's
#: cache, large enough to compress well. One number a jet takes chunks of two such blocks.
_CHUNKS = 8
_UNREADABLE = "cannot be read: damaged, or no array of numbers"


@contextmanager
def open_hdf5(path: str | Path) -> Iterator[Contents]:
    """An HDF5 file, open for reading.

    Raises:
        DataError: it is missing, empty, truncated, open for writing elsewhere, or not HDF5; or its data turn out
            damaged while it is read.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(path, "", "no such file" + (" (a link to nothing)" if path.is_symlink() else ""))
    if not path.is_file():
        raise DataError(path, "", f"is {'a folder' if path.is_dir() else 'a pipe or a device'}, expected a file")
    if path.stat().st_size == 0:
        raise DataError(path, "", "is empty (0 bytes)")
    with refused(path, "", "is damaged"):
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise DataError(path, "", _why(error)) from error
    with file:
        with refused(path, "", "is damaged: its keys cannot be read"):
            keys = tuple(sorted(file))
        attributes = {}
        with refused(path, "", "is damaged: its attributes cannot be read"):
            names = list(file.attrs)
        for name in names:
            with refused(path, name, "is no attribute that can be read"):
                attributes[name] = plain(file.attrs[name])
        yield Contents(str(path), "HDF5", keys, lambda key: _rows(file, str(path), key), attributes, file.close)


@contextmanager
def store(temporary: Path, path: Path, attributes: Mapping[str, Any], rows: int, level: int) -> Iterator[Append]:
    """See :func:`qgan.data.stores.store`. Rows whose arrays are larger than those before make all of them larger."""
    with Sink(temporary) as sink:
        with h5py.File(sink, "w") as file:
            for key, value in attributes.items():
                file.attrs[key] = value

            def append(block: Mapping[str, np.ndarray]) -> None:
                for key, values in block.items():
                    _grow(file, key, values, rows, level)
                sink.check(path)

            yield append
        sink.check(path)


def _grow(file: h5py.File, key: str, values: np.ndarray, rows: int, level: int) -> None:
    if key not in file:
        chunk = 2 * rows if values.ndim == 1 else max(1, rows // _CHUNKS)
        chunks = (chunk, *(max(1, length) for length in values.shape[1:]))
        file.create_dataset(key, (0, *values.shape[1:]), values.dtype, maxshape=(None,) * values.ndim, chunks=chunks,
                            shuffle=True, compression="gzip", compression_opts=level)
    held = file[key]
    start = held.shape[0]
    held.resize((start + len(values), *map(max, held.shape[1:], values.shape[1:])))
    held[(slice(start, None), *map(slice, values.shape[1:]))] = values


def _why(error: OSError) -> str:
    """What is wrong with a file that HDF5 does not open."""
    text = str(error)
    if isinstance(error, PermissionError):
        return "cannot be read: permission denied"
    if error.errno in (errno.EAGAIN, errno.EACCES) or "unable to lock" in text or "already open for write" in text:
        return "is open for writing in another program; wait until that has ended"
    return "is truncated: the end of the file is missing" if "truncated" in text else "is not an HDF5 file"


def _rows(file: h5py.File, path: str, key: str) -> Rows:
    """The rows of a dataset, once it is clear that all that it stands for is there."""
    with refused(path, key, "cannot be opened: damaged, or a link to nothing"):
        dataset = file[key]
        if not isinstance(dataset, h5py.Dataset):
            raise DataError(path, key, "is a group, expected an array")
        shape, dtype = dataset.shape, dataset.dtype
        if shape is None:
            raise DataError(path, key, "is empty, expected an array")
        _check_sources(dataset, path, key)

    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        try:
            return (dataset if dtype is None else dataset.astype(dtype))[start:stop]
        except OSError as error:
            filtered = "filter" in str(error) and "not" in str(error)
            raise DataError(path, key, "is packed with an HDF5 filter that is not installed, or is damaged"
                            if filtered else _UNREADABLE) from error

    return Rows(tuple(int(n) for n in shape), read, dtype)


def _check_sources(dataset: Any, path: str, key: str) -> None:
    """HDF5 reads zeros where the file or the dataset behind a virtual one is missing."""
    if not dataset.is_virtual:
        return
    for source in dataset.virtual_sources():
        if source.file_name == "." or "%b" in source.file_name:
            continue
        places = [Path(path).parent / source.file_name, Path(source.file_name)]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise DataError(path, key, f"is a virtual dataset whose source {source.file_name} is missing")
        with h5py.File(found, "r") as file:
            if source.dset_name not in file:
                raise DataError(path, key, f"is a virtual dataset whose source {found} has no {source.dset_name}")
