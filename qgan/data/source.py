"""What every reader hands over: a number of jets, and a function that reads any slice of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from ..errors import DataError
from .jets import CLASS_PAIRS, Frame, JetImages

Channel = Literal["sum", "tracks", "ecal", "hcal"]


@dataclass(frozen=True)
class ReadOptions:
    """What a file does not say of itself; None leaves it to the file or to the format's convention.

    Attributes:
        frame: the frame to read, or the frame of the images where the file has no such attribute.
        half_width: half of the image's extent in Δη and Δφ, radians.
        class_names: the names of label 0 and label 1.
        channel: which of the detector images of the CMS set, or their sum.
        size: pixels a side; images are pooled to it (the energy is kept), particles are binned in it.
        labels: a ``.npy`` file of labels or one label for all, for particles stored without.
    """

    frame: Frame | None = None
    half_width: float | None = None
    class_names: tuple[str, str] | None = None
    channel: Channel = "sum"
    size: int | None = None
    labels: str | int | None = None

    def __post_init__(self) -> None:
        if self.channel not in get_args(Channel):
            raise DataError("channel", "", f"is {self.channel!r}, expected one of {', '.join(get_args(Channel))}")
        if self.size is not None and self.size < 1:
            raise DataError("size", "", f"is {self.size}, expected a number of pixels")
        if self.half_width is not None and not self.half_width > 0:
            raise DataError("half_width", "", f"is {self.half_width}, expected a positive number of radians")

    def need_raw(self, path: str) -> Frame:
        """``raw``, for the formats that hold nothing else."""
        if self.frame == "canonical":
            raise DataError(path, "frame", "this format holds images in the raw frame alone, 'canonical' was asked for")
        return "raw"


@dataclass(frozen=True)
class JetSource:
    """An open file of jets.

    Attributes:
        n_jets: how many it holds.
        read: ``read(start, stop)`` gives the jets of that slice, in memory for that slice.
        format: the layout that was recognised.
    """

    n_jets: int
    read: Callable[[int, int], JetImages]
    format: str

    def blocks(self, start: int, stop: int, size: int) -> Iterator[JetImages]:
        """The jets from ``start`` to ``stop`` in blocks of ``size``."""
        for begin, end in spans(start, stop, size):
            yield self.read(begin, end)


def spans(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """``start`` to ``stop`` in steps of ``size``."""
    for begin in range(start, stop, size):
        yield begin, min(begin + size, stop)


def check_labels(values: Any, path: str, key: str) -> np.ndarray:
    """Labels as (N,) int64.

    Raises:
        DataError: they are not 0 and 1.
    """
    labels = np.asarray(values)
    if labels.ndim != 1:
        raise DataError(path, key, f"shape {labels.shape}, expected one label a jet")
    if not np.isin(labels, (0, 1)).all():
        raise DataError(path, key, "holds values other than 0 and 1")
    return labels.astype(np.int64)


def class_pair(process: str) -> tuple[str, str] | None:
    """The pair of class names that a process (``"w"``, ``"gluon"``, ...) belongs to."""
    return next((pair for pair in CLASS_PAIRS if process in pair), None)
