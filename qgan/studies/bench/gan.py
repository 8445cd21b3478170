"""A whole training step of the quantum GAN against the same GAN with a classical control as its core.

All take the step in turn: the generator's and the discriminator's forward and backward passes, the losses, both
optimisers and the averaged generator. The PennyLane circuit that runs sample by sample is put into the quantum GAN
too, on few samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from ...base.seeding import numpy_rng
from ...models.core import Core
from ...runs.configuration import Configuration
from ...training.assembly import build_trainer
from ...training.preparation import Prepared
from ...training.trainer import Trainer
from .timing import CPU, Times, estimate, median, take_turns

QUANTUM, PER_SAMPLE = "quantum", "quantum, PennyLane per sample"
DENSE_CORE = "dense"
CONTROLS = (DENSE_CORE, "frozen", "none")
#: Training jets that are kept; a step's time does not depend on their number, that of fitting the scales does.
JETS = 1000
#: Jets of the step with the circuit that runs sample by sample.
FEW = 8
#: More steps than any measurement takes.
_ENDLESS = 10**9


@dataclass(frozen=True)
class StepRow:
    """A training step of one GAN.

    Attributes:
        core: of the generator.
        batch: real jets a step, and as many generated ones.
        seconds, seconds_low, seconds_high: own time of an ordinary step, see :mod:`.timing`.
        wall: median time on the clock.
        quantum_over, quantum_over_low, quantum_over_high: own time of the quantum GAN's step over this one's.
        quantum_over_all: the same of the sums of all common turns, rare and costly steps in it.
        quantum_over_wall: the same on the clock, median over the turns.
        steps: that were timed.
        scaled: the batch that was run where times are scaled from fewer jets.
    """

    core: str
    batch: int
    seconds: float
    seconds_low: float
    seconds_high: float
    wall: float
    quantum_over: float
    quantum_over_low: float
    quantum_over_high: float
    quantum_over_all: float
    quantum_over_wall: float
    steps: int
    scaled: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def fewer_jets(prepared: Prepared, seed: int = 0) -> Prepared:
    """At most ``JETS`` of the training jets, with all that was fitted on all of them."""
    chosen = np.sort(numpy_rng(seed, "bench").permutation(len(prepared.train))[:JETS])
    return replace(prepared, train=prepared.train[chosen], table=prepared.table[chosen])


def trainer_with(core: str, configuration: Configuration, prepared: Prepared,
                 device: torch.device = CPU) -> Trainer:
    """A trainer whose generator has this core; all else is the same."""
    blueprint = replace(prepared.blueprint, network={**prepared.blueprint.network, "core": core})
    return build_trainer(configuration, replace(prepared, blueprint=blueprint), device)


def sample_by_sample(trainer: Trainer) -> Trainer:
    """The same trainer, its quantum layer now PennyLane's circuit for one sample after the other."""
    for module in trainer.generator.modules():
        if isinstance(module, Core):
            layer = module.layer
            layer.forward = lambda x, layer=layer: layer.reference(x).to(x)
    return trainer


def steps_of(trainer: Trainer) -> Callable[[], object]:
    """A call takes the next step."""
    records = trainer.run(_ENDLESS)
    return lambda: next(records)


def gan_rows(configuration: Configuration, prepared: Prepared, seconds: float,
             device: torch.device = CPU) -> list[StepRow]:
    """The quantum GAN and its controls for about ``seconds``, then the circuit sample by sample for a third of it."""
    trainers = {core: trainer_with(core, configuration, prepared, device) for core in (QUANTUM, *CONTROLS)}
    times = take_turns({core: steps_of(trainer) for core, trainer in trainers.items()}, seconds, calls=1, device=device)
    rows = [_row(core, configuration.batch_size, taken, times[QUANTUM]) for core, taken in times.items()]
    return [*rows, _slow_row(configuration, prepared, times[QUANTUM], seconds / 3, device)]


def _row(core: str, batch: int, times: Times, quantum: Times, scaled: int | None = None) -> StepRow:
    common = min(len(times.own), len(quantum.own))
    own, ratio = estimate(times.own), estimate(quantum.own, times.own)
    return StepRow(
        core, batch, own.value, own.low, own.high, median(times.wall), ratio.value, ratio.low, ratio.high,
        sum(quantum.own[:common]) / sum(times.own[:common]), median(quantum.wall, times.wall), times.calls, scaled)


def _slow_row(configuration: Configuration, prepared: Prepared, quantum: Times, seconds: float,
              device: torch.device) -> StepRow:
    """Only what the circuit takes more than the fast layer is scaled from few jets to the batch."""
    batch, few = configuration.batch_size, min(FEW, configuration.batch_size)
    small = replace(configuration, batch_size=few)
    fast = trainer_with(QUANTUM, small, prepared, device)
    slow = sample_by_sample(trainer_with(QUANTUM, small, prepared, device))
    times = take_turns({"fast": steps_of(fast), "slow": steps_of(slow)}, seconds, calls=1, device=device)
    # The fast layer comes first and so has at least the turns of the slow one.
    base = Times([estimate(quantum.own).value], [median(quantum.wall)], 1)
    own, wall = ([whole + batch / few * (s - f) for s, f in zip(slower, faster, strict=False)]
                 for whole, slower, faster in ((base.own[0], times["slow"].own, times["fast"].own),
                                               (base.wall[0], times["slow"].wall, times["fast"].wall)))
    turns = len(own)
    return _row(PER_SAMPLE, batch, Times(own, wall, turns), Times(turns * base.own, turns * base.wall, turns), few)
