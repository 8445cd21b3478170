"""Peak memory of the parts of the benchmark, each in a process of its own, so that none inherits another's peak."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from ...runs.configuration import Configuration
from ...training.assembly import source_from
from ...training.preparation import Prepared
from .gan import QUANTUM, steps_of, trainer_with
from .layer import BROADCAST, DENSE, OURS, QUOTED, contenders, step
from .timing import CPU, Timing

LAYERS = (OURS, DENSE, BROADCAST)
CORES = (QUANTUM, "dense")
#: How many are measured: those, and the sampling.
JOBS = len(LAYERS) + len(CORES) + 1
#: Jets of the sampling.
JETS = 2048
#: What, how to get ready for it, and with which arguments.
_Job = tuple[str, Callable[..., Callable[[], object]], tuple[Any, ...]]
_STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """The most resident memory that this process has had, bytes."""
    if _STATUS.is_file():
        # On Linux getrusage also counts what the process had before it became this program.
        return _kilobytes("VmHWM") * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def resident_memory() -> int:
    """The resident memory now; where the system does not say, its peak so far."""
    return _kilobytes("VmRSS") * 1024 if _STATUS.is_file() else peak_memory()


def _kilobytes(key: str) -> int:
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{key}:")).split()[1])


def memory_rows(configuration: Configuration, prepared: Prepared, threads: int, device: torch.device = CPU,
                end: float = math.inf) -> Iterator[Timing]:
    """The layers, training steps and sampling, two processes at a time.

    Those that have not begun when the clock shows ``end`` (of ``time.perf_counter``) are left out.

    Yields:
        Bytes of resident memory with everything ``loaded``, at the ``peak`` of the work and ``added`` by it, and at
        most on the ``gpu``.
    """
    with ProcessPoolExecutor(2, get_context("spawn"), max_tasks_per_child=1) as pool:
        waiting: deque[Future[Timing]] = deque()
        for job in _jobs(configuration, prepared):
            if len(waiting) == 2:
                yield waiting.popleft().result()
            if time.perf_counter() < end:
                waiting.append(pool.submit(_measure, threads, str(device), *job))
        for measuring in waiting:
            yield measuring.result()


def _jobs(configuration: Configuration, prepared: Prepared) -> list[_Job]:
    layers: list[_Job] = [(f"layer forward+backward: {name}", _layer, (name,)) for name in LAYERS]
    trainings: list[_Job] = [(f"training step: {core}", _training, (core, configuration, prepared)) for core in CORES]
    sampling: _Job = (f"sampling {JETS} jets", _sampling, (configuration, prepared))
    return [layers[0], trainings[0], sampling, *layers[1:], *trainings[1:]]


def _measure(threads: int, device: str, what: str, get_ready: Callable[..., Callable[[], object]],
             arguments: tuple[Any, ...]) -> Timing:
    torch.set_num_threads(threads)
    where = torch.device(device)
    work = get_ready(where, *arguments)
    loaded = resident_memory()
    # Twice: a second call shows what the first one leaves behind.
    work()
    work()
    peak = max(loaded, peak_memory())
    gpu = torch.cuda.max_memory_allocated(where) if where.type == "cuda" else 0
    return {"what": what, "loaded": loaded, "peak": peak, "added": peak - loaded, "gpu": gpu}


def _layer(device: torch.device, name: str) -> Callable[[], object]:
    contender = contenders(QUOTED, device=device)[name]
    return step(contender.run, QUOTED.x()[:contender.most].to(contender.device), backward=True)


def _training(device: torch.device, core: str, configuration: Configuration, prepared: Prepared,
              ) -> Callable[[], object]:
    return steps_of(trainer_with(core, configuration, prepared, device))


def _sampling(device: torch.device, configuration: Configuration, prepared: Prepared) -> Callable[[], object]:
    source = source_from(trainer_with(QUANTUM, configuration, prepared), prepared, device=device)
    return lambda: sum(len(block) for block in source.jets(JETS, 0))
