"""``qgan convert``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..base.kinds import Jets, Overwrite, Positive, Quiet
from ..data.stores import NewJets


def main(files: Sequence[Jets], *, out: NewJets, frame: Literal["raw", "canonical"] | None = None,
         half_width: float | None = None, class_names: Sequence[str] | None = None,
         channel: Literal["sum", "tracks", "ecal", "hcal"] = "sum", size: Positive | None = None,
         labels: str | None = None, units: Literal["GeV", "sum", "max", "unknown"] | None = None,
         columns: str | None = None, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Write jets of any format that is read as a file of the package's own.

    What the files do not say of themselves can be said here; all other commands then read the written file as it is.

    Args:
        files: files of jets, of any known format.
        out: file to write, .h5, .npz, .parquet or .root.
        frame: of the images where the file does not say it, or the one to read of two.
        half_width: half of the image's extent in Δη and Δφ, radians.
        class_names: the names of label 0 and label 1.
        channel: which of several detector images.
        size: pixels a side; images are pooled to it, particles are binned in it.
        labels: a .npy file of labels, or one label for all jets.
        units: of the pixels (sum, max: each image's sum or largest pixel is 1).
        columns: of particles, in their order, such as pt,phi,eta; - passes one over.

    Examples:
        qgan convert x10_sorted.npy --labels y10_sorted.npy --half-width 0.4 --class-names gluon quark --out jets.h5
        qgan convert particles.npz --columns pt,phi,eta --out jets.h5
    """
    from ..data import read_jets, write_jets

    # None leaves it to the file.
    said: dict[str, Any] = {
        "frame": frame, "half_width": half_width, "class_names": tuple(class_names) if class_names else None,
        "size": size, "labels": int(labels) if labels and labels.isdigit() else labels, "units": units,
        "columns": columns}
    jets = read_jets(files, channel=channel, **{name: value for name, value in said.items() if value is not None})
    write_jets(out, jets, overwrite=overwrite)
    if not quiet:
        print(f"{out}: {len(jets)} jets")
