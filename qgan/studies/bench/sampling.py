"""Jets a second: the generator's against the simulation's, which runs on the CPU."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext

import numpy as np
import torch

from ...base.devices import one_thread
from ...base.errors import DataError
from ...sampling.source import JetSource
from ...simulation import PROCESSES
from ...simulation.chunks import Settings, make_chunk
from ...simulation.engines import require_engines
from .timing import CPU, Estimate, Times, Timing, estimate, median, take_turns

#: Above this, GeV, a pixel counts as one that τ_N is computed from.
_THRESHOLD = 0.1


def sampling_rows(source: JetSource, seconds: float, sizes: Sequence[int], seed: int = 0,
                  device: torch.device = CPU) -> list[Timing]:
    """Requests of each size, with and without substructure (τ_1 … τ_32 of the images), the largest on one thread too,
    taking turns for about ``seconds``.

    Returns:
        For each the time of a request (``seconds``) and jets a second: ``rate`` by own time, ``wall_rate`` on the
        clock, median over the requests. With one thread rates are those of one core.
    """
    threads = torch.get_num_threads()

    def request(n: int, substructure: bool, threads: int) -> Callable[[], object]:
        def make() -> None:
            with one_thread() if threads == 1 else nullcontext():
                for _ in source.jets(n, seed, substructure=substructure):
                    pass
        return make

    asked = list(dict.fromkeys([(max(sizes), 1), *((n, threads) for n in sizes)]))
    kinds = [(n, substructure, threads) for n, threads in asked for substructure in (False, True)]
    times = take_turns({str(kind): request(*kind) for kind in kinds}, seconds, device=device)
    return [_row(*kind, times[str(kind)]) for kind in kinds]


def _row(jets: int, substructure: bool, threads: int, times: Times) -> Timing:
    own = estimate(times.own)
    rate = Estimate(*(jets / seconds for seconds in (own.value, own.high, own.low)))
    return {"jets": jets, "substructure": substructure, "threads": threads, "seconds": own.value, **rate.named("rate"),
            "wall_rate": jets / median(times.wall), "calls": times.calls}


def pixels_above_threshold(source: JetSource, seed: int = 0) -> float:
    """Mean number of pixels above 0.1 GeV, on which the time of the substructure depends."""
    return float(np.mean((source.block(0, seed).images > _THRESHOLD).sum((1, 2))))


def simulation_row(process: str, batches: int, seed: int = 0) -> Timing:
    """A process simulated by one Pythia on one core until about ``batches`` further batches of events have been made
    after the first, which is left out with the start.

    Returns:
        Jets made and, by own time, their ``rate``; ``rate_spread`` is what the number of jets fluctuates by, √jets.

    Raises:
        DataError: Pythia or FastJet is not installed.
    """
    require_engines()
    physics = PROCESSES[process]
    # A batch is at most 200 events; the margin makes sure that there is a further one.
    jets = round(200 * physics.efficiency * (batches + 1))
    settings = Settings(process, jets, seed, 25, physics.half_width, physics.frame, False)
    marks: list[tuple[float, float, int]] = []
    make_chunk(settings, 0, lambda made: marks.append((time.thread_time(), time.perf_counter(), made)))
    (own, wall, _), (own_end, wall_end, _) = marks[0], marks[-1]
    seconds, made = own_end - own, sum(n for *_, n in marks[1:])
    return {"process": process, "jets": made, "seconds": seconds, "rate": made / seconds,
            "rate_spread": made**0.5 / seconds, "wall_rate": made / (wall_end - wall)}


def simulation_rows(processes: Iterable[str], batches: int, seed: int = 0,
                    end: float = math.inf) -> tuple[list[Timing], str]:
    """The processes that begin before the clock shows ``end``, and why others are left out."""
    rows: list[Timing] = []
    try:
        for process in processes:
            if time.perf_counter() > end:
                return rows, f"no time left for {process}"
            rows.append(simulation_row(process, batches, seed))
    except DataError as error:
        return [], str(error)
    return rows, ""
