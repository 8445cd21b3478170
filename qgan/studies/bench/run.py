"""The parts of the benchmark one after the other, in one process and with one number of threads."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from ...base.devices import resolve_device, set_threads
from ...base.progress import progress
from ...data.reading import Paths
from ...quantum.capacity import capability, gradient_variance
from ...quantum.cost import step_counts
from ...quantum.simulators import installed
from ...runs.configuration import Configuration
from ...sampling.source import BLOCK, JetSource, load_source
from ...training.assembly import source_from
from ...training.preparation import Prepared, prepare
from .gan import QUANTUM, fewer_jets, gan_rows, steps_of, trainer_with
from .layer import DEEPER, QUOTED, Size, growth, kept_for_backward, layer_rows, of_size, sizes
from .marks import marks
from .memory import JOBS, memory_rows
from .sampling import pixels_above_threshold, sampling_rows, simulation_rows
from .shares import share_rows
from .timing import ESTIMATOR, Timing, machine

PARTS = ("layer", "shares", "capacity", "gan", "sampling", "simulation", "memory")
#: Steps before an untrained generator is sampled: its images then have empty pixels, as real ones have.
WARM_UP = 10


@dataclass(frozen=True)
class Extent:
    """How long each part takes, about: seconds, or for the simulation batches of events a process.

    Attributes:
        layer: of each comparison of layers.
        gan: of the training steps together; a third is added for the slow circuit.
        sampling: of the requests together.
        requests: jets of each request.
        processes: that are simulated.
        batches: of events a process.
        limit: after which no further size of a layer, process or memory is begun, so that all ends in time.
    """

    layer: float
    gan: float
    sampling: float
    requests: tuple[int, ...]
    processes: tuple[str, ...]
    batches: int
    limit: float = math.inf


QUICK = Extent(layer=2.0, gan=30.0, sampling=8.0, requests=(1, 2 * BLOCK), processes=("w", "qcd"),
               batches=1, limit=240.0)
LONG = Extent(layer=20.0, gan=240.0, sampling=80.0, requests=(1, 100, BLOCK, 10_000),
              processes=("w", "qcd", "quark", "gluon"), batches=4)


def bench(*, quick: bool = False, threads: int = 0, seed: int = 0, device: str = "cpu", parts: Sequence[str] = PARTS,
          data: Paths | None = None, run: str | Path | None = None, quiet: bool = True,
          configuration: Configuration | None = None, extent: Extent | None = None) -> dict[str, Any]:
    """Measures, and returns everything as JSON-able values.

    Args:
        quick: in under five minutes on two cores, with fewer sizes and repetitions.
        threads: of the arithmetic; 0 leaves torch's choice.
        seed: of circuits, weights and jets.
        device: of the layer, the training and the sampling.
        parts: some of ``PARTS``.
        data: files of jets to train on; those that ship by default.
        run: sample from this run's generator, not from one of a few steps.
        quiet: no progress bar.
        configuration, extent: of the GAN and of the measurement, for other sizes than the default ones.
    """
    start, where, threads = time.perf_counter(), resolve_device(device), set_threads(threads)
    session = _Session(quick, threads, seed, where, configuration or Configuration(seed=seed),
                       extent or (QUICK if quick else LONG), start, data, run)
    result: dict[str, Any] = {"machine": machine(where), "quick": quick, "threads": threads, "seed": seed,
                              "estimator": ESTIMATOR, "seconds": {}}
    chosen = [part for part in PARTS if part in parts]
    with progress(len(chosen), "bench", "parts", quiet=quiet) as bar:
        for part in chosen:
            bar.set_postfix_str(part)
            began = time.perf_counter()
            result[part] = getattr(session, part)()
            result["seconds"][part] = time.perf_counter() - began
            bar.update()
    result["seconds"]["all"] = time.perf_counter() - start
    return result | {"left_out": session.left_out, "marks": [mark.to_dict() for mark in marks(result)],
                     "load_at_the_end": machine()["load"]}


@dataclass
class _Session:
    """The parts, by their names in ``PARTS``, and what several of them need."""

    quick: bool
    threads: int
    seed: int
    device: torch.device
    configuration: Configuration
    extent: Extent
    start: float
    data: Paths | None
    run: str | Path | None
    left_out: list[str] = field(default_factory=list)

    @property
    def end(self) -> float:
        """When nothing further is begun that can be left out."""
        return self.start + self.extent.limit

    def layer(self) -> dict[str, Any]:
        increase = growth(self.quick, self.seed, self.device)
        # The parts that follow are to have half of the time.
        end = self.start + self.extent.limit / 2
        rows = list(layer_rows(self.quick, self.seed, self.extent.layer, self.device, end))
        self.left_out += [f"{size.n_qubits} qubits, batch {size.batch}" for size in sizes(self.quick)
                          if not any(of_size(row, size) for row in rows)]
        return {"other_simulators": installed(), "rows": rows,
                "counts": {"quoted": counts(QUOTED, self.seed), "deeper": counts(DEEPER, self.seed)},
                "kept_for_backward": kept_for_backward(),
                "growth": {name: power._asdict() for name, power in increase.items()}}

    def shares(self) -> list[Timing]:
        return list(share_rows(2 * self.extent.layer, self.seed, self.device))

    def capacity(self) -> list[Timing]:
        return capacity_table(self.quick, self.seed)

    def gan(self) -> dict[str, Any]:
        return {"configuration": self.configuration.to_dict(),
                "rows": gan_rows(self.configuration, self.prepared, self.extent.gan, self.device)}

    def sampling(self) -> dict[str, Any]:
        source = self._source()
        return {"generator": str(self.run) if self.run else f"after {WARM_UP} steps", "block": BLOCK,
                "pixels_above_threshold": pixels_above_threshold(source, self.seed),
                "rows": sampling_rows(source, self.extent.sampling, self.extent.requests, self.seed, self.device)}

    def simulation(self) -> dict[str, Any]:
        rows, left_out = simulation_rows(self.extent.processes, self.extent.batches, self.seed, self.end)
        return {"rows": rows, "left_out": left_out}

    def memory(self) -> list[Timing]:
        rows = list(memory_rows(self.configuration, self.prepared, self.threads, self.device, self.end))
        if len(rows) < JOBS:
            self.left_out.append(f"{JOBS - len(rows)} of {JOBS} measurements of memory")
        return rows

    @cached_property
    def prepared(self) -> Prepared:
        return fewer_jets(prepare(self.configuration, self.data), self.seed)

    def _source(self) -> JetSource:
        if self.run is not None:
            return load_source(self.run, self.device)
        trainer = trainer_with(QUANTUM, self.configuration, self.prepared, self.device)
        step = steps_of(trainer)
        for _ in range(WARM_UP):
            step()
        return source_from(trainer, self.prepared)


def counts(size: Size = QUOTED, seed: int = 0) -> dict[str, dict[str, int]]:
    """Operations and bytes of one step of a circuit."""
    return step_counts(size.layer(seed), size.batch)


def capacity_table(quick: bool = True, seed: int = 0) -> list[Timing]:
    """Gradient variance, expressibility and entanglement of random layers by qubits and layers."""
    samples, circuits = (60, 4) if quick else (300, 8)
    return [
        {"n_qubits": n_qubits, "n_layers": n_layers,
         "gradient_variance": gradient_variance(n_qubits, n_layers, samples=samples, circuits=circuits, seed=seed),
         **capability(n_qubits, n_layers, samples=5 * samples, circuits=circuits, seed=seed)}
        for n_qubits in ((2, 4, 6, 8) if quick else (2, 4, 6, 8, 10)) for n_layers in (1, 2, 4, 8)
    ]
