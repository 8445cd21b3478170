"""Chunks of a simulation made by the workers of a Dask scheduler, on this machine or on others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from ..base.errors import ConfigError, DataError
from . import engines
from .chunks import Chunk, Settings, make_chunk

#: Seconds to wait for the scheduler.
PATIENCE = 15
#: A Dask worker may run several tasks in threads, which FastJet does not promise to survive.
_ONE_AT_A_TIME = threading.Lock()


def made_by_scheduler(address: str, settings: Settings, chunks: Sequence[int]) -> Iterator[tuple[int, Chunk]]:
    """Number and jets of each chunk, in the order in which they are done.

    Scheduler and workers need this package, the workers Pythia and FastJet too; they send their jets back and write
    no file. If the caller stops early, what is not done is cancelled.

    Args:
        address: of the scheduler, ``tcp://host:8786``.

    Raises:
        DataError: Dask is not installed here.
        ConfigError: nothing answers at the address, it has no workers, or they cannot make these jets.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise DataError("scheduler", "", "needs Dask: pip install 'qgan[dask]'") from error
    # Its own account of a scheduler that cannot be reached is a page of tracebacks.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"scheduler: {address}: nothing answers there, expected the address of a Dask scheduler "
                          "such as tcp://host:8786") from error
    jobs: dict[Any, int] = {}
    try:
        if not client.scheduler_info()["workers"]:
            raise ConfigError(f"scheduler: {address}: has no workers; start some with: dask worker {address}")
        jobs = {client.submit(_chunk, settings, chunk, pure=False): chunk for chunk in chunks}
        for job in as_completed(list(jobs), loop=client.loop):
            if job.status != "finished":
                raise ConfigError(f"scheduler: {address}: a worker made no jets: {job.exception()!r}")
            versions, made = job.result()
            if versions != engines.versions():
                raise ConfigError(f"scheduler: {address}: a worker has {versions}, expected {engines.versions()}, or "
                                  "the jets would not be the same")
            yield jobs.pop(job), made
    finally:
        client.cancel(list(jobs))
        client.close()


def _chunk(settings: Settings, chunk: int) -> tuple[dict[str, str], Chunk]:
    with _ONE_AT_A_TIME:
        return engines.versions(), make_chunk(settings, chunk)
