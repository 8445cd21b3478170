"""Timing side by side: contenders take turns, so that a busy machine disturbs all of them alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ..runs.devices import environment


@dataclass(frozen=True)
class Row:
    """One measurement. ``ratio`` is its time over that of the quantum layer measured in the same turns; ``scaled``
    is the batch that was run where the whole one would take too long, and ``seconds`` then counts the whole."""

    what: str
    direction: str
    n_qubits: int
    n_layers: int
    n_rotations: int
    inputs: int
    batch: int
    seconds: float
    spread: float
    ratio: float
    ratio_spread: float
    calls: int
    scaled: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def take_turns(
    contenders: Mapping[str, Callable[[], object]], seconds: float, most: int = 200
) -> dict[str, list[float]]:
    """Calls the contenders in turn (A B C A B C ...) for about ``seconds``: the time of each call, warm-up left out.

    A contender that has used up its share of the time sits out the further rounds, but has at least three calls.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        call()
    share = seconds / len(contenders)
    for _ in range(most):
        rested = True
        for name, call in contenders.items():
            if len(times[name]) >= 3 and sum(times[name]) > share:
                continue
            rested = False
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
        if rested:
            break
    return times


def summary(values: Sequence[float]) -> tuple[float, float]:
    """The median and half the width of the central 68 %."""
    low, middle, high = np.percentile(values, [16, 50, 84])
    return float(middle), float((high - low) / 2)


def ratio(values: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """values / base, median of the rounds both ran in, with spread."""
    return summary([value / other for value, other in zip(values, base, strict=False)])


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of log time against log size."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def machine() -> dict[str, Any]:
    """What the times depend on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return environment(torch.device("cpu")) | {"cores": os.cpu_count(), "load": load}
