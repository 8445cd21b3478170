"""Jets in HDF5: the one door to h5py, and the native layout.

The layout is that of the public W/QCD jet images (``image``, ``signal``, ``jet_pt``, ...), with root attributes that
say what the images are: ``schema_version``, ``frame``, ``half_width`` (with ``eta_range`` and ``phi_range`` where the
image is not a centred square), ``class_names`` and ``origin`` (JSON). The same jets in the other frame may lie beside
them as ``image_raw`` or ``image_canonical``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from ..errors import DataError
from ..io import atomic_path, check_output
from .grid import Grid
from .jets import KEYS, Frame, JetImages

SCHEMA_VERSION = 1
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


def read_rows(file: h5py.File, key: str, start: int, stop: int, dtype: type | None = np.float32) -> np.ndarray:
    """Rows of a dataset, converted by HDF5 while it reads, so that no float64 copy is held.

    Raises:
        DataError: the stored data are damaged.
    """
    try:
        dataset = file[key]
        return (dataset.astype(dtype) if dtype else dataset)[start:stop]
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise DataError(file.filename, key, f"cannot be read ({type(error).__name__}): damaged or not numbers") from error


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

    Raises:
        DataError: the file exists, the disk is full, or a block differs from the first in what it holds.
    """

    def __init__(self, path: str | Path, *, grid: Grid, frame: Frame, class_names: tuple[str, str],
                 origin: dict[str, Any] | None = None, overwrite: bool = False, mantissa_bits: int | None = None) -> None:
        self.path = check_output(path, overwrite)
        self.grid, self.frame, self.class_names, self.origin = grid, frame, tuple(class_names), origin or {}
        self._overwrite, self._mantissa_bits = overwrite, mantissa_bits
        self._chunk = max(1, _CHUNK_BYTES // (4 * grid.height * grid.width))
        self._buffer: dict[str, np.ndarray] = {}
        self._filled = self._written = 0

    def __enter__(self) -> JetWriter:
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_path(self.path, self._overwrite))
        # HDF5 closes before the sink does, so that a full disk is found after all is handed over.
        self._sink = self._stack.enter_context(_Sink(temporary, "r+"))
        self._file = self._stack.enter_context(h5py.File(self._sink, "w"))
        _write_attributes(self._file, self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None:
                if not self._buffer:
                    self._start({"image": np.empty((0, *self.grid.shape), np.float32), "signal": np.empty(0, np.int8)})
                self._flush()
                self._file.close()
                self._check_disk()
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
        for what in ("grid", "frame", "class_names"):
            mine, theirs = getattr(self, what), getattr(jets, what)
            if mine != theirs:
                raise DataError(jets.source, what, f"{theirs} differs from {mine} of {self.path}")
        rows = {"image": jets.images, "signal": jets.label} | {KEYS[k]: v for k, v in jets.conditions.items()}
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
            dtype = np.dtype(np.int8 if key == "signal" else np.float32)
            self._buffer[key] = np.empty((self._chunk, *values.shape[1:]), dtype)
            chunks = (self._chunk if image else 16 * self._chunk, *values.shape[1:])
            self._file.create_dataset(key, (0, *values.shape[1:]), dtype, maxshape=(None, *values.shape[1:]),
                                      chunks=chunks, compression="gzip", compression_opts=6 if image else 4, shuffle=True)

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
        self._check_disk()

    def _check_disk(self) -> None:
        if self._sink.error is not None:
            raise DataError(self.path, "", f"could not be written: {os.strerror(self._sink.error.errno or 5)}")


class _Sink(FileIO):
    """A file that remembers a failed write instead of raising: HDF5 crashes the interpreter if a write fails."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._attempt(lambda: self._write_all(view))
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._attempt(lambda: super(_Sink, self).truncate(size))
        return self.tell() if size is None else size

    def _write_all(self, view: memoryview) -> None:
        done = 0
        while done < len(view):
            done += super().write(view[done:])

    def _attempt(self, action: Callable[[], object]) -> None:
        if self.error is None:
            try:
                action()
            except OSError as error:
                self.error = error


def write_jets(path: str | Path, jets: JetImages, overwrite: bool = False, *,
               other_images: np.ndarray | None = None, mantissa_bits: int | None = None) -> None:
    """Writes jets to a native file (see :class:`JetWriter`)."""
    with JetWriter(path, grid=jets.grid, frame=jets.frame, class_names=jets.class_names, origin=jets.origin,
                   overwrite=overwrite, mantissa_bits=mantissa_bits) as writer:
        writer.append(jets, other_images)


def other_key(frame: Frame) -> str:
    """The dataset that holds the images of a file in the frame that is not its own."""
    return "image_raw" if frame == "canonical" else "image_canonical"


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


def _write_attributes(file: h5py.File, writer: JetWriter) -> None:
    grid, names = writer.grid, list(writer.class_names)
    file.attrs["schema_version"] = SCHEMA_VERSION
    file.attrs["frame"] = writer.frame
    file.attrs["half_width"] = grid.half_width
    if grid != Grid.square(grid.height, grid.half_width):
        file.attrs["eta_range"], file.attrs["phi_range"] = grid.eta_range, grid.phi_range
    file.attrs.create("class_names", names, dtype=h5py.string_dtype())
    file.attrs["origin"] = json.dumps(writer.origin, allow_nan=False)
