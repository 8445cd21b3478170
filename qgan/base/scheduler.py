"""Work for the workers of a Dask scheduler, on this machine or on others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from .errors import ConfigError, DataError
from .version import __version__

#: Seconds to wait for the scheduler.
PATIENCE = 15
#: A worker may run several tasks in threads, which neither FastJet nor a thread count that is set survives.
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def workers_of(address: str) -> Iterator[Any]:
    """A client of the scheduler for the block; what is not done at its end is cancelled.

    Scheduler and workers need this package; the workers send back what they make and write no file.

    Args:
        address: ``tcp://host:8786``.

    Raises:
        DataError: Dask is not installed here.
        ConfigError: nothing answers at the address, it has no workers, or they died over the work.
    """
    try:
        from distributed import CancelledError, Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError as error:
        raise DataError("scheduler", "", "needs Dask: pip install 'qgan[dask]'") from error
    # Its own account of a scheduler that cannot be reached is a page of tracebacks.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"scheduler: {address}: nothing answers there, expected the address of a Dask scheduler "
                          "such as tcp://host:8786") from error
    try:
        if not client.nthreads():
            raise ConfigError(f"scheduler: {address}: has no workers; start some with: dask worker {address}")
        yield client
    except (CancelledError, CommClosedError, KilledWorker) as error:
        raise ConfigError(f"scheduler: {address}: its workers were killed, or memory ran out: {error}") from error
    finally:
        client.close()


def submit(client: Any, work: Callable[..., Any], *arguments: Any) -> Any:
    """A future of ``work(*arguments)``, a function of a module, with no other work beside it in its process."""
    return client.submit(_alone, work, *arguments, pure=False)


def versions() -> dict[str, str]:
    """Of what makes numbers: with others a worker's would not be the same."""
    return {"qgan": __version__, "torch": metadata.version("torch").partition("+")[0]}


def results(address: str, work: Callable[..., Any], items: Iterable[Sequence[Any]],
            versions: Callable[[], dict[str, str]] = versions) -> Iterator[tuple[Sequence[Any], Any]]:
    """Each item and ``work(*item)``, made by the workers of the scheduler, in the order in which they are done.

    Args:
        address: see :func:`workers_of`.
        work: a function of a module.
        versions: a function of a module; what it says must be the same here and there.

    Raises:
        DataError, ConfigError: see :func:`workers_of`; or the work failed there, or other versions would do it.
    """
    with workers_of(address) as client:
        from distributed import as_completed

        jobs = {submit(client, _with_versions, versions, work, *item): item for item in items}
        for job in as_completed(list(jobs), loop=client.loop):
            if job.status != "finished":
                raise ConfigError(f"scheduler: {address}: a worker failed: {job.exception()!r}")
            theirs, found = job.result()
            check_versions(address, theirs, versions())
            yield jobs.pop(job), found


def check_versions(address: str, theirs: dict[str, str], ours: dict[str, str]) -> None:
    """Raises ConfigError unless they are alike."""
    if theirs != ours:
        raise ConfigError(f"scheduler: {address}: a worker has {theirs}, expected {ours}, or its numbers would not be "
                          "the same")


def _with_versions(versions: Callable[[], dict[str, str]], work: Callable[..., Any],
                   *arguments: Any) -> tuple[dict[str, str], Any]:
    return versions(), work(*arguments)


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    with _ONE_AT_A_TIME:
        return work(*arguments)
