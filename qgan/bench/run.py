"""The parts of the benchmark one after the other, in one process and with one number of threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..preparation import Prepared, prepare
from ..progress import progress
from ..quantum import QuantumLayer
from ..quantum.arithmetic import step_counts
from ..quantum.capacity import capability, gradient_variance
from ..quantum.simulators import installed
from ..runs.configuration import Configuration
from ..runs.devices import set_threads
from ..sampling import BLOCK, JetSource, load_source
from ..training import Trainer
from .gan import QUANTUM, fewer_jets, gan_rows, steps_of, trainer_with
from .layer import DEEPER, QUOTED, Size, growth, kept_for_backward, layer_rows
from .memory import memory_rows
from .sampling import pixels_above_threshold, sampling_rows, simulation_rows, source_from
from .timing import machine

PARTS = ("layer", "capacity", "gan", "sampling", "simulation", "memory")
#: Steps before an untrained generator is sampled: its images then have empty pixels, as real ones have.
WARM_UP = 10


@dataclass(frozen=True)
class Effort:
    """How long each part takes, about: seconds, or for the simulation batches of events a process.

    Attributes:
        layer: of each comparison of layers.
        gan: of the training steps together; a third is added for the slow circuit.
        sampling: of the requests together.
        requests: jets of each request.
        processes: that are simulated.
        batches: of events a process.
    """

    layer: float
    gan: float
    sampling: float
    requests: tuple[int, ...]
    processes: tuple[str, ...]
    batches: int


QUICK = Effort(layer=2.0, gan=30.0, sampling=8.0, requests=(1, 100, BLOCK, 4 * BLOCK), processes=("w", "qcd"),
               batches=1)
LONG = Effort(layer=20.0, gan=240.0, sampling=80.0, requests=(1, 100, BLOCK, 10_000),
              processes=("w", "qcd", "quark", "gluon"), batches=4)


def bench(*, quick: bool = False, threads: int = 0, seed: int = 0, parts: Sequence[str] = PARTS,
          data: Sequence[str | Path] | None = None, run: str | Path | None = None, quiet: bool = True,
          configuration: Configuration | None = None, effort: Effort | None = None) -> dict[str, Any]:
    """Measures, and returns everything as JSON-able values.

    Args:
        quick: in under five minutes on two cores, with fewer sizes and repetitions.
        threads: of the arithmetic; 0 leaves torch's choice.
        seed: of circuits, weights and jets.
        parts: some of ``PARTS``.
        data: files of jets to train on; those that ship by default.
        run: sample from this run's generator, not from one of a few steps.
        quiet: no progress bar.
        configuration, effort: of the GAN and of the measurement, for other sizes than the default ones.
    """
    start, threads = time.perf_counter(), set_threads(threads)
    options = configuration or Configuration(seed=seed)
    session = _Session(quick, threads, seed, options, effort or (QUICK if quick else LONG), data, run)
    result: dict[str, Any] = {"machine": machine(), "quick": quick, "threads": threads, "seed": seed}
    work: dict[str, Callable[[], Any]] = {
        "layer": session.layer, "capacity": lambda: capacity_table(quick, seed), "gan": session.gan,
        "sampling": session.sampling, "simulation": session.simulation, "memory": session.memory}
    chosen = [part for part in PARTS if part in parts]
    with progress(len(chosen), "bench", "parts", quiet=quiet) as bar:
        for part in chosen:
            bar.set_postfix_str(part)
            began = time.perf_counter()
            result[part] = work[part]()
            result.setdefault("seconds", {})[part] = time.perf_counter() - began
            bar.update()
    result["seconds"] = {**result.get("seconds", {}), "all": time.perf_counter() - start}
    return result | {"load_at_the_end": machine()["load"]}


@dataclass
class _Session:
    """The parts, and what several of them need."""

    quick: bool
    threads: int
    seed: int
    configuration: Configuration
    effort: Effort
    data: Sequence[str | Path] | None
    run: str | Path | None

    def layer(self) -> dict[str, Any]:
        return {
            "other_simulators": installed(),
            "rows": [row.to_dict() for row in layer_rows(self.quick, self.seed, self.effort.layer)],
            "counts": {"quoted": counts(QUOTED, self.seed), "deeper": counts(DEEPER, self.seed)},
            "kept_for_backward": kept_for_backward(),
            "growth": growth(self.quick, self.seed),
        }

    def gan(self) -> dict[str, Any]:
        rows = gan_rows(self.configuration, self.prepared, self.effort.gan)
        return {"configuration": self.configuration.to_dict(), "rows": [row.to_dict() for row in rows]}

    def sampling(self) -> dict[str, Any]:
        source = self._source()
        rows = sampling_rows(source, self.effort.sampling, self.effort.requests, self.seed)
        return {"generator": str(self.run) if self.run else f"after {WARM_UP} steps", "block": BLOCK,
                "pixels_above_threshold": pixels_above_threshold(source, self.seed),
                "rows": [row.to_dict() for row in rows]}

    def simulation(self) -> dict[str, Any]:
        rows, left_out = simulation_rows(self.effort.processes, self.effort.batches, self.seed)
        return {"rows": [row.to_dict() for row in rows], "left_out": left_out}

    def memory(self) -> list[dict[str, Any]]:
        return [row.to_dict() for row in memory_rows(self.configuration, self.prepared, self.threads)]

    @cached_property
    def prepared(self) -> Prepared:
        return fewer_jets(prepare(self.configuration, self.data), self.seed)

    def _source(self) -> JetSource:
        if self.run is not None:
            return load_source(self.run)
        trainer: Trainer = trainer_with(QUANTUM, self.configuration, self.prepared)
        step = steps_of(trainer)
        for _ in range(WARM_UP):
            step()
        return source_from(trainer, self.prepared)


def counts(size: Size = QUOTED, seed: int = 0) -> dict[str, dict[str, int]]:
    """Operations and bytes of one step of a circuit."""
    layer = QuantumLayer(
        in_features=size.inputs, n_qubits=size.n_qubits, n_layers=size.n_layers, n_rotations=size.n_rotations, seed=seed
    )
    return step_counts(layer, size.batch)


def capacity_table(quick: bool = True, seed: int = 0) -> list[dict[str, float]]:
    """Gradient variance, expressibility and entanglement of random layers by qubits and layers."""
    samples, circuits = (60, 4) if quick else (300, 8)
    return [
        {
            "n_qubits": n_qubits,
            "n_layers": n_layers,
            "gradient_variance": gradient_variance(n_qubits, n_layers, samples=samples, circuits=circuits, seed=seed),
            **capability(n_qubits, n_layers, samples=5 * samples, circuits=circuits, seed=seed),
        }
        for n_qubits in ((2, 4, 6, 8) if quick else (2, 4, 6, 8, 10))
        for n_layers in (1, 2, 4, 8)
    ]
