"""``qgan merge``."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.kinds import Jets, Overwrite, Quiet
from ..data.reading import Reading
from ..data.stores import NewJets


def main(files: Sequence[Jets], *, out: NewJets, reading: Reading, overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Put the jets of several files into one, block by block.

    Args:
        files: files of jets with the same pixels and frame.
        out: file to write, .h5, .npz, .parquet or .root.

    Examples:
        qgan merge w.h5 qcd.h5 --out jets.h5
    """
    from ..data.merging import merge

    n = merge(reading.of(files), out, overwrite=overwrite)
    if not quiet:
        print(f"{out}: {n} jets")
