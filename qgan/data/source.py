"""What every reader hands over: a number of jets, and a function that reads any slice of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ..base.errors import DataError
from .jets import CLASS_PAIRS, Frame, JetImages, check_alike

if TYPE_CHECKING:
    from .files import HDF5File

Channel = Literal["sum", "tracks", "ecal", "hcal"]
#: Bytes that a reader may hold beside the jets that it hands over, about.
BLOCK_BYTES = 32_000_000


@dataclass(frozen=True)
class ReadOptions:
    """What a file does not say of itself; None leaves it to the file or to the format's convention.

    Attributes:
        frame: the frame to read, or the frame of the images where the file has no such attribute.
        half_width: half of the image's extent in Δη and Δφ, radians.
        class_names: the names of label 0 and label 1.
        channel: which of the detector images of the CMS set, or their sum.
        size: pixels a side; images are pooled to it (the energy is kept), particles are binned in it.
        labels: a ``.npy`` file of labels or one label for all, for particles and challenge images stored without.
    """

    frame: Frame | None = None
    half_width: float | None = None
    class_names: tuple[str, str] | None = None
    channel: Channel = "sum"
    size: int | None = None
    labels: str | int | None = None

    def __post_init__(self) -> None:
        if self.frame not in (None, *get_args(Frame)):
            raise DataError("frame", "", f"is {self.frame!r}, expected 'raw' or 'canonical'")
        if self.channel not in get_args(Channel):
            raise DataError("channel", "", f"is {self.channel!r}, expected one of {', '.join(get_args(Channel))}")
        if self.size is not None and self.size < 1:
            raise DataError("size", "", f"is {self.size}, expected a number of pixels")
        if self.half_width is not None and not self.half_width > 0:
            raise DataError("half_width", "", f"is {self.half_width}, expected a positive number of radians")


@dataclass(frozen=True)
class JetFile:
    """An open file of jets.

    Attributes:
        n_jets: how many it holds.
        read: ``read(start, stop)`` gives the jets of that slice, in memory for that slice.
        block: how many jets to read at once, so that what a reader holds beside them stays small.
        format: the layout that was recognised.
    """

    n_jets: int
    read: Callable[[int, int], JetImages]
    block: int
    format: str

    def blocks(self, start: int = 0, stop: int | None = None, size: int | None = None) -> Iterator[JetImages]:
        """The jets from ``start`` to ``stop``, block by block."""
        end = self.n_jets if stop is None else min(stop, self.n_jets)
        step = min(size or self.block, self.block)
        for begin in range(start, end, step):
            yield self.read(begin, min(begin + step, end))


def block_rows(bytes_per_jet: int) -> int:
    """How many jets fit in ``BLOCK_BYTES``."""
    return max(1, BLOCK_BYTES // max(1, bytes_per_jet))


def read_rows(file: HDF5File, key: str, start: int, stop: int, dtype: type = np.float32) -> np.ndarray:
    """Rows of a dataset, converted by HDF5 while it reads, so that no float64 copy is held.

    Raises:
        DataError: the stored data are damaged or no numbers.
    """
    try:
        return file[key].astype(dtype)[start:stop]
    except (OSError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise DataError(file.filename, key, "cannot be read: damaged, or no array of numbers") from error


def check_shapes(file: HDF5File, image: str, dimensions: int, others: Iterable[str]) -> int:
    """The number of jets, once every key is there with that many rows and the images have the right dimensions.

    Raises:
        DataError: a key is missing, has another number of rows, or the file holds no jet.
    """
    path = file.filename
    shape = _shape(file, image)
    if len(shape) != dimensions:
        raise DataError(path, image, f"shape {shape}, expected {dimensions} dimensions with the jets first")
    for key in others:
        if _shape(file, key) != shape[:1]:
            raise DataError(path, key, f"shape {_shape(file, key)}, expected {shape[:1]} as there are images")
    if not shape[0]:
        raise DataError(path, image, "holds no jets")
    return int(shape[0])


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


def gather(blocks: Iterable[JetImages], n: int) -> JetImages:
    """Blocks of ``n`` jets in all as one set; conditions (and marks) that not every block has are left out.

    The arrays are allocated once, so that the memory is that of the jets and one block.

    Raises:
        DataError: the blocks differ in grid, frame or the names of their classes.
    """
    first: JetImages | None = None
    origins: dict[str, dict[str, Any]] = {}
    position = 0
    for block in blocks:
        if first is None:
            first = block
            images = np.empty((n, *block.images.shape[1:]), block.images.dtype)
            label = np.empty(n, np.int64)
            generated = None if block.generated is None else np.empty(n, np.int8)
            conditions = {k: np.empty(n, v.dtype) for k, v in block.conditions.items()}
        check_alike(first, block)
        rows = slice(position, position := position + len(block))
        images[rows], label[rows] = block.images, block.label
        conditions = {k: v for k, v in conditions.items() if k in block.conditions}
        for key, values in conditions.items():
            values[rows] = block.conditions[key]
        if generated is None or block.generated is None:
            generated = None
        else:
            generated[rows] = block.generated
        origins[block.source] = block.origin
    if first is None or position != n:
        raise ValueError(f"{position} jets came, {n} were expected")
    origin = first.origin if len(origins) == 1 else {"merged": list(origins.values())}
    return replace(first, images=images, label=label, conditions=conditions, origin=origin,
                   source=" + ".join(origins), generated=generated)


def _shape(file: HDF5File, key: str) -> tuple[int, ...]:
    if key not in file:
        raise DataError(file.filename, key, f"no such key; the file holds {', '.join(sorted(file)) or 'nothing'}")
    shape = getattr(file[key], "shape", None)
    if shape is None:
        raise DataError(file.filename, key, "is a group, expected an array")
    return tuple(shape)
