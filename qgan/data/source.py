"""What every reader hands over: a number of jets, and a function that reads any slice of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.errors import DataError
from .jets import CLASS_PAIRS, JetImages, check_alike, paired
from .particles import padded_together

#: Bytes that a reader may hold beside the jets that it hands over, about.
BLOCK_BYTES = 32_000_000


@dataclass(frozen=True)
class JetFile:
    """An open file of jets.

    Attributes:
        n_jets: how many it holds.
        read: ``read(start, stop)`` gives the jets of that slice, in memory for that slice.
        block: how many jets to read at once, so that what a reader holds beside them stays small.
        format: the layout that was recognised; the format's title, put there by who recognises it.
        groups: rows that are packed together, the number of each group in order, where to read a part of one costs as
            much as to read it whole; empty where there are none.
    """

    n_jets: int
    read: Callable[[int, int], JetImages]
    block: int
    format: str = ""
    groups: tuple[int, ...] = ()

    def cuts(self, most: int) -> Iterator[tuple[int, int]]:
        """(start, stop) of pieces in order that are cheap to read and hold at most ``most`` jets.

        They are whole groups where there are some, small ones together; only a group of more than ``most`` is divided.
        """
        begin = end = 0
        for rows in self.groups or (self.n_jets,):
            if end > begin and end + rows - begin > min(most, self.block):
                yield begin, end
                begin = end
            end += rows
            step = most if self.groups else min(most, self.block)
            while end - begin > step:
                yield begin, begin + step
                begin += step
        if end > begin:
            yield begin, end

    def blocks(self, start: int = 0, stop: int | None = None, size: int | None = None) -> Iterator[JetImages]:
        """The jets from ``start`` to ``stop``, block by block."""
        end = self.n_jets if stop is None else min(stop, self.n_jets)
        step = min(size or self.block, self.block)
        for begin in range(start, end, step):
            yield self.read(begin, min(begin + step, end))


def block_rows(bytes_per_jet: int) -> int:
    """How many jets fit in ``BLOCK_BYTES``."""
    return max(1, BLOCK_BYTES // max(1, bytes_per_jet))


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
    momenta: list[np.ndarray | None] = []
    position = 0
    for block in blocks:
        if first is None:
            first = block
            images = _room(block, n)
            label = np.empty(n, np.int64)
            generated = None if block.generated is None else np.empty(n, np.int8)
            conditions = {k: np.empty(n, v.dtype) for k, v in block.conditions.items()}
        block = paired(block, first.class_names, first.source)
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
        momenta.append(block.momenta)
        origins[block.source] = block.origin
    if first is None or position != n:
        raise ValueError(f"{position} jets came, {n} were expected")
    origin = first.origin if len(origins) == 1 else {"merged": list(origins.values())}
    return replace(first, images=images, label=label, conditions=conditions, origin=origin,
                   momenta=padded_together(momenta),
                   source=" + ".join(origins), generated=generated)


def _room(block: JetImages, n: int) -> np.ndarray:
    """An array for ``n`` images such as those of the block."""
    try:
        return np.empty((n, *block.images.shape[1:]), block.images.dtype)
    except MemoryError as error:
        raise DataError(block.source, "image", f"{n} images take {n * block.images[0].nbytes / 1e9:.0f} GB, more than "
                                               "there is; read them in parts with start=... and stop=...") from error
