"""Particles in NumPy's files: ``X`` (N, M, 4) with pT, rapidity, azimuth, PDG number, padded; ``y``: 1 quark, 0 gluon.

Source: Komiske, Metodiev, Thaler, JHEP 01 (2019) 121. Anti-kT, R = 0.4, 500 < pT < 550 GeV. An array alone (X.npy)
takes its labels from ``labels`` or from a file beside it (y.npy).
"""

from __future__ import annotations

import numpy as np

from ...base.errors import DataError
from ..assumed import LOOK
from ..contents import Contents
from ..grid import Grid
from ..jets import JetImages
from ..labels import check_labels, labels_of
from ..particle_images import check_columns, particle_jets
from ..particles import particles_of
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format
from .labelled_images import FEWEST_PIXELS

CLASSES = ("gluon", "quark")
COLUMNS = ("pt", "y", "phi", "pdg")
HALF_WIDTH, SIZE = 0.4, 25


def energyflow(contents: Contents, options: Reading) -> JetFile:
    """Particles, binned into images around the jets."""
    path, key = contents.path, "X" if contents.kind == "npz" else "array"
    shape = contents.rows(key).shape
    columns = options.columns or COLUMNS[:shape[-1] if shape else 0]
    _check_shape(path, shape, columns, options.columns is not None)
    n = contents.count(key, 3, [])
    labels = _labels(contents, options, n)
    if options.columns is None:
        check_columns(path, contents.read(key, 0, min(n, LOOK), np.float64), columns)
    grid = Grid.square(options.size or SIZE, options.half_width or HALF_WIDTH)

    def read(start: int, stop: int) -> JetImages:
        particles = particles_of(path, contents.read(key, start, stop, np.float64), columns)
        return particle_jets(path, particles, check_labels(labels[start:stop], path, "y"), grid, CLASSES, options)

    return JetFile(n, read, block_rows(64 * shape[1]))


FORMATS.add("energyflow", Format(
    "EnergyFlow particles", lambda contents: contents.kind in ("npz", "npy") and not _images(contents), energyflow,
    "particles X and labels y in .npz or .npy"))


def _images(contents: Contents) -> bool:
    """Whether another format reads it: images are large on both sides, particles have few columns."""
    key = "X" if contents.kind == "npz" else "array"
    if key not in contents.keys:
        return bool({"image", "signal", "images", "x"} & set(contents.keys))
    shape = contents.shape(key)
    return len(shape) == 4 or (len(shape) == 3 and min(shape[1:]) >= FEWEST_PIXELS)


def _check_shape(path: str, shape: tuple[int, ...], columns: tuple[str, ...], named: bool) -> None:
    expected = "expected (jets, particles, 4): pT, rapidity, φ, PDG id"
    if len(shape) != 3 or shape[2] < 3:
        raise DataError(path, "X", f"shape {shape}, {expected}")
    if named and len(columns) > shape[2]:
        raise DataError(path, "particles", f"are {len(columns)}, particles have {shape[2]}")
    if not named and shape[1] == shape[2]:
        raise DataError(path, "X", f"shape {shape}: images of fewer than {FEWEST_PIXELS} pixels a side are not "
                                   "read; if these are particles, name their columns with particles=... (--particles)")


def _labels(contents: Contents, options: Reading, n: int) -> np.ndarray:
    if "y" not in contents.keys:
        return labels_of(options, contents.path, n)
    shape = contents.rows("y").shape
    if shape != (n,):
        raise DataError(contents.path, "y", f"shape {shape}, expected {(n,)} as there are jets")
    return contents.read("y", 0, n, np.float64)
