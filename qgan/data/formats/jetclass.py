"""JetClass: ROOT files with momenta of particles, ``part_px`` … ``part_energy``, and a mark ``label_…`` for each kind.

Source: Qu, Li, Qian, arXiv:2202.03772. Anti-kT, R = 0.8, 500 < pT < 1000 GeV. A file holds jets of one kind, as does
each of the public set, or QCD jets and those of one other kind.
"""

from __future__ import annotations

import numpy as np

from ...base.errors import DataError
from ..contents import Contents
from ..grid import Grid
from ..jets import JetImages
from ..particle_images import particle_jets
from ..particles import particles_of
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format

HALF_WIDTH, SIZE = 0.8, 40
MOMENTA = {"e": "part_energy", "px": "part_px", "py": "part_py", "pz": "part_pz"}
QCD = "label_QCD"
#: Class names by the kind that is not QCD; others are called as their mark is.
_CLASSES = {"Wqq": ("qcd", "w"), "Tbqq": ("qcd_jet", "top")}
#: Particles a jet, at most.
_MOST = 128


def jetclass(contents: Contents, options: Reading) -> JetFile:
    """Particles, binned into images around the jets.

    Raises:
        DataError: a branch is missing, or there are jets of several kinds beside QCD.
    """
    path = contents.path
    n = contents.count(QCD, 1)
    for key in MOMENTA.values():
        if contents.rows(key).shape[0] != n:
            raise DataError(path, key, f"{contents.rows(key).shape[0]} rows, expected {n}")
    marks = [key for key in contents.keys if key.startswith("label_") and key != QCD]
    kinds = [key.removeprefix("label_") for key in marks if contents.read(key, 0, n).any()]
    if len(kinds) > 1:
        raise DataError(path, "label_", f"marks jets as {' and '.join(kinds)}, expected one kind beside QCD")
    kind = kinds[0] if kinds else "Tbqq"
    names = _CLASSES.get(kind, ("qcd_jet", kind.lower()))
    grid = Grid.square(options.size or SIZE, options.half_width or HALF_WIDTH)

    def read(start: int, stop: int) -> JetImages:
        columns = {key: contents.read(key, start, stop, np.float64) for key in MOMENTA.values()}
        for key, values in columns.items():
            if values.shape != columns[MOMENTA["e"]].shape or values.ndim != 2:
                raise DataError(path, key, f"shape {values.shape}, expected that of {MOMENTA['e']}, "
                                           f"{columns[MOMENTA['e']].shape}")
        rows = np.stack(list(columns.values()), 2)
        particles = particles_of(path, rows, tuple(MOMENTA), MOMENTA["e"])
        label = (contents.read(QCD, start, stop) == 0).astype(np.int64)
        return particle_jets(path, particles, label, grid, names, options, key=MOMENTA["e"])

    return JetFile(n, read, block_rows(64 * _MOST))


FORMATS.add("jetclass", Format("JetClass particles", lambda contents: {QCD, *MOMENTA.values()} <= set(contents.keys),
                               jetclass, "part_px, part_py, part_pz, part_energy and label_QCD in ROOT"))
