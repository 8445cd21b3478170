"""Small sets of jets and files that several tests use."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from qgan.base.seeding import numpy_rng
from qgan.data import Grid, JetImages
from qgan.data.jets import KEYS, Frame
from qgan.observables.arrays import observables


def some_jets(n: int, seed: int = 0, size: int = 9, frame: Frame = "canonical", label: int | None = None) -> JetImages:
    rng = numpy_rng(seed, "files")
    images = rng.exponential(5.0, (n, size, size)) * (rng.random((n, size, size)) < 0.1)
    conditions = {name: rng.uniform(0.5, 1.5, n).astype(np.float32) for name in ("eta", "pt", "mass", "delta_r")}
    labels = np.arange(n) % 2 if label is None else np.full(n, label)
    return JetImages(images.astype(np.float32), labels, conditions, Grid.square(size, 1.25), frame, ("qcd", "w"),
                     {"seed": seed}, "made here")


def publish(path: Path, n: int, size: int = 25, **changed: object) -> Path:
    """A file of the published layout: float64, no attributes."""
    rng = numpy_rng(5, "published")
    images = rng.random((n, size, size))
    columns = {"image": images, "signal": (np.arange(n) % 2).astype(float)}
    columns |= {key: rng.random(n) for key in KEYS.values()}
    canonical = observables(images, Grid.square(size, 1.25), names=("pt", "mass"))
    columns |= {"jet_pt": canonical["pt"], "jet_mass": canonical["mass"]}
    with h5py.File(path, "w") as file:
        for key, values in (columns | changed).items():
            if values is not None:
                file[key] = values
    return path
