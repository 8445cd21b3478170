"""Public quark/gluon images: the CMS open-data jets in HDF5 and Parquet, and the QML challenge's files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import DataError
from .arrays import open_npy
from .convert import resize
from .grid import Grid
from .jets import JetImages
from .reframe import to_canonical
from .source import Channel, JetFile, ReadOptions, block_rows, check_labels, check_shapes, gather, read_rows

if TYPE_CHECKING:
    from .files import HDF5File

CLASSES = ("gluon", "quark")
#: The CMS images have one ECAL crystal a pixel; 360 of them make a full turn.
CMS_SIZE = 125
CMS_HALF_WIDTH = CMS_SIZE * math.pi / 360
#: The challenge's files do not say how far their images reach; this is assumed unless half_width is given.
QML_HALF_WIDTH = 0.4
_CHANNELS = {"tracks": 0, "ecal": 1, "hcal": 2}


def cms_hdf5(file: HDF5File, options: ReadOptions) -> JetFile:
    """``X_jets`` (N, 125, 125, 3): tracks, ECAL, HCAL; rows η, columns φ; ``y``, and ``pt``, ``m0`` if present.

    Source: Andrews et al., Nucl. Instrum. Meth. A 977 (2020) 164304.
    """
    path = file.filename
    scalars = {name: key for name, key in (("pt", "pt"), ("mass", "m0")) if key in file}
    n = check_shapes(file, "X_jets", 4, ["y", *scalars.values()])
    height, width, channels = file["X_jets"].shape[1:]
    if channels != len(_CHANNELS):
        raise DataError(path, "X_jets", f"shape {file['X_jets'].shape}, expected (N, {CMS_SIZE}, {CMS_SIZE}, 3)")
    build = _image_builder(path, Grid(height, width, *_square(options.half_width or CMS_HALF_WIDTH)), options)

    def block(start: int, stop: int) -> JetImages:
        images = _channel(read_rows(file, "X_jets", start, stop), options.channel, axis=3)
        label = check_labels(read_rows(file, "y", start, stop), path, "y")
        return build(images, label, {name: read_rows(file, key, start, stop) for name, key in scalars.items()})

    rows = block_rows(4 * height * width * channels)
    return JetFile(n, block, rows, "CMS quark/gluon images, HDF5")


def cms_parquet(path: str, options: ReadOptions) -> JetFile:
    """Columns ``X_jets`` (3×125×125, nested lists), ``pt``, ``m0``, ``y``; read row group by row group.

    Raises:
        DataError: pyarrow is not installed, the file is damaged, or a column is missing.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise DataError(path, "", "Parquet needs pyarrow: pip install 'qgan[formats]'") from error
    try:
        file = ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise DataError(path, "", "is a damaged or truncated Parquet file") from error
    columns = set(file.schema_arrow.names)
    for key in ("X_jets", "y"):
        if key not in columns:
            raise DataError(path, key, f"no such column; the file holds {', '.join(sorted(columns))}")
    scalars = {name: key for name, key in (("pt", "pt"), ("mass", "m0")) if key in columns}
    build = _image_builder(path, Grid.square(CMS_SIZE, options.half_width or CMS_HALF_WIDTH), options)
    rows = block_rows(8 * len(_CHANNELS) * CMS_SIZE * CMS_SIZE)

    def blocks(start: int, stop: int) -> Iterator[JetImages]:
        try:
            for batch in _batches(file, start, stop, rows, ["X_jets", "y", *scalars.values()]):
                images = _channel(_nested(batch.column("X_jets"), path), options.channel, axis=1)
                label = check_labels(batch.column("y").to_numpy(zero_copy_only=False), path, "y")
                yield build(images, label, {name: _floats(batch.column(key)) for name, key in scalars.items()})
        except (ArrowException, OSError) as error:
            raise DataError(path, "", "is a damaged or truncated Parquet file") from error

    n = file.metadata.num_rows
    if not n:
        raise DataError(path, "X_jets", "holds no jets")
    # A slice is decoded from the start of its row group, so one long slice costs less than many short ones.
    return JetFile(n, lambda start, stop: gather(blocks(start, stop), stop - start), max(rows, 1024),
                     "CMS quark/gluon images, Parquet")


def qml_hdf5(file: HDF5File, options: ReadOptions) -> JetFile:
    """``X`` (N, 30, 30) and ``y``: the quantum machine-learning challenge; no jet quantities, no units.

    A blind file has no ``y``: ``options.labels`` stands in for it.
    """
    n = check_shapes(file, "X", 3, ["y"] if "y" in file else [])
    labels = _labels(file, options, n)
    height, width = file["X"].shape[1:]
    half_width = options.half_width or QML_HALF_WIDTH
    assumed = {} if options.half_width else {"assumed_half_width": half_width}
    build = _image_builder(file.filename, Grid(height, width, *_square(half_width)), options, assumed)

    def block(start: int, stop: int) -> JetImages:
        return build(read_rows(file, "X", start, stop), check_labels(labels(start, stop), file.filename, "y"), {})

    return JetFile(n, block, block_rows(4 * height * width), "QML challenge images")


def _labels(file: HDF5File, options: ReadOptions, n: int) -> Callable[[int, int], np.ndarray]:
    """The labels of a slice, or what the caller says where the file holds none."""
    given = options.labels
    if "y" in file:
        return lambda start, stop: read_rows(file, "y", start, stop)
    if given is None:
        raise DataError(file.filename, "y", "the file holds no labels; pass labels=0, labels=1 or labels='y.npy'")
    if isinstance(given, int):
        return lambda start, stop: np.full(stop - start, given)
    rows = open_npy(given)
    if rows.shape != (n,):
        raise DataError(given, "", f"shape {rows.shape}, expected ({n},) as there are images")
    return rows.read


def _image_builder(path: str, grid: Grid, options: ReadOptions, origin: dict[str, Any] | None = None
                   ) -> Callable[[np.ndarray, np.ndarray, dict[str, np.ndarray]], JetImages]:
    """A function from arrays of a block to jets of the size and in the frame that was asked for."""
    names = options.class_names or CLASSES

    def build(images: np.ndarray, label: np.ndarray, conditions: dict[str, np.ndarray]) -> JetImages:
        made = {"file": Path(path).name, **(origin or {})}
        jets = JetImages(images, label, conditions, grid, "raw", names, made, path)
        jets = resize(jets, options.size) if options.size else jets
        return to_canonical(jets) if options.frame == "canonical" else jets

    return build


def _channel(images: np.ndarray, channel: Channel, axis: int) -> np.ndarray:
    if channel == "sum":
        return images.sum(axis=axis, dtype=np.float32)
    return np.ascontiguousarray(np.take(images, _CHANNELS[channel], axis=axis), np.float32)


def _square(half_width: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (-half_width, half_width), (-half_width, half_width)


def _batches(file: Any, start: int, stop: int, rows: int, columns: list[str]) -> Iterator[Any]:
    """Record batches of at most ``rows`` rows from ``start`` to ``stop``; row groups outside are not touched."""
    first = 0
    for group in range(file.metadata.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows
        if last > start and first < stop:
            position = first
            for batch in file.iter_batches(rows, row_groups=[group], columns=columns):
                low, high = max(start - position, 0), min(stop - position, batch.num_rows)
                if low < high:
                    yield batch.slice(low, high - low)
                position += batch.num_rows
                if position >= stop:
                    break
        first = last


def _nested(column: Any, path: str) -> np.ndarray:
    """Nested lists as (n, 3, 125, 125) float32."""
    n, depth = len(column), 0
    while hasattr(column, "flatten") and hasattr(column.type, "value_type"):
        column, depth = column.flatten(), depth + 1
    if depth == 0 or len(column) != n * len(_CHANNELS) * CMS_SIZE * CMS_SIZE:
        raise DataError(path, "X_jets", f"{len(column)} numbers in {n} jets, expected 3×125×125 in each")
    return _floats(column).reshape(n, len(_CHANNELS), CMS_SIZE, CMS_SIZE)


def _floats(column: Any) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False).astype(np.float32)
