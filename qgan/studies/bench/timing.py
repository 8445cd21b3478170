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
from dataclasses import dataclass
from typing import Any, NamedTuple

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
#: One measurement by the names that the JSON file has; seconds are own time, ``wall`` is a median on the clock.
Timing = dict[str, Any]


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


class Estimate(NamedTuple):
    """A number and the ends of its 68 % interval."""

    value: float
    low: float
    high: float

    @property
    def inverse(self) -> Estimate:
        return Estimate(1 / self.value, 1 / self.high, 1 / self.low)

    @classmethod
    def read(cls, row: Timing, name: str) -> Estimate:
        """What :meth:`named` wrote."""
        return cls(row[name], row[f"{name}_low"], row[f"{name}_high"])

    def named(self, name: str) -> Timing:
        """Its entries in a row of results: ``name``, ``name_low`` and ``name_high``."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


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
    if base is None:
        return _resampled([values], lambda typical: typical[0])
    return _resampled([values, base], lambda typical: typical[0] / typical[1])


def exponent(sizes: Sequence[float], seconds: Sequence[Sequence[float]]) -> Estimate:
    """The slope of log time against log size, from the times of each size by turn."""
    return _resampled(seconds, lambda typical: np.polyfit(np.log(sizes), np.log(typical), 1)[0])


def _resampled(contenders: Sequence[Sequence[float]], figure: Callable[[np.ndarray], np.ndarray]) -> Estimate:
    """A figure of the contenders' typical times, over the turns that all of them took."""
    turns = min(map(len, contenders))
    taken = np.array([times[:turns] for times in contenders], float)
    value = float(figure(_typical(taken)))
    if turns < FEW:
        drawn = figure(taken)
        low, high = drawn.min(), drawn.max()
    else:
        chosen = numpy_rng(0, "bench", turns).integers(turns, size=(_DRAWS, turns))
        low, high = np.percentile(figure(_typical(taken[:, chosen])), [16, 84])
    return Estimate(value, min(float(low), value), max(float(high), value))


def median(values: Sequence[float], base: Sequence[float] | None = None) -> float:
    """The median, or that of the ratios to ``base`` over the turns both took."""
    return float(np.median(values if base is None else [v / b for v, b in zip(values, base, strict=False)]))


def _typical(turns: np.ndarray) -> np.ndarray:
    typical: np.ndarray = np.percentile(turns, _QUARTILE, axis=-1)
    return typical


def machine(device: torch.device = CPU) -> dict[str, Any]:
    """What the times depend on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return environment(device) | {"cores": os.cpu_count(), "load": load}
