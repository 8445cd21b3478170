"""Independent pieces of work side by side in threads.

NumPy, scikit-learn and torch leave Python's lock while they compute. Each piece has one thread to itself, so
that its numbers do not depend on how many run beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

T = TypeVar("T")


def cores() -> int:
    """Cores this process may use, or as many as ``OMP_NUM_THREADS`` says if that is less."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(usable, int(asked))) if asked.isdigit() else usable


def side_by_side(pieces: Sequence[Callable[[], T]], workers: int) -> list[T]:
    """What each piece returns, in their order; Ctrl-C waits for those that have begun and starts no other."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=_one_thread)
    try:
        with threadpool_limits(1, user_api="blas"):
            return list(pool.map(lambda piece: piece(), pieces))
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _one_thread() -> None:
    """For the calling thread: the number of OpenMP threads is a thread's own affair."""
    torch.set_num_threads(1)
    threadpool_limits(1, user_api="openmp")
