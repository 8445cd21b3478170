"""Blocks of jets made here, by several processes of this machine, or by the workers of a Dask scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..base.devices import one_thread
from ..base.scheduler import check_versions, submit, versions, workers_of
from ..base.workers import in_order, local_workers
from ..data import JetImages

#: Makes a block by its number; it can be pickled.
Maker = Callable[[int], JetImages]


def divided(make: Maker, count: int, workers: int, scheduler: str | None) -> Iterator[JetImages]:
    """Blocks 0 to ``count - 1`` in order, each computed with one thread; few are made before they are asked for.

    Args:
        workers: number of processes.
        scheduler: address of a Dask scheduler, whose workers make them all.

    Raises:
        DataError, ConfigError: see :func:`~qgan.base.scheduler.workers_of`; or its workers would make other jets.
    """
    if scheduler is not None:
        yield from _elsewhere(make, count, scheduler)
    elif min(workers, count) == 1:
        with one_thread():
            yield from map(make, range(count))
    else:
        with local_workers(min(workers, count), _prepare, make) as pool:
            yield from in_order(pool, _made, count, 2 * workers)


def _elsewhere(make: Maker, count: int, address: str) -> Iterator[JetImages]:
    with workers_of(address) as client:
        found = in_order(_Pool(client, make), _made_there, count, 2 * len(client.nthreads()))
        for theirs, jets in found:
            check_versions(address, theirs, versions())
            yield jets


class _Pool:
    """Sends what makes the blocks to every worker once."""

    def __init__(self, client: Any, make: Maker) -> None:
        self._client = client
        (self._make,) = client.scatter([make], broadcast=True, hash=False)

    def submit(self, work: Callable[..., Any], index: int) -> Any:
        return submit(self._client, work, self._make, index)


def _made_there(make: Maker, index: int) -> tuple[dict[str, str], JetImages]:
    with one_thread():
        return versions(), make(index)


def _prepare(make: Maker) -> None:
    """Gives a worker its generator and what is asked of it."""
    global _make
    torch.set_num_threads(1)
    _make = make


def _made(index: int) -> JetImages:
    return _make(index)


_make: Maker
