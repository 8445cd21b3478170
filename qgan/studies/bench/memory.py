"""Peak memory of the parts of the benchmark, each in a process of its own, so that none inherits another's peak."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from ...base.seeding import torch_rng
from ...runs.configuration import Configuration
from ...training.preparation import Prepared
from .gan import QUANTUM, steps_of, trainer_with
from .layer import BROADCAST, DENSE, OURS, QUOTED, contenders, step
from .sampling import source_from
from .timing import CPU

LAYERS = (OURS, DENSE, BROADCAST)
CORES = (QUANTUM, "dense")
#: How many are measured: those, and the sampling.
JOBS = len(LAYERS) + len(CORES) + 1
#: Jets of the sampling.
JETS = 2048
#: What, how to get ready for it, and with which arguments.
_Job = tuple[str, Callable[..., Callable[[], object]], tuple[Any, ...]]
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class MemoryRow:
    """Bytes of resident memory, with everything loaded and at the peak of the work; and at most on the GPU."""

    what: str
    loaded: int
    peak: int
    gpu: int = 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"added": self.peak - self.loaded}


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
                end: float = math.inf) -> Iterator[MemoryRow]:
    """The layers, training steps and sampling, two processes at a time.

    Those that have not begun when the clock shows ``end`` (of ``time.perf_counter``) are left out.
    """
    jobs = _jobs(configuration, prepared)
    with ProcessPoolExecutor(2, get_context("spawn"), max_tasks_per_child=1) as pool:
        waiting: deque[tuple[str, Future[tuple[int, int, int]]]] = deque()
        for what, get_ready, arguments in jobs:
            if len(waiting) == 2:
                yield _finished(*waiting.popleft())
            if time.perf_counter() < end:
                waiting.append((what, pool.submit(_measure, threads, str(device), get_ready, arguments)))
        for what, job in waiting:
            yield _finished(what, job)


def _finished(what: str, job: Future[tuple[int, int, int]]) -> MemoryRow:
    return MemoryRow(what, *job.result())


def _jobs(configuration: Configuration, prepared: Prepared) -> list[_Job]:
    layers: list[_Job] = [(f"layer forward+backward: {name}", _layer, (name,)) for name in LAYERS]
    trainings: list[_Job] = [(f"training step: {core}", _training, (core, configuration, prepared)) for core in CORES]
    sampling: _Job = (f"sampling {JETS} jets", _sampling, (configuration, prepared))
    return [layers[0], trainings[0], sampling, *layers[1:], *trainings[1:]]


def _measure(threads: int, device: str, get_ready: Callable[..., Callable[[], object]],
             arguments: tuple[Any, ...]) -> tuple[int, int, int]:
    torch.set_num_threads(threads)
    where = torch.device(device)
    work = get_ready(where, *arguments)
    loaded = resident_memory()
    # Twice: a second call shows what the first one leaves behind.
    work()
    work()
    gpu = torch.cuda.max_memory_allocated(where) if where.type == "cuda" else 0
    return loaded, max(loaded, peak_memory()), gpu


def _layer(device: torch.device, name: str) -> Callable[[], object]:
    contender = contenders(QUOTED, device=device)[name]
    x = torch.randn(min(QUOTED.batch, contender.most), QUOTED.inputs, generator=torch_rng(0, "bench"))
    return step(contender.run, x.to(contender.device), backward=True)


def _training(device: torch.device, core: str, configuration: Configuration, prepared: Prepared,
              ) -> Callable[[], object]:
    return steps_of(trainer_with(core, configuration, prepared, device))


def _sampling(device: torch.device, configuration: Configuration, prepared: Prepared) -> Callable[[], object]:
    source = source_from(trainer_with(QUANTUM, configuration, prepared), prepared, device)
    return lambda: sum(len(block) for block in source.jets(JETS, 0, substructure=False))
