"""Reading files of jets in any format that is registered (see :mod:`qgan.data.formats`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DataError
from .contents import Contents, kind_of, listed
from .formats import FORMATS, format_of
from .hdf5 import open_hdf5
from .jets import JetImages
from .npy import npy_contents
from .npz import npz_contents
from .parquet import parquet_contents
from .peculiar import note_peculiar
from .reading import Files, Frame, Paths, Reading
from .root import root_contents
from .source import JetFile, gather


@contextmanager
def open_jets(path: str | Path, options: Reading | None = None) -> Iterator[JetFile]:
    """An open file of jets, its format recognised by what is in it (see the README for the formats).

    Raises:
        DataError: it is missing, damaged, or in none of the formats.
    """
    with open_contents(path) as contents:
        known = format_of(contents)
        if known is None:
            raise DataError(path, "", _of_no_format(contents))
        # Numbers that are none, or infinite, are refused by name, not warned of.
        calm = np.errstate(over="ignore", invalid="ignore")
        source: JetFile = calm(known.open)(contents, options or Reading())
        yield replace(source, read=calm(source.read), format=known.title)


def open_contents(path: str | Path) -> AbstractContextManager[Contents]:
    """What a file holds, on a first look.

    Raises:
        DataError: it is missing or damaged.
    """
    kind = kind_of(path)
    if kind in ("unknown", "HDF5"):  # HDF5 may begin later in the file, and says best what is wrong with a path
        return open_hdf5(path)
    name = str(path)
    if kind in (archives := {"Parquet": parquet_contents, "ROOT": root_contents}):
        return archives[kind](name)
    return nullcontext(npz_contents(name) if kind == "npz" else npy_contents(name) if kind == "npy"
                       else Contents(name, kind))


def read_jets(paths: Paths, *, start: int = 0, stop: int | None = None, **options: Any) -> JetImages:
    """The jets of one file or several, one file after the other, in any format the package knows.

    Classes of further files are paired with those of the first by name.

    Args:
        paths: the files.
        start, stop: the slice to read, counted over all files; memory is needed for these jets alone.
        options: what the files do not say of themselves, fields of :class:`~qgan.data.reading.Reading`: frame,
            half_width, class_names, channel, size, labels, units, particles.

    Raises:
        DataError: a file is missing, damaged or of unknown format, a value is impossible, or the files do not match.

    Warns:
        DataNote: what was assumed, and how many jets are empty or occur more than once.

    >>> from qgan.data import embedded_jets, write_jets
    >>> write_jets("jets.h5", embedded_jets("quark_gluon", "test").sample(100, seed=0))
    >>> jets = read_jets("jets.h5", start=50, stop=150)
    >>> len(jets), jets.frame, jets.images.dtype, jets.class_names
    (100, 'raw', dtype('float32'), ('gluon', 'quark'))
    """
    files = Files.of(paths, **options)
    with ExitStack() as stack:
        sources = open_all(stack, files)
        total = sum(source.n_jets for source in sources)
        end = total if stop is None else min(stop, total)
        if not 0 <= start < end:
            raise DataError(str(files), "", f"jets {start} to {stop} were asked for, there are {total}")
        return note_peculiar(gather(_blocks(sources, start, end), end - start))


def read_in_frame(paths: Paths, frame: Frame) -> JetImages:
    """All jets, in ``frame`` if the files hold it, or images of which nobody said another can be turned into it."""
    files = Files.of(paths)
    jets = read_jets(files)
    return jets if files.reading.frame or jets.frame == frame else read_jets(files, frame=frame)


def iter_jets(paths: Paths, *, block: int = 8192, **options: Any) -> Iterator[JetImages]:
    """All jets of one file or several, a block after the other; for files that do not fit in memory.

    Args:
        paths, options: as of :func:`read_jets`, which says what is raised too.
        block: jets at once, at most.
    """
    with ExitStack() as stack:
        for source in open_all(stack, Files.of(paths, **options)):
            yield from source.blocks(size=block)


def open_all(stack: ExitStack, files: Files) -> list[JetFile]:
    """All of the files, open until ``stack`` closes."""
    return [stack.enter_context(open_jets(path, files.reading)) for path in files.paths]


def _blocks(sources: Sequence[JetFile], start: int, stop: int) -> Iterator[JetImages]:
    """The jets from ``start`` to ``stop``, counted over all sources."""
    for source in sources:
        if start < source.n_jets and stop > 0:
            yield from source.blocks(max(start, 0), stop)
        start, stop = start - source.n_jets, stop - source.n_jets


def _of_no_format(contents: Contents) -> str:
    if contents.kind not in ("HDF5", "npz", "npy"):
        return f"is a {contents.kind} file, which this package does not read"
    expected = "; ".join(known.keys for known in FORMATS.values() if known.keys)
    return f"image: no such key; the file holds {listed(contents.keys)}; expected one of: {expected}"
