"""The CMS open-data quark/gluon images in Parquet: ``X_jets`` (3×125×125, nested lists), ``pt``, ``m0``, ``y``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...base.errors import DataError
from ..contents import Contents, listed, refused
from ..foreign import CHANNELS, image_builder, one_channel
from ..grid import Grid
from ..jets import JetImages
from ..labels import check_labels
from ..parquet import batches
from ..reading import Reading
from ..source import JetFile, block_rows, gather
from . import FORMATS, Format
from .cms_images import CLASSES, HALF_WIDTH, SIZE


def cms_parquet(contents: Contents, options: Reading) -> JetFile:
    """Read row group by row group, since the whole does not fit in memory.

    Raises:
        DataError: pyarrow is not installed, the file is damaged, or a column is missing.
    """
    path = contents.path
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise DataError(path, "", "Parquet needs pyarrow: pip install 'qgan[formats]'") from error
    file = ParquetFile(path)  # which was opened once: what it holds is in ``contents``
    columns, n = contents.keys, int(file.metadata.num_rows)
    for key in ("X_jets", "y"):
        if key not in columns:
            raise DataError(path, key, f"no such column; the file holds {listed(columns)}")
    if not n:
        raise DataError(path, "X_jets", "holds no jets")
    scalars = {name: key for name, key in (("pt", "pt"), ("mass", "m0")) if key in columns}
    build = image_builder(path, Grid.square(SIZE, options.half_width or HALF_WIDTH), CLASSES, options)
    rows = block_rows(8 * len(CHANNELS) * SIZE * SIZE)

    def blocks(start: int, stop: int) -> Iterator[JetImages]:
        for batch in batches(file, path, start, stop, rows, ["X_jets", "y", *scalars.values()]):
            images = one_channel(_nested(batch.column("X_jets"), path), options.channel, axis=1)
            label = check_labels(_numbers(batch.column("y"), path, "y"), path, "y")
            yield build(images, label, {name: _numbers(batch.column(key), path, key) for name, key in scalars.items()})

    # A slice is decoded from the start of its row group, so one long slice costs less than many short ones.
    groups = tuple(file.metadata.row_group(index).num_rows for index in range(file.metadata.num_row_groups))
    return JetFile(n, lambda start, stop: gather(blocks(start, stop), stop - start), max(rows, 1024), groups=groups)


FORMATS.add("cms_parquet", Format(
    "CMS quark/gluon images, Parquet", lambda contents: contents.kind == "Parquet" and "image" not in contents.keys,
    cms_parquet, "X_jets and y in Parquet"))


def _nested(column: Any, path: str) -> np.ndarray:
    """Nested lists as (n, 3, 125, 125) float32."""
    n, depth = len(column), 0
    with refused(path, "X_jets", "is no column of numbers"):
        while hasattr(column, "flatten") and hasattr(column.type, "value_type"):
            column, depth = column.flatten(), depth + 1
    if depth == 0 or len(column) != n * len(CHANNELS) * SIZE * SIZE:
        raise DataError(path, "X_jets", f"{len(column)} numbers in {n} jets, expected 3×125×125 in each")
    return _numbers(column, path, "X_jets").reshape(n, len(CHANNELS), SIZE, SIZE)


def _numbers(column: Any, path: str, key: str) -> np.ndarray:
    with refused(path, key, "is no column of numbers"):
        return column.to_numpy(zero_copy_only=False).astype(np.float32)
