"""Tables of a value for each jet: the columns of a CSV, Parquet, HDF5, .npz or ROOT file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ..base.errors import DataError
from .contents import check_file, kind_of, listed, refused
from .files import open_contents

#: Lines of a CSV file that are held as text at once.
_LINES = 50_000


def read_columns(path: str | Path) -> dict[str, np.ndarray]:
    """The columns of a table by name, (N,) each: numbers, or texts where not all of a column are numbers.

    Of the other kinds than CSV they are the arrays of one dimension; images and the like are passed over.

    Args:
        path: CSV with a line of names first (or with semicolons or tabs), Parquet, HDF5, .npz or ROOT; a file of jets,
            say.

    Raises:
        DataError: the file is missing or damaged, holds no column, or its columns differ in length.
    """
    check_file(path)
    columns = _of_csv(path) if kind_of(path) == "unknown" else _of_arrays(path)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise DataError(path, "", f"holds {'columns of ' + str(lengths) + ' rows' if lengths else 'no columns'}, "
                                  "expected columns of one length")
    return columns


def _of_arrays(path: str | Path) -> dict[str, np.ndarray]:
    with open_contents(path) as contents:
        found = {key: contents.rows(key) for key in contents.keys if len(contents.shape(key)) == 1}
        columns = {key: rows.read(0, rows.shape[0]) for key, rows in found.items()}
        if contents.kind == "Parquet" and contents.keys:
            columns |= _texts(path)
        if not columns:
            raise DataError(path, "", f"holds {listed(contents.keys)}, expected arrays of one number for each jet")
        names = contents.attributes.get("class_names")
    if isinstance(names, list) and "signal" in columns and np.isin(columns["signal"], np.arange(len(names))).all():
        columns["signal"] = np.array(names)[columns["signal"].astype(np.int64)]
    return columns


def _texts(path: str | Path) -> dict[str, np.ndarray]:
    """Of a Parquet file the columns of texts."""
    from pyarrow.parquet import ParquetFile

    with refused(path, "", "is a damaged or truncated Parquet file"), ParquetFile(path) as file:
        names = [field.name for field in file.schema_arrow if "string" in str(field.type)]
        table = file.read(columns=names)
        return {name: table.column(name).to_numpy().astype(str) for name in names}


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
