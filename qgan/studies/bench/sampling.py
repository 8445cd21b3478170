"""Jets a second: the generator's against the simulation's, which runs on the CPU."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ...base.devices import one_thread
from ...base.errors import DataError
from ...sampling.source import JetSource, describe_source, source_of
from ...simulation import PROCESSES
from ...simulation.chunks import Settings, make_chunk
from ...simulation.engines import require_engines
from ...training.preparation import Prepared
from ...training.trainer import Trainer
from .timing import CPU, estimate, median, take_turns

#: Above this, GeV, a pixel counts as one that τ_N is computed from.
_THRESHOLD = 0.1


@dataclass(frozen=True)
class SamplingRow:
    """Requests of one size.

    Attributes:
        jets: asked for; they are made in blocks of a fixed size, of which a request takes what it needs.
        substructure: whether τ_1 … τ_32 of the images are computed too.
        threads: of the arithmetic; with one, rates are those of one core.
        seconds: own time of a request, see :mod:`.timing`.
        rate, rate_low, rate_high: jets a second of own time.
        wall_rate: jets a second on the clock, median over the requests.
        calls: that were timed.
    """

    jets: int
    substructure: bool
    threads: int
    seconds: float
    rate: float
    rate_low: float
    rate_high: float
    wall_rate: float
    calls: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SimulationRow:
    """Jets of one process by one Pythia on one core, from the second batch of events on: starting it is left out.

    ``seconds`` is own time, see :mod:`.timing`, ``wall_rate`` counts jets by the clock; ``rate_spread``
    is what the number of jets fluctuates by, √jets.
    """

    process: str
    jets: int
    seconds: float
    rate: float
    rate_spread: float
    wall_rate: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def source_from(trainer: Trainer, prepared: Prepared, device: torch.device = CPU) -> JetSource:
    """The averaged generator of a trainer as it is now."""
    described = describe_source(prepared.blueprint, prepared.density, prepared.constants, prepared.train)
    source = source_of(described, origin={})
    source.generator.load_state_dict(trainer.average.state_dict())
    source.generator.to(device)
    return source


def sampling_rows(source: JetSource, seconds: float, sizes: Sequence[int], seed: int = 0,
                  device: torch.device = CPU) -> list[SamplingRow]:
    """Requests of each size, with and without substructure, the largest on one thread too, taking turns for about
    ``seconds``."""
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
    rows = []
    for kind in kinds:
        n, taken = kind[0], times[str(kind)]
        own = estimate(taken.own)
        rows.append(SamplingRow(*kind, own.value, n / own.value, n / own.high, n / own.low, n / median(taken.wall),
                                taken.calls))
    return rows


def pixels_above_threshold(source: JetSource, seed: int = 0) -> float:
    """Mean number of pixels above 0.1 GeV, on which the time of the substructure depends."""
    return float(np.mean((source.block(0, seed, substructure=False).images > _THRESHOLD).sum((1, 2))))


def simulation_row(process: str, batches: int, seed: int = 0) -> SimulationRow:
    """A process simulated until about ``batches`` further batches of events have been made after the first.

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
    return SimulationRow(process, made, seconds, made / seconds, made**0.5 / seconds, made / (wall_end - wall))


def simulation_rows(processes: Iterable[str], batches: int, seed: int = 0,
                    end: float = math.inf) -> tuple[list[SimulationRow], str]:
    """The processes that begin before the clock shows ``end``, and why others are left out."""
    rows: list[SimulationRow] = []
    try:
        for process in processes:
            if time.perf_counter() > end:
                return rows, f"no time left for {process}"
            rows.append(simulation_row(process, batches, seed))
    except DataError as error:
        return [], str(error)
    return rows, ""
