"""Chunks of a simulation made by the workers of a Dask scheduler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.errors import ConfigError
from ..base.scheduler import as_done, submit, workers_of
from . import engines
from .chunks import Chunk, Settings, make_chunk


def made_by_scheduler(address: str, settings: Settings, chunks: Sequence[int]) -> Iterator[tuple[int, Chunk]]:
    """Number and jets of each chunk, in the order in which they are done; the workers need Pythia and FastJet.

    Raises:
        DataError, ConfigError: see :func:`~qgan.base.scheduler.workers_of`; or they cannot make these jets.
    """
    with workers_of(address) as client:
        jobs = {submit(client, _chunk, settings, chunk): chunk for chunk in chunks}
        for job in as_done(client, jobs):
            if job.status != "finished":
                raise ConfigError(f"scheduler: {address}: a worker made no jets: {job.exception()!r}")
            versions, made = job.result()
            if versions != engines.versions():
                raise ConfigError(f"scheduler: {address}: a worker has {versions}, expected {engines.versions()}, or "
                                  "the jets would not be the same")
            yield jobs.pop(job), made


def _chunk(settings: Settings, chunk: int) -> tuple[dict[str, str], Chunk]:
    return engines.versions(), make_chunk(settings, chunk)
