"""Jets in HDF5: the one door to h5py, and the native layout.

The layout is that of the public W/QCD jet images (``image``, ``signal``, ``jet_pt``, ...), with root attributes that
say what the images are: ``schema_version``, ``frame``, ``half_width`` (with ``eta_range`` and ``phi_range`` where the
image is not a centred square), ``class_names`` and ``origin`` (JSON). The same jets in the other frame may lie beside
them as ``image_raw`` or ``image_canonical``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import h5py
import numpy as np

from ..base.errors import DataError
from ..base.io import atomic_path, check_output
from .formats import cms_hdf5, cms_parquet, qml_hdf5
from .grid import Grid
from .jets import KEYS, Frame, JetImages, check_alike
from .native import GENERATED, native_source, other_key, write_attributes
from .particles import energyflow_npy, energyflow_npz, top_tagging
from .sink import Sink
from .source import JetFile, ReadOptions, gather

#: One file or several.
Paths = str | Path | Sequence[str | Path]

#: An open HDF5 file, for the modules that are handed one.
HDF5File: TypeAlias = h5py.File
#: Bytes of images in one chunk, about: small enough for HDF5's cache, large enough to compress well.
_CHUNK_BYTES = 640_000


@contextmanager
def open_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """An HDF5 file, open for reading.

    Raises:
        DataError: it is missing, empty, truncated, or not HDF5; or its data turn out damaged while it is read.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(path, "", "is a folder, expected a file" if path.is_dir() else "no such file")
    if path.stat().st_size == 0:
        raise DataError(path, "", "is empty (0 bytes)")
    try:
        file = h5py.File(path, "r")
    except PermissionError as error:
        raise DataError(path, "", "cannot be read: permission denied") from error
    except OSError as error:
        problem = "is truncated: the end of the file is missing" if "truncated" in str(error) else "is not an HDF5 file"
        raise DataError(path, "", problem) from error
    with file:
        yield file


@contextmanager
def open_jets(path: str | Path, options: ReadOptions | None = None) -> Iterator[JetFile]:
    """An open file of jets, its format recognised by what is in it (see the README for the formats).

    Raises:
        DataError: it is missing, damaged, or in none of the formats.
    """
    options, name = options or ReadOptions(), str(path)
    by_signature = {b"PAR1": cms_parquet, b"PK\x03\x04": energyflow_npz, b"\x93NUM": energyflow_npy}
    reader = by_signature.get(first_bytes(name))
    if reader is not None:
        yield reader(name, options)
        return
    with open_hdf5(name) as file:
        if "image" in file or "signal" in file:
            yield native_source(file, options)
        elif "X_jets" in file:
            yield cms_hdf5(file, options)
        elif "X" in file:
            yield qml_hdf5(file, options)
        elif isinstance(file.get("table"), h5py.Group):
            file.close()
            yield top_tagging(name, options)
        else:
            held = ", ".join(sorted(file)) or "nothing"
            raise DataError(name, "image", f"no such key; the file holds {held}; expected image and signal, "
                                           "X_jets and y, X and y, or table")


def read_jets(paths: Paths, *, start: int = 0, stop: int | None = None, frame: Frame | None = None,
              **options: Any) -> JetImages:
    """The jets of one file or several, one file after the other, in any format the package knows.

    Args:
        paths: the files.
        start, stop: the slice to read, counted over all files; memory is needed for these jets alone.
        frame: the frame to read where a file holds both; the frame of the images where the file does not say.
        options: fields of :class:`~qgan.data.source.ReadOptions`: half_width, class_names, channel, size, labels.

    Raises:
        DataError: a file is missing, damaged or of unknown format, a value is impossible, or the files do not match.
    """
    with ExitStack() as stack:
        sources = open_all(stack, paths, ReadOptions(frame=frame, **options))
        total = sum(source.n_jets for source in sources)
        end = total if stop is None else min(stop, total)
        if not 0 <= start < end:
            raise DataError(_names(paths), "", f"jets {start} to {stop} were asked for, there are {total}")
        return gather(_blocks(sources, start, end), end - start)


def iter_jets(paths: Paths, *, frame: Frame | None = None, block: int = 8192, **options: Any) -> Iterator[JetImages]:
    """All jets of one file or several, in blocks of at most ``block``; for files that do not fit in memory."""
    with ExitStack() as stack:
        for source in open_all(stack, paths, ReadOptions(frame=frame, **options)):
            yield from source.blocks(size=block)


class JetWriter:
    """Writes jets to a native file block by block; the file appears under its name when all is written.

    The content is compressed without loss, unless ``mantissa_bits`` (of float32's 23) says how many bits of a pixel's
    mantissa to keep. The bytes do not depend on how the jets are divided into blocks.

    Args:
        path: the file to write.
        grid, frame, class_names: what every block must have.
        origin: what made the jets, as plain JSON values.
        overwrite: replace a file that exists.
        mantissa_bits: bits of precision to keep in the pixels; 10 keeps a part in 2,000.
        compression: gzip level, 1 to 9; 9 saves a fifth of the space of 1 and takes ten times as long.

    Raises:
        DataError: the file exists, the disk is full, or a block differs from the first in what it holds.
    """

    def __init__(self, path: str | Path, *, grid: Grid, frame: Frame, class_names: tuple[str, str],
                 origin: dict[str, Any] | None = None, overwrite: bool = False,
                 mantissa_bits: int | None = None, compression: int = 1) -> None:
        self.path = check_output(path, overwrite)
        self.grid, self.frame, self.origin = grid, frame, origin or {}
        self.class_names = (class_names[0], class_names[1])
        self._overwrite, self._mantissa_bits, self._compression = overwrite, mantissa_bits, compression
        empty = np.empty((0, *grid.shape), np.float32)
        self._like = JetImages(empty, np.empty(0, np.int64), {}, grid, frame, self.class_names, source=str(path))
        self._chunk = max(1, _CHUNK_BYTES // (4 * grid.height * grid.width))
        self._buffer: dict[str, np.ndarray] = {}
        self._filled = self._written = 0

    def __enter__(self) -> JetWriter:
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_path(self.path, self._overwrite))
        self._sink = self._stack.enter_context(Sink(temporary))
        self._file = self._stack.enter_context(h5py.File(self._sink, "w"))
        write_attributes(self._file, self.grid, self.frame, self.class_names, self.origin)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None:
                if not self._buffer:
                    self._start({"image": np.empty((0, *self.grid.shape), np.float32), "signal": np.empty(0, np.int8)})
                self._flush()
                self._file.close()
                self._sink.check(self.path)
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    @property
    def n_jets(self) -> int:
        """How many jets were appended."""
        return self._written + self._filled

    def append(self, jets: JetImages, other_images: np.ndarray | None = None) -> None:
        """Adds jets; ``other_images`` are the same jets in the other frame, of the same shape."""
        check_alike(self._like, jets)
        rows = {"image": jets.images, "signal": jets.label} | {KEYS[k]: v for k, v in jets.conditions.items()}
        if jets.generated is not None:
            rows[GENERATED] = jets.generated
        if other_images is not None:
            if other_images.shape != jets.images.shape:
                raise DataError(jets.source, other_key(self.frame),
                                f"shape {other_images.shape}, expected {jets.images.shape}")
            rows[other_key(self.frame)] = other_images
        if not self._buffer:
            self._start(rows)
        if rows.keys() != self._buffer.keys():
            unlike = ", ".join(sorted(rows.keys() ^ self._buffer.keys()))
            raise DataError(jets.source, unlike, f"in some of the jets for {self.path} and not in others")
        self._store(rows, len(jets))

    def _start(self, rows: dict[str, np.ndarray]) -> None:
        for key, values in rows.items():
            image = values.ndim == 3
            dtype = np.dtype(np.int8 if key in ("signal", GENERATED) else np.float32)
            self._buffer[key] = np.empty((self._chunk, *values.shape[1:]), dtype)
            chunks = (self._chunk if image else 16 * self._chunk, *values.shape[1:])
            shape, limits = (0, *values.shape[1:]), (None, *values.shape[1:])
            self._file.create_dataset(key, shape, dtype, maxshape=limits, chunks=chunks, shuffle=True,
                                      compression="gzip", compression_opts=self._compression)

    def _store(self, rows: dict[str, np.ndarray], n: int) -> None:
        position = 0
        while position < n:
            take = min(self._chunk - self._filled, n - position)
            for key, values in rows.items():
                self._buffer[key][self._filled:self._filled + take] = values[position:position + take]
            self._filled += take
            position += take
            if self._filled == self._chunk:
                self._flush()

    def _flush(self) -> None:
        end = self._written + self._filled
        for key, values in self._buffer.items():
            block = values[:self._filled]
            if block.ndim == 3 and self._mantissa_bits is not None:
                block = round_mantissa(block, self._mantissa_bits)
            self._file[key].resize(end, axis=0)
            self._file[key][self._written:end] = block
        self._written, self._filled = end, 0
        self._sink.check(self.path)


def write_jets(path: str | Path, jets: JetImages, overwrite: bool = False, *,
               other_images: np.ndarray | None = None, mantissa_bits: int | None = None, compression: int = 1) -> None:
    """Writes jets to a native file (see :class:`JetWriter`)."""
    with JetWriter(path, grid=jets.grid, frame=jets.frame, class_names=jets.class_names, origin=jets.origin,
                   overwrite=overwrite, mantissa_bits=mantissa_bits, compression=compression) as writer:
        writer.append(jets, other_images)


def round_mantissa(values: np.ndarray, bits: int) -> np.ndarray:
    """float32 rounded to ``bits`` bits of mantissa (0 to 23), so that it compresses better; zeros stay zero."""
    if not 0 <= bits <= 23:
        raise ValueError(f"mantissa_bits must be 0 to 23, got {bits}")
    if bits == 23:
        return values
    drop = 23 - bits
    words = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (words + np.uint32(1 << (drop - 1))) & np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)
    return rounded.view(np.float32)


def open_all(stack: ExitStack, paths: Paths, options: ReadOptions) -> list[JetFile]:
    """All of the files, open until ``stack`` closes."""
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not listed:
        raise ValueError("at least one file is needed")
    return [stack.enter_context(open_jets(path, options)) for path in listed]


def _blocks(sources: Sequence[JetFile], start: int, stop: int) -> Iterator[JetImages]:
    """The jets from ``start`` to ``stop``, counted over all sources."""
    for source in sources:
        if start < source.n_jets and stop > 0:
            yield from source.blocks(max(start, 0), stop)
        start, stop = start - source.n_jets, stop - source.n_jets


def first_bytes(path: str) -> bytes:
    """By which a format is known; none if the file cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(4)
    except OSError:
        # open_hdf5 says what is wrong with the path.
        return b""


def _names(paths: Paths) -> str:
    return str(paths) if isinstance(paths, (str, Path)) else " + ".join(map(str, paths))
