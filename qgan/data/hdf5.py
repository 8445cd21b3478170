"""The one door to h5py: whatever is wrong with a file is one error that names the file and the key."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..base.errors import DataError
from .contents import Contents, Rows, check_file, plain, refused
from .hdf5_texts import texts_are_sound
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
    check_file(path)
    with refused(path, "", "is damaged"):
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise DataError(path, "", _why(error)) from error
    with file:
        with refused(path, "", "is damaged: its keys cannot be read"):
            named: dict[str, str | bytes] = {_text(key): key for key in file}
        attributes = {}
        with refused(path, "", "is damaged: its attributes cannot be read"):
            names = list(file.attrs)
            header = h5py.h5o.get_info(file.id).addr
            if names and not texts_are_sound(path, file.userblock_size, header):
                raise DataError(path, "", "is damaged: the texts of its attributes cannot be read")
        for name in names:
            with refused(path, _text(name), "is no attribute that can be read"):
                attributes[_text(name)] = plain(file.attrs[name])
        # What a key stands for is looked at once, however often its rows are read.
        look = cache(lambda key: _rows(file, str(path), key, named.get(key) or key))
        yield Contents(str(path), "HDF5", tuple(sorted(named)), look, attributes, file.close)


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
    return "is truncated: the end of the file is missing" if "truncated" in text else (
        "is not an HDF5 file, nor of another kind that is read")


def _text(name: str | bytes) -> str:
    """A name in a file; h5py gives one that is no UTF-8 as bytes."""
    return name if isinstance(name, str) else name.decode(errors="backslashreplace")


def _rows(file: h5py.File, path: str, key: str, name: str | bytes) -> Rows:
    """The rows of a dataset, once it is clear that all that it stands for is there."""
    with refused(path, key, "cannot be opened: damaged, or a link to nothing"):
        dataset = file[name]
        if not isinstance(dataset, h5py.Dataset):
            raise DataError(path, key, "is a group, expected an array")
        shape, dtype = dataset.shape, dataset.dtype
        if shape is None:
            raise DataError(path, key, "is empty, expected an array")
        _check_stored(dataset, path, key)

    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        try:
            return (dataset if dtype is None else dataset.astype(dtype))[start:stop]
        except OSError as error:
            raise DataError(path, key, _unpackable(dataset) or _UNREADABLE) from error

    return Rows(tuple(int(n) for n in shape), read, dtype)


def _unpackable(dataset: h5py.Dataset) -> str:
    """Which filter a dataset is packed with that is not there, if it is one."""
    plan = dataset.id.get_create_plist()
    for code, _, _, name in map(plan.get_filter, range(plan.get_nfilters())):
        if not h5py.h5z.filter_avail(code):
            called = f"{code} {name.decode(errors='replace')}".strip()
            return (f"is packed with the HDF5 filter {called}, which is not installed; repack the file where it is: "
                    "h5repack -f GZIP=4")
    return ""


def _check_stored(dataset: h5py.Dataset, path: str, key: str, through: tuple[tuple[str, str], ...] = ()) -> None:
    """HDF5 reads zeros where nothing was written, or where what a virtual dataset stands for is missing."""
    if dataset.is_virtual:
        if (here := (os.path.realpath(dataset.file.filename), dataset.name)) in through:
            raise DataError(path, key, "is a virtual dataset that leads to itself")
        _check_sources(dataset, path, key, (*through, here))
    elif dataset.external and not all((Path(path).parent / name).is_file() for name, *_ in dataset.external):
        raise DataError(path, key, f"is stored in {dataset.external[0][0]}, which is missing")
    elif dataset.size and dataset.chunks:
        expected = math.prod(-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True))
        if (found := dataset.id.get_num_chunks()) < expected:
            raise DataError(path, key, f"shape {dataset.shape}: only {found} of {expected} chunks were written")
    elif dataset.size and not dataset.id.get_storage_size():
        raise DataError(path, key, f"shape {dataset.shape}: was never written")


def _check_sources(dataset: h5py.Dataset, path: str, key: str, through: tuple[tuple[str, str], ...]) -> None:
    for name, inside in dict.fromkeys((source.file_name, source.dset_name) for source in dataset.virtual_sources()):
        if "%b" in name:
            continue
        places = [Path(path).parent / name, Path(name)]
        found = Path(path) if name == "." else next((place for place in places if place.is_file()), None)
        if found is None:
            raise DataError(path, key, f"is a virtual dataset whose source {name} is missing")
        with h5py.File(found, "r") as file:
            behind = file.get(inside)
            if not isinstance(behind, h5py.Dataset):
                raise DataError(path, key, f"is a virtual dataset whose source {found} has no {inside}")
            _check_stored(behind, path, key, through)
