"""Files as others write them: images and particles under their names, units and paddings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from qgan.base.seeding import numpy_rng
from qgan.data import JetImages, embedded_jets

GOOD: dict[str, Any] = {"frame": "raw", "half_width": 0.4, "class_names": ["gluon", "quark"]}


@cache
def quark_gluon(n_per_class: int = 60, seed: int = 1) -> JetImages:
    """Some of the jets that ship, 25×25 pixels that reach ±0.4."""
    return embedded_jets("quark_gluon", "test").sample(n_per_class, seed)


def native_file(path: Path, jets: JetImages, attributes: Mapping[str, Any] = GOOD, **changed: Any) -> Path:
    """``image``, ``signal`` and three quantities, with attributes; ``changed`` replaces arrays, None leaves one out."""
    arrays = {"image": jets.images, "signal": jets.label, "jet_pt": jets.conditions["pt"],
              "jet_mass": jets.conditions["mass"], "jet_eta": jets.conditions["eta"], **changed}
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            if values is not None:
                file[key] = values
        file.attrs.update(attributes)
    return path


def hdf5_file(path: Path, **arrays: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file[key] = values
    return path


def particles(n: int = 100, m: int = 10, seed: int = 2) -> np.ndarray:
    """(n, m, 4) pT, rapidity, azimuth, PDG number of jets near 500 GeV on both sides of the detector."""
    rng = numpy_rng(seed, "particles")
    x = np.zeros((n, m, 4))
    share = rng.exponential(1.0, (n, m)) ** 2
    x[..., 0] = 500 * share / share.sum(1, keepdims=True) + 0.1
    x[..., 1] = rng.uniform(-1.7, 1.7, (n, 1)) + rng.normal(0, 0.08, (n, m))
    x[..., 2] = rng.uniform(0.5, 2 * np.pi - 0.5, (n, 1)) + rng.normal(0, 0.08, (n, m))
    x[..., 3] = 22
    return x


def jetclass_file(path: Path, x: np.ndarray, **marks: np.ndarray) -> Path:
    """Particles without their padding, as branches of the public set."""
    uproot, awkward = pytest.importorskip("uproot"), pytest.importorskip("awkward")
    there = x[..., 0] > 0
    counts = there.sum(1)
    with uproot.recreate(path) as file:
        branches = {f"part_{name}": awkward.unflatten(values[there].astype("f4"), counts)
                    for name, values in zip(("energy", "px", "py", "pz"), np.moveaxis(cartesian(x), 2, 0), strict=True)}
        file.mktree("tree", {**dict.fromkeys(branches, "var * float32"), **dict.fromkeys(marks, "bool")})
        file["tree"].extend({**branches, **marks})
    return path


def cartesian(x: np.ndarray) -> np.ndarray:
    """Particles as E, px, py, pz."""
    pt, y, phi = (x[..., i] for i in range(3))
    return np.stack([pt * np.cosh(y), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(y)], -1)
