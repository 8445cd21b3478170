"""JetNet: ``particle_features`` (N, M, 4) with Δη, Δφ, share of the jet's pT, mask; ``jet_features`` with pT, η, mass.

Source: Kansal et al., arXiv:2106.11535. Anti-kT, R = 0.8, pT near 1 TeV. A file holds jets of one class, which its name
says (g.hdf5, q.hdf5, t.hdf5, w.hdf5), or ``labels`` does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...base.errors import DataError
from ..contents import Contents
from ..grid import Grid
from ..jets import JetImages
from ..labels import check_labels, labels_of
from ..particle_images import particle_jets
from ..particles import Particles
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format

HALF_WIDTH, SIZE = 0.8, 25
#: Label and class names by the first letter of a file.
_CLASSES = {"g": (0, ("gluon", "quark")), "q": (1, ("gluon", "quark")), "t": (1, ("qcd_jet", "top")),
            "w": (1, ("qcd", "w"))}


def jetnet(contents: Contents, options: Reading) -> JetFile:
    """Particles, binned into images around the jets."""
    path, particles, jets = contents.path, "particle_features", "jet_features"
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


FORMATS.add("jetnet", Format("JetNet particles", lambda contents: "particle_features" in contents.keys, jetnet,
                             "particle_features and jet_features"))
