"""Writing jets in the native layout, block by block."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..base.errors import DataError
from ..base.io import atomic_path, check_output
from .grid import Grid
from .hdf5 import create_hdf5
from .jets import KEYS, Frame, JetImages, check_alike
from .layout import GENERATED, other_key, write_attributes
from .sink import Sink
from .units import Units

#: Bytes of images in one chunk, about: small enough for HDF5's cache, large enough to compress well.
_CHUNK_BYTES = 640_000


class JetWriter:
    """Writes jets to a native file block by block; the file appears under its name when all is written.

    The content is compressed without loss, unless ``mantissa_bits`` (of float32's 23) says how many bits of a pixel's
    mantissa to keep. The bytes do not depend on how the jets are divided into blocks.

    Args:
        path: the file to write.
        grid, frame, class_names, units: what every block must have.
        origin: what made the jets, as plain JSON values.
        overwrite: replace a file that exists.
        mantissa_bits: bits of precision to keep in the pixels; 10 keeps a part in 2,000.
        compression: gzip level, 1 to 9; 9 saves a fifth of the space of 1 and takes ten times as long.

    Raises:
        DataError: the file exists, the disk is full, or a block differs from the first in what it holds.
    """

    def __init__(self, path: str | Path, *, grid: Grid, frame: Frame, class_names: tuple[str, str],
                 origin: dict[str, Any] | None = None, overwrite: bool = False, units: Units = "GeV",
                 mantissa_bits: int | None = None, compression: int = 1) -> None:
        self.path = check_output(path, overwrite)
        self.grid, self.frame, self.origin = grid, frame, origin or {}
        self.class_names = (class_names[0], class_names[1])
        self._overwrite, self._mantissa_bits, self._compression = overwrite, mantissa_bits, compression
        empty = np.empty((0, *grid.shape), np.float32)
        self._like = JetImages(empty, np.empty(0, np.int64), {}, grid, frame, self.class_names, source=str(path),
                               units=units)
        self._chunk = max(1, _CHUNK_BYTES // (4 * grid.height * grid.width))
        self._buffer: dict[str, np.ndarray] = {}
        self._filled = self._written = 0

    def __enter__(self) -> JetWriter:
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_path(self.path, self._overwrite))
        self._sink = self._stack.enter_context(Sink(temporary))
        self._file = self._stack.enter_context(create_hdf5(self._sink))
        write_attributes(self._file, self.grid, self.frame, self.class_names, self.origin, self._like.units)
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
                   units=jets.units, overwrite=overwrite, mantissa_bits=mantissa_bits,
                   compression=compression) as writer:
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
