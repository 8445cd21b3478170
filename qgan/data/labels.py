"""Labels of jets: 0, 1, ..., in the file, beside it, or as the reader is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DataError
from ..base.notes import note
from .jets import numbers
from .npy import open_npy
from .reading import Reading


def check_labels(values: Any, path: str, key: str, classes: int = 2) -> np.ndarray:
    """Labels as (N,) int64.

    Raises:
        DataError: they are no numbers of so many classes.
    """
    labels = np.asarray(values)
    if labels.ndim != 1:
        raise DataError(path, key, f"shape {labels.shape}, expected one label a jet")
    if labels.dtype.kind not in "biuf":
        raise DataError(path, key, f"holds no numbers, expected {numbers(classes)}")
    others = labels[~np.isin(labels, np.arange(classes))]
    if others.size:
        raise DataError(path, key, f"holds values other than {numbers(classes)}, such as {others[0]:g}; more classes "
                                   "need names: class_names=... (--class-names in the shell)")
    return labels.astype(np.int64)


def labels_of(options: Reading, path: str, n: int) -> np.ndarray:
    """Labels of a file that holds none: one for all, of a file that was named, or of one beside (X.npy, y.npy).

    Raises:
        DataError: there are none, or not as many as there are jets.
    """
    if isinstance(options.labels, int | np.integer):
        return np.full(n, int(options.labels))
    source = options.labels if options.labels is not None else next(_beside(Path(path), n), None)
    if source is None:
        raise DataError(path, "y", "the file holds no labels; pass labels=0, labels=1 or labels='y.npy' "
                                   "(--labels in the shell)")
    rows = open_npy(source)
    if rows.shape != (n,):
        raise DataError(source, "", f"shape {rows.shape}, expected ({n},) as there are jets in {path}")
    note(path, "y", f"holds no labels; they are those of {source}")
    return rows.read(0, n)


def _beside(path: Path, n: int) -> Iterator[Path]:
    """Files of ``n`` labels that are named like ``path`` with a y for an x."""
    name = path.with_suffix(".npy").name
    for i, letter in enumerate(name):
        if letter in "Xx":
            other = path.with_name(f"{name[:i]}y{name[i + 1:]}")
            if other.is_file() and open_npy(other).shape == (n,):
                yield other
