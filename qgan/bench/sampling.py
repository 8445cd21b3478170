"""Jets a second: the generator's against the simulation's, both on the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..data.simulation import PROCESSES
from ..data.simulation.chunks import Settings, make_chunk
from ..data.simulation.engines import require_engines
from ..errors import DataError
from ..preparation import Prepared
from ..sampling import JetSource, describe_source, source_of
from ..training import Trainer
from .timing import summary, take_turns

#: Above this, GeV, a pixel counts as one that τ_N is computed from.
_THRESHOLD = 0.1


@dataclass(frozen=True)
class SamplingRow:
    """Requests of one size.

    Attributes:
        jets: asked for; they are made in blocks of a fixed size, of which a request takes what it needs.
        substructure: whether τ_1 … τ_32 of the images are computed too.
        seconds, spread: median time of a request and half of its central 68 %.
        rate, rate_spread: jets a second.
        calls: that were timed.
    """

    jets: int
    substructure: bool
    seconds: float
    spread: float
    rate: float
    rate_spread: float
    calls: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SimulationRow:
    """Jets of one process by one Pythia on one core, from the second batch of events on: starting it is left out.

    ``rate_spread`` is what the number of jets fluctuates by, √jets.
    """

    process: str
    jets: int
    seconds: float
    rate: float
    rate_spread: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def source_from(trainer: Trainer, prepared: Prepared) -> JetSource:
    """The averaged generator of a trainer as it is now."""
    described = describe_source(prepared.blueprint, prepared.density, prepared.constants, prepared.train)
    source = source_of(described, origin={})
    source.generator.load_state_dict(trainer.average.state_dict())
    return source


def sampling_rows(source: JetSource, seconds: float, sizes: Iterable[int], seed: int = 0) -> list[SamplingRow]:
    """Requests of each size, with and without substructure, taking turns for about ``seconds``."""

    def request(n: int, substructure: bool) -> Callable[[], object]:
        return lambda: sum(len(block) for block in source.jets(n, seed, substructure=substructure))

    kinds = [(n, substructure) for n in sizes for substructure in (False, True)]
    times = take_turns({str(kind): request(*kind) for kind in kinds}, seconds)
    rows = []
    for n, substructure in kinds:
        taken = times[str((n, substructure))]
        rows.append(SamplingRow(n, substructure, *summary(taken), *summary([n / t for t in taken]), len(taken)))
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
    marks: list[tuple[float, int]] = []
    make_chunk(settings, 0, lambda made: marks.append((time.perf_counter(), made)))
    seconds, made = marks[-1][0] - marks[0][0], sum(n for _, n in marks[1:])
    return SimulationRow(process, made, seconds, made / seconds, made**0.5 / seconds)


def simulation_rows(processes: Iterable[str], batches: int, seed: int = 0) -> tuple[list[SimulationRow], str]:
    """The processes, and why they are left out if they are."""
    try:
        return [simulation_row(process, batches, seed) for process in processes], ""
    except DataError as error:
        return [], str(error)
