"""What a file does not say of itself, and its reader is told: the same options for every command that reads jets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from ..base.errors import DataError
from .jets import Frame
from .npy import open_npy
from .units import UNITS, Units

Channel = Literal["sum", "tracks", "ecal", "hcal"]
#: What the columns of particles may be; others are passed over by the name ``-``.
COLUMNS = ("pt", "y", "eta", "phi", "phi_degrees", "pdg", "mass", "e", "px", "py", "pz", "-")


@dataclass(frozen=True)
class Reading:
    """What a file does not say of itself; None leaves it to the file or to the format's convention.

    Attributes:
        frame: the frame to read, or the frame of the images where the file does not say it: raw or canonical.
        half_width: half of the image's extent in Δη and Δφ, radians.
        class_names: the names of label 0 and label 1.
        channel: which of several detector images (tracks, ecal, hcal), or their sum.
        size: pixels a side; images are pooled to it (the energy is kept), particles are binned in it.
        labels: a ``.npy`` file of labels or one label for all, for files that hold none.
        units: of the pixels: GeV, sum (each image adds up to 1), max (each image's largest is 1) or unknown.
        columns: of particles, in their order, such as ``pt,phi,eta``; ``-`` passes one over.
    """

    frame: Frame | None = None
    half_width: float | None = None
    class_names: tuple[str, str] | None = None
    channel: Channel = "sum"
    size: int | None = None
    labels: str | Path | int | None = None
    units: Units | None = None
    columns: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name, known in (("frame", (None, *get_args(Frame))), ("channel", get_args(Channel)),
                            ("units", (None, *UNITS))):
            if (value := getattr(self, name)) not in known:
                one_of = " or ".join(repr(k) for k in known if k) if name == "frame" else (
                    f"one of {', '.join(k for k in known if k)}")
                raise DataError(name, "", f"is {value!r}, expected {one_of}")
        if self.size is not None and self.size < 1:
            raise DataError("size", "", f"is {self.size}, expected a number of pixels")
        if self.half_width is not None and not self.half_width > 0:
            raise DataError("half_width", "", f"is {self.half_width}, expected a positive number of radians")
        if self.class_names is not None and (isinstance(self.class_names, str) or len(self.class_names) != 2
                                             or self.class_names[0] == self.class_names[1]):
            raise DataError("class_names", "", f"is {self.class_names!r}, expected two names, of label 0 and label 1")
        unknown = [name for name in self.named_columns or () if name not in COLUMNS]
        if unknown:
            raise DataError("columns", "", f"holds {unknown[0]!r}, expected some of {', '.join(COLUMNS)}")

    @property
    def named_columns(self) -> tuple[str, ...] | None:
        """The columns of particles, if they were named."""
        return tuple(self.columns.replace(" ", "").split(",")) if isinstance(self.columns, str) else self.columns

    def labels_of(self, path: str, n: int) -> np.ndarray:
        """Labels of a file that holds none: one for all, of a file that was named, or of one beside (X.npy, y.npy).

        Raises:
            DataError: there are none, or not as many as there are jets.
        """
        if isinstance(self.labels, int | np.integer):
            return np.full(n, int(self.labels))
        source = self.labels if self.labels is not None else next(_beside(Path(path), n), None)
        if source is None:
            raise DataError(path, "y", "the file holds no labels; pass labels=0, labels=1 or labels='y.npy' "
                                       "(--labels in the shell)")
        rows = open_npy(source)
        if rows.shape != (n,):
            raise DataError(source, "", f"shape {rows.shape}, expected ({n},) as there are jets")
        return rows.read(0, n)


def _beside(path: Path, n: int) -> Iterator[Path]:
    """Files of ``n`` labels that are named like ``path`` with a y for an x."""
    name = path.with_suffix(".npy").name
    for i, letter in enumerate(name):
        if letter in "Xx":
            other = path.with_name(f"{name[:i]}y{name[i + 1:]}")
            if other.is_file() and open_npy(other).shape == (n,):
                yield other
