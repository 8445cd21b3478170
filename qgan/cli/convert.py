"""``qgan convert``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..base.kinds import Jets, Overwrite, Quiet
from ..data.reading import Reading
from ..data.stores import NewJets


def main(files: Sequence[Jets], *, out: NewJets, reading: Reading,
         layout: Literal["native", "jetnet", "calochallenge"] = "native", overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Write jets of any format that is read as a file of the package's own, or in a layout of the field.

    What the files do not say of themselves can be said here; all other commands then read the written file as it is.

    Args:
        files: files of jets, of any known format.
        out: file to write, .h5, .npz, .parquet or .root.
        layout: of the file that is written; those of the field are HDF5.

    Examples:
        qgan convert x10_sorted.npy --labels y10_sorted.npy --half-width 0.4 --class-names gluon quark --out jets.h5
        qgan convert particles.npz --particles pt,phi,eta --out jets.h5
        qgan convert fake.h5 --out fake.parquet
        qgan convert fake.h5 --layout jetnet --out fake.hdf5
    """
    from ..data import read_jets, write_jets

    jets = read_jets(reading.of(files))
    write_jets(out, jets, overwrite=overwrite, layout=layout)
    if not quiet:
        print(f"{out}: {len(jets)} jets")
