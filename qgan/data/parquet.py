"""Parquet: columns of numbers and of images, read row group by row group, and written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DataError
from .contents import Contents, Rows, refused
from .stores import Append

_DAMAGED = "is a damaged or truncated Parquet file"
#: What the file says of itself, as JSON, in the metadata of its schema.
_ATTRIBUTES = b"qgan"


@contextmanager
def parquet_contents(path: str) -> Iterator[Contents]:
    """A Parquet file: its columns; without names where pyarrow is not installed.

    Raises:
        DataError: the file is damaged.
    """
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        yield Contents(path, "Parquet")
        return
    with refused(path, "", _DAMAGED):
        file = ParquetFile(path)
    with file:
        with refused(path, "", _DAMAGED):
            schema, n = file.schema_arrow, int(file.metadata.num_rows)
            attributes = json.loads((schema.metadata or {}).get(_ATTRIBUTES, b"{}"))
        yield Contents(path, "Parquet", tuple(schema.names), lambda key: _rows(file, path, key, n), attributes)


def batches(file: Any, path: str, start: int, stop: int, rows: int, columns: list[str]) -> Iterator[Any]:
    """Record batches of at most ``rows`` rows from ``start`` to ``stop``; row groups outside are not touched."""
    first = 0
    for group in range(file.metadata.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows
        if last > start and first < stop:
            position, found = first, iter(file.iter_batches(rows, row_groups=[group], columns=columns))
            while position < min(stop, last):
                with refused(path, "", _DAMAGED):
                    batch = next(found)
                low, high = max(start - position, 0), min(stop - position, batch.num_rows)
                if low < high:
                    yield batch.slice(low, high - low)
                position += batch.num_rows
        first = last


def _rows(file: Any, path: str, key: str, n: int) -> Rows:
    """A column of numbers, or of arrays of one shape each."""
    kind = file.schema_arrow.field(key).type
    shape = tuple(getattr(kind, "shape", None) or ([kind.list_size] if hasattr(kind, "list_size") else ()))
    value = getattr(kind, "value_type", kind)
    with refused(path, key, "is no column of numbers"):
        dtype = np.dtype(value.to_pandas_dtype())
    if dtype.kind not in "biuf":
        raise DataError(path, key, "is no column of numbers")

    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        pieces = [_numbers(batch.column(0), path, key) for batch in batches(file, path, start, stop, 4096, [key])]
        whole = np.concatenate(pieces) if pieces else np.empty(0)
        return whole.reshape(-1, *shape).astype(dtype or whole.dtype, copy=False)

    return Rows((n, *shape), read, dtype)


def _numbers(column: Any, path: str, key: str) -> np.ndarray:
    """All numbers of a column, one jet after the other."""
    with refused(path, key, "is no column of numbers"):
        column = getattr(column, "storage", column)
        return np.asarray((column.flatten() if hasattr(column, "flatten") and hasattr(column.type, "value_type")
                           else column).to_numpy(zero_copy_only=False))


@contextmanager
def store(temporary: Path, path: Path, attributes: Mapping[str, Any], rows: int, level: int) -> Iterator[Append]:
    """See :func:`qgan.data.stores.store`; arrays are columns of fixed-shape tensors, Arrow's own type for them."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    def column(values: np.ndarray) -> Any:
        flat = pyarrow.array(values.ravel())
        if values.ndim == 1:
            return flat
        lists = pyarrow.FixedSizeListArray.from_arrays(flat, int(np.prod(values.shape[1:])))
        return pyarrow.ExtensionArray.from_storage(pyarrow.fixed_shape_tensor(flat.type, values.shape[1:]), lists)

    writer = None
    try:
        def append(block: Mapping[str, np.ndarray]) -> None:
            nonlocal writer
            table = pyarrow.table({key: column(values) for key, values in block.items()})
            if writer is None:
                schema = table.schema.with_metadata({_ATTRIBUTES: json.dumps(attributes)})
                writer = ParquetWriter(temporary, schema, compression="zstd", compression_level=level)
            writer.write_table(table)

        yield append
    finally:
        if writer is not None:
            writer.close()
