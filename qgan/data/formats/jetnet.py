"""JetNet: ``particle_features`` (N, M, 4) with Δη, Δφ, share of the jet's pT, mask; ``jet_features`` with pT, η, mass.

Source: Kansal et al., arXiv:2106.11535. Anti-kT, R = 0.8, pT near 1 TeV. A file holds jets of one class, which its name
says (g.hdf5, q.hdf5, t.hdf5, w.hdf5), or ``labels`` does.

Written, the particles are the lit pixels, at their centres, the hardest first; ``jet_features`` are pT, η, mass and the
number of particles, pT and mass those of the image where the jets have no others. All else that a native file holds is
there too, so that the same images are read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...base.errors import DataError
from ..contents import Contents, Rows
from ..grid import Grid
from ..jets import JetImages
from ..labels import check_labels, labels_of
from ..layout import LABELS, grid_of, written_here
from ..lit import image_mass, images_of, lit_pixels
from ..particle_images import particle_jets
from ..particles import Particles
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format
from .native import native

HALF_WIDTH, SIZE = 0.8, 25
PARTICLES, JETS = "particle_features", "jet_features"
#: What the first columns of ``jet_features`` are in a native file.
_TAKEN = ("jet_pt", "jet_eta", "jet_mass")
#: Label and class names by the first letter of a file.
_CLASSES = {"g": (0, ("gluon", "quark")), "q": (1, ("gluon", "quark")), "t": (1, ("qcd_jet", "top")),
            "w": (1, ("qcd", "w"))}


def jetnet(contents: Contents, options: Reading) -> JetFile:
    """Particles, binned into images around the jets."""
    if written_here(contents.attributes):
        return native(_as_native(contents), options)
    path, particles, jets = contents.path, PARTICLES, JETS
    n = contents.count(particles, 3)
    features = contents.rows(particles).shape[2]
    if features < 3:
        raise DataError(path, particles, f"shape {contents.shape(particles)}, expected (jets, particles, 4): Δη, Δφ, "
                                         "share of pT, mask")
    if contents.count(jets, 2) != n or contents.rows(jets).shape[1] < 2:
        raise DataError(path, jets, f"shape {contents.shape(jets)}, expected ({n}, 3 or more): pT, η, mass")
    known = _CLASSES.get(Path(path).stem.split("_")[0].lower()[:1] if len(Path(path).stem.split("_")[0]) == 1 else "")
    names = known[1] if known else ("gluon", "quark")
    labels = np.full(n, known[0]) if known and options.labels is None else labels_of(options, path, n)
    grid = Grid.square(options.size or SIZE, options.half_width or HALF_WIDTH)

    def read(start: int, stop: int) -> JetImages:
        rows, jet = (contents.read(key, start, stop, np.float64) for key in (particles, jets))
        there = (rows[..., 2] > 0) & ((rows[..., 3] > 0) if features > 3 else True)
        if not np.isfinite(rows[there]).all() or not np.isfinite(jet[:, :2]).all():
            raise DataError(path, particles, "holds NaN or infinite values")
        pt = np.where(there, rows[..., 2] * jet[:, :1], 0.0)
        eta, phi = np.where(there, rows[..., 0] + jet[:, 1:2], 0.0), np.where(there, rows[..., 1], 0.0)
        momenta = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], 1)
        label = check_labels(labels[start:stop], path, "labels")
        return particle_jets(path, Particles(pt, eta, phi, momenta), label, grid, names, options, key=particles)

    return JetFile(n, read, block_rows(64 * contents.rows(particles).shape[1]))


def laid_out(rows: Mapping[str, np.ndarray], like: JetImages) -> dict[str, np.ndarray]:
    """Native arrays as those of JetNet.

    Raises:
        DataError: the pixels are not in GeV, or η is not known.
    """
    if like.units != "GeV":
        raise DataError(like.source, "units", f"is {like.units}, expected GeV")
    if "jet_eta" not in rows:
        raise DataError(like.source, "jet_eta", "is not known of these jets, and JetNet's jet_features have it")
    pt, eta, phi = lit_pixels(rows["image"], like.grid)
    of_jet = {"jet_pt": pt.sum(1), "jet_mass": image_mass(rows["image"], like.grid)} | dict(rows)
    share = pt / np.where(of_jet["jet_pt"] > 0, of_jet["jet_pt"], 1)[:, None]
    features = np.stack([of_jet["jet_pt"], of_jet["jet_eta"], of_jet["jet_mass"], (pt > 0).sum(1)], 1)
    rest = {key: values for key, values in rows.items() if key not in (*_TAKEN, "image", "signal")}
    return {PARTICLES: np.stack([eta, phi, share, pt > 0], 2).astype(np.float32), JETS: features.astype(np.float32),
            LABELS: rows["signal"], **rest}


def _as_native(contents: Contents) -> Contents:
    """What was written here, with the arrays of the native layout."""
    grid, particles, jets = grid_of(contents), contents.rows(PARTICLES), contents.rows(JETS)
    if len(particles.shape) != 3 or particles.shape[2] != 4 or jets.shape != (particles.shape[0], 4):
        raise DataError(contents.path, PARTICLES, f"shape {particles.shape} beside {JETS} {jets.shape}, expected "
                                                  "(jets, particles, 4) beside (jets, 4)")
    n = particles.shape[0]

    def images(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        features, pt = particles.read(start, stop, np.float32), jets.read(start, stop, np.float32)[:, 0]
        return images_of(features[..., 2] * pt[:, None], features[..., 0], features[..., 1], grid).astype(dtype)

    def column(place: int) -> Rows:
        return Rows((n,), lambda start, stop, dtype=None: jets.read(start, stop, dtype)[:, place], jets.dtype)

    rest = {key: contents.rows(key) for key in contents.keys if key not in (PARTICLES, JETS, LABELS)}
    return contents.seen_as({"image": Rows((n, *grid.shape), images, np.dtype(np.float32)),
                             "signal": contents.rows(LABELS), **dict(zip(_TAKEN, map(column, range(3)), strict=True)),
                             **rest})


FORMATS.add("jetnet", Format("JetNet particles", lambda contents: PARTICLES in contents.keys, jetnet,
                             "particle_features and jet_features", laid_out))
