"""Tables of a value for each jet: the columns of a CSV, Parquet, HDF5, .npz or ROOT file."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np

from ..base.errors import DataError
from .contents import Contents, check_file, kind_of, listed, refused
from .files import open_contents

#: Lines of a CSV file that are held as text at once.
_LINES = 50_000


def read_columns(path: str | Path, needed: Collection[str] = ()) -> dict[str, np.ndarray]:
    """The columns of a table by name, (N,) each: numbers, or texts where not all of a column are numbers.

    Of the other kinds than CSV they are the arrays of one dimension; images and the like are passed over.

    Args:
        path: CSV with a line of names first (or with semicolons or tabs), Parquet, HDF5, .npz or ROOT; a file of jets,
            say.
        needed: names that are not passed over where they are neither numbers nor texts.

    Raises:
        DataError: the file is missing or damaged, holds no column, its columns differ in length, or one that is needed
            cannot be read.
    """
    check_file(path)
    columns = _of_csv(path) if kind_of(path) == "unknown" else _of_arrays(path, needed)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise DataError(path, "", f"holds {'columns of ' + str(lengths) + ' rows' if lengths else 'no columns'}, "
                                  "expected columns of one length")
    return columns


def _of_arrays(path: str | Path, needed: Collection[str]) -> dict[str, np.ndarray]:
    columns = {}
    with open_contents(path) as contents:
        for key in contents.keys:
            try:
                rows = contents.rows(key)
                if len(rows.shape) == 1:
                    columns[key] = _decoded(rows.read(0, rows.shape[0]))
            except DataError:
                if (texts := _texts(contents, key)) is not None:
                    columns[key] = texts
                elif key in needed:
                    raise
        if not columns:
            raise DataError(path, "", f"holds {listed(contents.keys)}, expected arrays of one number for each jet")
        names = contents.attributes.get("class_names")
    label = columns.get("signal")
    if isinstance(names, list) and label is not None and label.dtype.kind in "biuf" and np.isin(
            label, np.arange(len(names))).all():
        columns["signal"] = np.array(names)[label.astype(np.int64)]
    return columns


def _decoded(values: np.ndarray) -> np.ndarray:
    """Numbers as they are; texts of HDF5, which are bytes, as texts."""
    if values.dtype.kind not in "OS":
        return values
    return np.array([value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values])


def _texts(contents: Contents, key: str) -> np.ndarray | None:
    """A column of texts of a Parquet file or of NumPy's, which are no numbers there; None of what is none."""
    with refused(contents.path, key, "is damaged or truncated"):
        if contents.kind == "Parquet":
            from pyarrow.parquet import ParquetFile

            with ParquetFile(contents.path) as file:
                if "string" in str(file.schema_arrow.field(key).type):
                    return np.asarray(file.read(columns=[key]).column(key).to_numpy().astype(str))
        elif contents.kind in ("npz", "npy"):
            with suppress(ValueError):  # Python objects, which are not read
                values = np.load(contents.path, allow_pickle=False)[key]
                return _decoded(values) if values.ndim == 1 and values.dtype.kind in "SU" else None
    return None


def _of_csv(path: str | Path) -> dict[str, np.ndarray]:
    with refused(path, "", "is no table: expected CSV (UTF-8) with a line of names first, Parquet, HDF5 or .npz"), \
            Path(path).open(newline="", encoding="utf-8-sig") as stream:
        head = stream.readline()
        stream.seek(0)
        separator = next((mark for mark in (",", ";", "\t") if mark in head), ",")
        lines = csv.reader(stream, strict=True, delimiter=separator)
        names = [name.strip() for name in next(lines, [])]
        if len(set(names)) != len(names):
            raise DataError(path, "", f"names a column twice: {', '.join(names)}")
        blocks = list(_blocks(path, lines, len(names)))
    return {name: _joined([block[i] for block in blocks]) for i, name in enumerate(names)}


def _blocks(path: str | Path, lines: Iterator[list[str]], width: int) -> Iterator[list[np.ndarray]]:
    """Some lines at a time, as columns; blank ones are passed over."""
    number = 1
    while some := list(islice(lines, _LINES)):
        for line in some:
            number += 1
            if line and len(line) != width:
                raise DataError(path, f"line {number}", f"has {len(line)} values, expected {width} as line 1 has names")
        if filled := [line for line in some if line]:
            yield [_numbers(np.array(column)) for column in zip(*filled, strict=True)]


def _numbers(texts: np.ndarray) -> np.ndarray:
    """As numbers, if all of them are."""
    try:
        return texts.astype(np.float64)
    except ValueError:
        return np.char.strip(texts)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    if len({part.dtype.kind for part in parts}) > 1:
        parts = [part.astype(str) for part in parts]
    return np.concatenate(parts) if parts else np.empty(0)
