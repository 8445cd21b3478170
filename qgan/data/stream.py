"""Jets of files that do not fit in memory, in shuffled batches.

Files are read in pieces, those of Parquet row group by row group, in another order each epoch, by several processes if
they are asked for. A piece goes into a buffer that is shuffled whenever it is full, and half of which leaves it in
batches then. So the jets in memory are those of the buffer and of a piece for each process, and jets are as well mixed
as the buffer is large. The order does not depend on the number of processes.

Image, label and quantities of a jet never part: they are the same row of one :class:`~qgan.data.jets.JetImages` from
the file to the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..base.errors import ConfigError
from ..base.seeding import numpy_rng
from ..base.workers import in_order, local_workers
from .files import open_all, open_jets
from .jets import JetImages, concatenate
from .reading import Files, Paths


class Piece(NamedTuple):
    """Rows ``start`` to ``stop`` of a file, counted in it."""

    file: int
    start: int
    stop: int


@dataclass(frozen=True)
class JetStream:
    """Jets in batches, each jet once an epoch.

    Attributes:
        files: of the jets.
        pieces: that they are read in.
        batch: jets of a batch; the last one of an epoch may have fewer.
        buffer: jets that are mixed, at least a batch.
        workers: processes that read; 1 reads in this one.
        seed: of the order.
    """

    files: Files
    pieces: tuple[Piece, ...]
    batch: int = 128
    buffer: int = 8192
    workers: int = 1
    seed: int = 0

    @classmethod
    def of(cls, paths: Paths, *, batch: int = 128, buffer: int = 8192, workers: int = 1, seed: int = 0,
           **options: Any) -> JetStream:
        """A stream of one file or several, in any format that is read.

        Args:
            paths: the files.
            batch, buffer, workers, seed: see the class.
            options: what the files do not say of themselves, as of :func:`~qgan.data.files.read_jets`.

        Raises:
            ConfigError: a buffer smaller than a batch, or numbers below 1.
            DataError: a file is missing, damaged or of unknown format.

        Example:
            ``for jets in JetStream.of("cms.parquet", size=25, workers=2).epoch(0): ...``
        """
        if min(batch, workers) < 1 or buffer < batch:
            raise ConfigError(f"batch, buffer, workers: {batch}, {buffer}, {workers}, expected at least 1, and a "
                              "buffer that holds a batch")
        files = Files.of(paths, **options)
        with ExitStack() as stack:
            pieces = [Piece(index, start, stop) for index, source in enumerate(open_all(stack, files))
                      for start, stop in source.cuts(buffer)]
        return cls(files, tuple(pieces), batch, buffer, workers, seed)

    def __len__(self) -> int:
        """Jets of an epoch."""
        return sum(piece.stop - piece.start for piece in self.pieces)

    @property
    def first(self) -> JetImages:
        """The first jet: what all are like."""
        return _read(self.files, Piece(self.pieces[0].file, 0, 1))

    def epoch(self, number: int = 0) -> Iterator[JetImages]:
        """Every jet once, in batches; the same for the same seed and number."""
        rng = numpy_rng(self.seed, "stream", number)
        held: list[JetImages] = []
        for jets in self._read_pieces(rng.permutation(len(self.pieces))):
            held.append(jets)
            if sum(map(len, held)) >= self.buffer:
                mixed = _mixed(held, rng)
                leaving = max(len(mixed) // 2 // self.batch, 1) * self.batch
                yield from _batches(mixed[:leaving], self.batch)
                held = [mixed[leaving:]]
        if held:
            yield from _batches(_mixed(held, rng), self.batch)

    def _read_pieces(self, order: np.ndarray) -> Iterator[JetImages]:
        work = partial(_read_one, self.files, tuple(self.pieces[index] for index in order))
        if self.workers == 1:
            yield from map(work, range(len(order)))
            return
        with local_workers(self.workers) as pool:
            yield from in_order(pool, work, len(order), self.workers)


def _mixed(held: list[JetImages], rng: np.random.Generator) -> JetImages:
    together = concatenate(held)
    return together[rng.permutation(len(together))]


def _batches(jets: JetImages, size: int) -> Iterator[JetImages]:
    for start in range(0, len(jets), size):
        yield jets[start:start + size]


def _read_one(files: Files, pieces: tuple[Piece, ...], index: int) -> JetImages:
    return _read(files, pieces[index])


def _read(files: Files, piece: Piece) -> JetImages:
    with open_jets(files.paths[piece.file], files.reading) as source:
        return source.read(piece.start, piece.stop)
