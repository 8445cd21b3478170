"""Timing side by side on a machine that others use too.

Contenders take turns, so that what slows the machine slows all of them alike. What is compared is *own time*: how long
the calling thread was on a processor (``time.thread_time``). With nothing else running that is the time on the clock:
the thread takes its part in everything that is computed in parallel, and waits for the others awake. But while another
program has the processor the clock goes on and own time does not, which on a busy machine would be most of it. On a
GPU, whose work the thread does not do, the clock is taken.

A time is the lower quartile over the turns, a ratio that of two such times over the turns both took; its error is the
central 68 % of the ratios of resampled turns, the same turns for both. The median of the ratios on the clock stands
beside it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ...base.devices import environment
from ...base.seeding import numpy_rng

#: In words, for what is printed and written.
ESTIMATOR = ("own time: seconds that the calling thread was on a processor, lower quartile over turns; ratios of two "
             "such times over the same turns, with the central 68 % of resampled turns")
#: Seconds of a turn that are filled with further calls, and how many there are at most.
BLOCK, CALLS = 0.01, 16
#: Turns that every contender has, where three times the time it should take allows them.
LEAST = 3
#: From fewer turns nothing can be resampled: the error is then the range of the ratios.
FEW = 6
_QUARTILE, _DRAWS = 25, 400

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Times:
    """Seconds a call of one contender by turn, warm-up left out.

    Attributes:
        own: of the calling thread on a processor.
        wall: on the clock.
        calls: in all turns.
    """

    own: list[float]
    wall: list[float]
    calls: int

    def scaled(self, factor: float) -> Times:
        return Times([factor * t for t in self.own], [factor * t for t in self.wall], self.calls)


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 68 % interval."""

    value: float
    low: float
    high: float

    @property
    def inverse(self) -> Estimate:
        return Estimate(1 / self.value, 1 / self.high, 1 / self.low)


@dataclass(frozen=True)
class Row:
    """One measurement of a layer.

    Attributes:
        seconds, seconds_low, seconds_high: own time of a call, see the module.
        wall: median time of a call on the clock, seconds.
        ratio, ratio_low, ratio_high: own time over that of the quantum layer in the same turns.
        wall_ratio: the same on the clock, median over the turns.
        device: where it was computed; PennyLane and other simulators are measured on the CPU.
        turns, calls: that were timed.
        scaled: the batch that was run where the whole one would take too long; times then count the whole.
    """

    what: str
    direction: str
    n_qubits: int
    n_layers: int
    n_rotations: int
    inputs: int
    batch: int
    seconds: float
    seconds_low: float
    seconds_high: float
    wall: float
    ratio: float
    ratio_low: float
    ratio_high: float
    wall_ratio: float
    device: str
    turns: int
    calls: int
    scaled: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def take_turns(contenders: Mapping[str, Callable[[], object]], seconds: float, most: int = 200,
               calls: int | None = None, device: torch.device = CPU) -> dict[str, Times]:
    """Calls the contenders in turn (A B C A B C ...) for about ``seconds``: their times, warm-up left out.

    One that has used up its share of the time sits out the further turns. The first does not before all others do.

    Args:
        contenders: calls by name.
        seconds: for all together; each has three turns if three times as long allows them, and one in any case.
        most: turns.
        calls: of each in a turn, and to warm up; by default as many as fill some milliseconds.
        device: whose work a call is to finish before the clock is read.
    """
    names, settle = list(contenders), settled(device)
    block = {name: _warmed_up(call, settle, calls) for name, call in contenders.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    used = dict.fromkeys(names, 0.0)
    share, began = seconds / len(names), time.perf_counter()
    for turn in range(most):
        elapsed = time.perf_counter() - began
        if turn and elapsed > (seconds if turn >= LEAST else 3 * seconds):
            break
        active = [name for name in names if turn < LEAST or used[name] <= share]
        if not active:
            break
        for name in dict.fromkeys([names[0], *active]):
            own, wall = _timed(contenders[name], settle, block[name])
            found[name].append((wall if device.type == "cuda" else own, wall))
            used[name] += wall * block[name]
    return {name: Times([own for own, _ in turns], [wall for _, wall in turns], len(turns) * block[name])
            for name, turns in found.items()}


def settled(device: torch.device) -> Callable[[], None]:
    """A function that waits for the work that a GPU was given; on the CPU there is nothing to wait for."""
    return (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else lambda: None


def _timed(call: Callable[[], object], settle: Callable[[], None], calls: int = 1) -> tuple[float, float]:
    """Seconds a call: of this thread on a processor, and on the clock."""
    settle()
    wall, own = time.perf_counter(), time.thread_time()
    for _ in range(calls):
        call()
    settle()
    return (time.thread_time() - own) / calls, (time.perf_counter() - wall) / calls


def _warmed_up(call: Callable[[], object], settle: Callable[[], None], calls: int | None) -> int:
    """Warms up, and says how many calls make a turn; a long first call is warm-up enough."""
    longest = max(_timed(call, settle, calls or 1))
    if calls:
        return calls
    if longest < 10 * BLOCK:
        longest = max(_timed(call, settle, 2))
    return max(1, min(CALLS, int(BLOCK / longest)))


def estimate(values: Sequence[float], base: Sequence[float] | None = None) -> Estimate:
    """The time, or the ratio to ``base`` over the turns both took (the first of the longer one), as in the module."""
    turns = len(values) if base is None else min(len(values), len(base))
    above = np.asarray(values[:turns], float)
    below = np.ones(turns) if base is None else np.asarray(base[:turns], float)
    value = float(_typical(above) / _typical(below))
    if turns < FEW:
        low, high = (above / below).min(), (above / below).max()
    else:
        chosen = numpy_rng(0, "bench", turns).integers(turns, size=(_DRAWS, turns))
        low, high = np.percentile(_typical(above[chosen]) / _typical(below[chosen]), [16, 84])
    return Estimate(value, min(float(low), value), max(float(high), value))


def median(values: Sequence[float], base: Sequence[float] | None = None) -> float:
    """The median, or that of the ratios to ``base`` over the turns both took."""
    return float(np.median(values if base is None else [v / b for v, b in zip(values, base, strict=False)]))


def _typical(turns: np.ndarray) -> np.ndarray:
    typical: np.ndarray = np.percentile(turns, _QUARTILE, axis=-1)
    return typical


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of log time against log size."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def machine(device: torch.device = CPU) -> dict[str, Any]:
    """What the times depend on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return environment(device) | {"cores": os.cpu_count(), "load": load}
