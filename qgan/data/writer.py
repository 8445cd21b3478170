"""Writing jets block by block, packed as the suffix of the file says."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..base.arguments import check_types
from ..base.errors import ConfigError, DataError
from ..base.io import atomic_path
from .formats import FORMATS, Layout
from .grid import Grid
from .jets import Frame, JetImages, check_alike, key_of
from .layout import GENERATED, PIXELS, attributes_of, other_key
from .stores import STORES, check_jets_output, store
from .units import Units

#: Images are written these bytes at a time, about.
_BLOCK_BYTES = 5_120_000


class JetWriter:
    """Writes jets to a file block by block; the file appears under its name when all is written.

    The suffix says what it is packed in: ``.h5`` or ``.hdf5``, ``.npz``, ``.parquet``, ``.root``. The content is
    compressed without loss, unless ``mantissa_bits`` (of float32's 23) says how many bits of a pixel's mantissa to
    keep. The bytes do not depend on how the jets are divided into blocks (of ROOT files the content does not).

    Args:
        path: the file to write.
        layout: ``native``, or one of the field's: ``jetnet`` or ``calochallenge``, in HDF5 alone.
        grid, frame, class_names, units: what every block must have.
        origin: what made the jets, as plain JSON values.
        overwrite: replace a file that exists.
        mantissa_bits: bits of precision to keep in the pixels; 10 keeps a part in 2,000.
        compression: gzip level, 1 to 9; 9 saves a fifth of the space of 1 and takes ten times as long.

    Raises:
        DataError: the file exists, its suffix is unknown, the disk is full, or a block differs from the first in what
            it holds.
    """

    def __init__(self, path: str | Path, *, grid: Grid, frame: Frame, class_names: tuple[str, ...],
                 origin: dict[str, Any] | None = None, overwrite: bool = False, units: Units = "GeV",
                 layout: str = "native", mantissa_bits: int | None = None, compression: int = 1) -> None:
        self.path = check_jets_output(path, overwrite)
        self._layout, self._laid_out = layout, _checked(layout, self.path)
        self.grid, self.frame, self.origin = grid, frame, origin or {}
        self.class_names = tuple(class_names)
        self._overwrite, self._mantissa_bits, self._compression = overwrite, mantissa_bits, compression
        empty = np.empty((0, *grid.shape), np.float32)
        self._like = JetImages(empty, np.empty(0, np.int64), {}, grid, frame, self.class_names, source=str(path),
                               units=units)
        self._rows = max(1, _BLOCK_BYTES // (4 * grid.height * grid.width))
        self._buffer: dict[str, np.ndarray] = {}
        self._filled = self._written = 0

    def __enter__(self) -> JetWriter:
        attributes = attributes_of(self.grid, self.frame, self.class_names, self.origin, self._like.units)
        if self._layout != "native":
            attributes[PIXELS] = list(self.grid.shape)
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path, self._overwrite))
            self._append = stack.enter_context(store(temporary, self.path, attributes, rows=self._rows,
                                                     level=self._compression))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None:
                if not self._buffer:
                    self._start({"image": np.empty((0, *self.grid.shape), np.float32), "signal": np.empty(0, np.int8)})
                if self._filled or not self._written:
                    self._flush()
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
        rows = {"image": jets.images, "signal": jets.label} | {key_of(k): v for k, v in jets.conditions.items()}
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
            dtype = np.int8 if key in ("signal", GENERATED) else np.float32
            self._buffer[key] = np.empty((self._rows, *values.shape[1:]), dtype)

    def _store(self, rows: dict[str, np.ndarray], n: int) -> None:
        position = 0
        while position < n:
            take = min(self._rows - self._filled, n - position)
            for key, values in rows.items():
                self._buffer[key][self._filled:self._filled + take] = values[position:position + take]
            self._filled += take
            position += take
            if self._filled == self._rows:
                self._flush()

    def _flush(self) -> None:
        block = {key: values[:self._filled] for key, values in self._buffer.items()}
        if self._mantissa_bits is not None:
            block = {key: round_mantissa(values, self._mantissa_bits) if values.ndim == 3 else values
                     for key, values in block.items()}
        self._append(self._laid_out(block, self._like))
        self._written, self._filled = self._written + self._filled, 0


def _checked(layout: str, path: Path) -> Layout:
    """How a format lays jets out."""
    laid_out = FORMATS[layout].laid_out
    if laid_out is None:
        written = ", ".join(name for name, known in FORMATS.items() if known.laid_out)
        raise ConfigError(f"layout: {layout} is read, not written; written are {written}")
    if layout != "native" and STORES[path.suffix] != "hdf5":
        raise DataError(path, "", f"files of {FORMATS[layout].title} are HDF5, expected .h5 or .hdf5")
    return laid_out


def write_jets(path: str | Path, jets: JetImages, overwrite: bool = False, *, layout: str = "native",
               other_images: np.ndarray | None = None, mantissa_bits: int | None = None, compression: int = 1) -> None:
    """Writes jets to a file.

    Args:
        path, overwrite, layout, mantissa_bits, compression: see :class:`JetWriter`, which says what is raised too; the
            suffix of ``path``, .h5, .hdf5, .npz, .parquet or .root, says what the file is packed in.
        jets: all of them, with their conditions.
        other_images: (N, H, W), the same jets in the other frame.

    >>> from qgan.data import embedded_jets, read_jets
    >>> write_jets("jets.parquet", embedded_jets("quark_gluon", "test").sample(100, seed=0))
    >>> read_jets("jets.parquet")
    <200 jets: 100 gluon, 100 quark; 25×25 pixels, ±0.4, raw, GeV; eta, phi, pt, mass, delta_r, tau_1, tau_2, tau_3, \
tau_21, tau_32>
    """
    check_types("write_jets(path, jets)", path=(path, str | Path), jets=(jets, JetImages))
    with JetWriter(path, grid=jets.grid, frame=jets.frame, class_names=jets.class_names, origin=jets.origin,
                   units=jets.units, overwrite=overwrite, layout=layout, mantissa_bits=mantissa_bits,
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
