"""A whole training step of the quantum GAN against the same GAN with a classical control as its core.

All take the step in turn: the generator's and the discriminator's forward and backward passes, the losses, both
optimisers and the averaged generator. The PennyLane circuit that runs sample by sample is put into the quantum GAN
too, on few samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from ...base.seeding import numpy_rng
from ...models.core import Core
from ...runs.configuration import Configuration
from ...training.assembly import build_trainer
from ...training.preparation import Prepared
from ...training.trainer import Trainer
from .timing import CPU, Times, Timing, estimate, median, take_turns

QUANTUM, PER_SAMPLE = "quantum", "quantum, PennyLane per sample"
DENSE_CORE = "dense"
CONTROLS = (DENSE_CORE, "frozen", "none")
#: Training jets that are kept; a step's time does not depend on their number, that of fitting the scales does.
JETS = 1000
#: Jets of the step with the circuit that runs sample by sample.
FEW = 8
#: More steps than any measurement takes.
_ENDLESS = 10**9


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
             device: torch.device = CPU) -> list[Timing]:
    """The quantum GAN and its controls for about ``seconds``, then the circuit sample by sample for a third of it.

    Returns:
        For each core the time of an ordinary step (``seconds``, ``wall``) and the quantum GAN's over it:
        ``quantum_over``, ``quantum_over_wall`` on the clock, and ``quantum_over_all`` of the sums of all common turns,
        rare and costly steps in them. ``scaled`` is the batch that was run where it was a smaller one.
    """
    trainers = {core: trainer_with(core, configuration, prepared, device) for core in (QUANTUM, *CONTROLS)}
    times = take_turns({core: steps_of(trainer) for core, trainer in trainers.items()}, seconds, calls=1, device=device)
    rows = [_row(core, configuration.batch_size, taken, times[QUANTUM]) for core, taken in times.items()]
    return [*rows, _slow_row(configuration, prepared, times[QUANTUM], seconds / 3, device)]


def _row(core: str, batch: int, times: Times, quantum: Times, scaled: int | None = None) -> Timing:
    common = min(len(times.own), len(quantum.own))
    return {"core": core, "batch": batch, **estimate(times.own).named("seconds"), "wall": median(times.wall),
            **estimate(quantum.own, times.own).named("quantum_over"),
            "quantum_over_all": sum(quantum.own[:common]) / sum(times.own[:common]),
            "quantum_over_wall": median(quantum.wall, times.wall), "steps": times.calls, "scaled": scaled}


def _slow_row(configuration: Configuration, prepared: Prepared, quantum: Times, seconds: float,
              device: torch.device) -> Timing:
    """Only what the circuit takes more than the fast layer is scaled from few jets to the batch."""
    batch, few = configuration.batch_size, min(FEW, configuration.batch_size)
    small = replace(configuration, batch_size=few)
    fast = trainer_with(QUANTUM, small, prepared, device)
    slow = sample_by_sample(trainer_with(QUANTUM, small, prepared, device))
    times = take_turns({"fast": steps_of(fast), "slow": steps_of(slow)}, seconds, calls=1, device=device)

    def scaled(whole: float, faster: list[float], slower: list[float]) -> list[float]:
        # The fast layer comes first and so has at least the turns of the slow one.
        return [whole + batch / few * (s - f) for s, f in zip(slower, faster, strict=False)]

    own, wall = estimate(quantum.own).value, median(quantum.wall)
    taken = Times(scaled(own, times["fast"].own, times["slow"].own),
                  scaled(wall, times["fast"].wall, times["slow"].wall), times["slow"].calls)
    turns = len(taken.own)
    return _row(PER_SAMPLE, batch, taken, Times([own] * turns, [wall] * turns, turns), few)
