"""Public sets of particles, made into images: EnergyFlow's quark/gluon jets, the top-tagging set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DataError
from .arrays import Rows, archived_names, open_npy, open_npz
from .frames import raw_images
from .grid import Grid
from .jets import JetImages
from .reframe import canonical_from_particles
from .source import JetFile, ReadOptions, block_rows, check_labels

#: Masses of the particles that reach a detector, GeV, by the size of their PDG number (Particle Data Group 2024).
_MASSES = {11: 0.000511, 13: 0.10566, 130: 0.49761, 211: 0.13957, 310: 0.49761, 321: 0.49368, 2112: 0.93957,
           2212: 0.93827, 3112: 1.19745, 3122: 1.11568, 3222: 1.18937, 3312: 1.32171, 3322: 1.31486, 3334: 1.67245}


def energyflow_npz(path: str, options: ReadOptions) -> JetFile:
    """``X`` (N, M, 4): pT, rapidity, azimuth, PDG number, padded with zeros; ``y``: 1 quark, 0 gluon.

    Source: Komiske, Metodiev, Thaler, JHEP 01 (2019) 121. Anti-kT, R = 0.4, 500 < pT < 550 GeV.
    """
    rows = _check_particles(path, open_npz(path, "X"))
    if "y" not in archived_names(path):
        return _energyflow(path, rows, _labels(path, options, rows), options)
    labels = open_npz(path, "y")
    return _energyflow(path, rows, labels.read(0, labels.shape[0]) if labels.shape else np.empty(0), options)


def energyflow_npy(path: str, options: ReadOptions) -> JetFile:
    """The array ``X`` alone; the labels come from ``options.labels`` or from a file beside it (X.npy, y.npy)."""
    rows = _check_particles(path, open_npy(path))
    return _energyflow(path, rows, _labels(path, options, rows), options)


def top_tagging(path: str, options: ReadOptions) -> JetFile:
    """A pandas table: ``E_0, PX_0, PY_0, PZ_0, E_1, ...`` in GeV and ``is_signal_new``; 550 < pT < 650 GeV, R = 0.8.

    Source: Kasieczka, Plehn, Thompson, Russell, top-quark tagging reference data set (2019).

    Raises:
        DataError: pandas or tables is not installed, or a column is missing.
    """
    n, columns = _table_layout(path)
    m = sum(column.startswith("E_") for column in columns)
    if not n:
        raise DataError(path, "table", "holds no jets")
    momentum_columns = [f"{part}_{i}" for part in ("E", "PX", "PY", "PZ") for i in range(max(m, 1))]
    for column in (*momentum_columns, "is_signal_new"):
        if column not in columns:
            raise DataError(path, column, "no such column in the table")
    grid = Grid.square(options.size or 40, options.half_width or 0.8)

    def read(start: int, stop: int) -> JetImages:
        table = _select(path, start, stop)
        momenta = table[momentum_columns].to_numpy(np.float64).reshape(stop - start, 4, m)
        origin = {"ttv": sorted(int(value) for value in table["ttv"].unique())} if "ttv" in columns else {}
        label = check_labels(table["is_signal_new"].to_numpy(), path, "is_signal_new")
        _check_finite(path, "table", momenta)
        pt = np.hypot(momenta[:, 1], momenta[:, 2])
        eta, phi = _pseudorapidity(pt, momenta[:, 3]), np.arctan2(momenta[:, 2], momenta[:, 1])
        return _jets(path, pt, eta, phi, momenta.sum(2), label, grid, ("qcd_jet", "top"), options, origin)

    return JetFile(n, read, block_rows(64 * m), "top-tagging particles")


def _energyflow(path: str, rows: Rows, labels: np.ndarray, options: ReadOptions) -> JetFile:
    shape = rows.shape
    if labels.shape != shape[:1]:
        raise DataError(path, "y", f"shape {labels.shape}, expected {shape[:1]} as there are jets")
    if not shape[0]:
        raise DataError(path, "X", "holds no jets")
    grid = Grid.square(options.size or 25, options.half_width or 0.4)

    def read(start: int, stop: int) -> JetImages:
        particles = rows.read(start, stop).astype(np.float64)
        _check_finite(path, "X", particles)
        pt, rapidity, phi = (particles[..., i] for i in range(3))
        if (pt < 0).any():
            raise DataError(path, "X", "holds a negative pT")
        mass = _masses(particles[..., 3]) if shape[2] > 3 else np.zeros_like(pt)
        transverse_mass = np.where(pt > 0, np.hypot(pt, mass), 0.0)
        pz = transverse_mass * np.sinh(rapidity)
        momenta = np.stack([transverse_mass * np.cosh(rapidity), pt * np.cos(phi), pt * np.sin(phi), pz], 1)
        label = check_labels(labels[start:stop], path, "y")
        return _jets(path, pt, _pseudorapidity(pt, pz), phi, momenta.sum(2), label, grid, ("gluon", "quark"),
                     options, {})

    return JetFile(shape[0], read, block_rows(64 * shape[1]), "EnergyFlow particles")


def _jets(path: str, pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, jet: np.ndarray, label: np.ndarray,
          grid: Grid, names: tuple[str, str], options: ReadOptions, origin: dict[str, Any]) -> JetImages:
    """Images in the frame that was asked for, and the jet's own quantities from its summed momentum ``jet`` (N, 4)."""
    energy, px, py, pz = jet.T
    jet_pt = np.hypot(px, py)
    if (jet_pt <= 0).any():
        raise DataError(path, "", f"{int((jet_pt <= 0).sum())} jets have no particles")
    jet_eta, jet_phi = _pseudorapidity(jet_pt, pz), np.arctan2(py, px)
    canonical = options.frame == "canonical"
    images = (canonical_from_particles(pt, eta, phi, grid) if canonical
              else raw_images(pt, eta, phi, np.stack([jet_eta, jet_phi], 1), grid))
    mass = np.sqrt(np.clip(energy**2 - px**2 - py**2 - pz**2, 0, None))
    quantities = {"eta": jet_eta, "phi": jet_phi % (2 * np.pi), "pt": jet_pt, "mass": mass}
    conditions = {name: values.astype(np.float32) for name, values in quantities.items()}
    return JetImages(images, label, conditions, grid, "canonical" if canonical else "raw",
                     options.class_names or names, {"file": Path(path).name, **origin}, path)


def _pseudorapidity(pt: np.ndarray, pz: np.ndarray) -> np.ndarray:
    """η from pT and pz; 0 where there is no particle."""
    return np.arcsinh(pz / np.where(pt > 0, pt, np.inf))


def _masses(pdg: np.ndarray) -> np.ndarray:
    """Mass of each particle, GeV; photons and numbers that are not listed count as massless."""
    size = np.abs(pdg).astype(np.int64)
    masses = np.zeros(pdg.shape)
    for number, mass in _MASSES.items():
        masses[size == number] = mass
    return masses


def _labels(path: str, options: ReadOptions, rows: Rows) -> np.ndarray:
    """Labels for particles stored without: one for all, from a file that was named, or from one beside."""
    if isinstance(options.labels, int):
        return np.full(rows.shape[:1], options.labels)
    beside = Path(path).with_name(Path(path).name.replace("X", "y")).with_suffix(".npy")
    if options.labels is None and (beside == Path(path) or not beside.is_file()):
        raise DataError(path, "y", "the file holds no labels; pass labels=0, labels=1 or labels='y.npy'")
    labels = open_npy(options.labels or beside)
    return labels.read(0, labels.shape[0]) if labels.shape else np.empty(0)


def _check_particles(path: str, rows: Rows) -> Rows:
    if len(rows.shape) != 3 or rows.shape[2] < 3:
        raise DataError(path, "X", f"shape {rows.shape}, expected (jets, particles, 4): pT, rapidity, φ, PDG id")
    return rows


def _check_finite(path: str, key: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise DataError(path, key, "holds NaN or infinite values")


def _table_layout(path: str) -> tuple[int, list[str]]:
    """The number of rows of the table, and its columns."""
    columns = [str(column) for column in _select(path, 0, 1).columns]
    import pandas

    with pandas.HDFStore(path, "r") as store:
        storer = store.get_storer("table")
        return int(storer.nrows if storer.is_table else storer.shape[0]), columns


def _select(path: str, start: int, stop: int) -> Any:
    try:
        import pandas
        import tables
    except ImportError as error:
        raise DataError(path, "table", "pandas tables need pandas and tables: pip install 'qgan[formats]'") from error
    try:
        return pandas.read_hdf(path, "table", start=start, stop=stop)
    except (ValueError, TypeError, KeyError, OSError, tables.HDF5ExtError) as error:
        raise DataError(path, "table", "cannot be read as a pandas table") from error
