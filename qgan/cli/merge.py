"""``qgan merge``."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.kinds import Jets, NewFile, Overwrite, Quiet


def main(files: Sequence[Jets], *, out: NewFile, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Put the jets of several files into one, block by block.

    Args:
        files: files of jets with the same pixels and frame.
        out: HDF5 file to write.

    Examples:
        qgan merge w.h5 qcd.h5 --out jets.h5
    """
    from ..data.merging import merge

    n = merge(files, out, overwrite=overwrite)
    if not quiet:
        print(f"{out}: {n} jets")
