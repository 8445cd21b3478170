"""The quantum layer against PennyLane, other simulators, a dense layer of the same shape and the bare product.

Every contender takes the same (batch, inputs) float32 batch to the 2·2^n real and imaginary parts (or, for lightning,
to the expectation values) and, with the backward pass, to the gradient of its parameters; none to the inputs. On a
GPU the layer, the dense layer and the product are measured there, PennyLane and other simulators on the CPU.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ...base.seeding import torch_rng
from ...quantum import QuantumLayer, embed
from ...quantum import pennylane_circuit as pennylane
from ...quantum.simulators import installed, simulator
from .timing import CPU, Estimate, Times, Timing, estimate, exponent, median, take_turns

OURS = "quantum layer"
OURS_EXPVAL = "quantum layer, expval"
DENSE, PRODUCT = "dense layer", "matrix product"
BROADCAST, ONE_BY_ONE = "PennyLane broadcast", "PennyLane per sample"
LIGHTNING = "lightning.qubit adjoint, expval"
#: Amplitudes in one broadcast call beyond which a smaller batch is run and scaled up.
LARGEST = 2**17
#: Samples of the one-by-one circuits, scaled up.
SAMPLES = 2


@dataclass(frozen=True)
class Size:
    """A circuit and its batch."""

    n_qubits: int
    n_layers: int
    n_rotations: int
    inputs: int
    batch: int

    def layer(self, seed: int = 0, **options: Any) -> QuantumLayer:
        """The layer of this circuit."""
        return QuantumLayer(in_features=self.inputs, n_qubits=self.n_qubits, n_layers=self.n_layers,
                            n_rotations=self.n_rotations, seed=seed, **options)

    def x(self, seed: int = 0) -> Tensor:
        """The batch, (batch, inputs)."""
        return torch.randn(self.batch, self.inputs, generator=torch_rng(seed, "bench"))


class Contender(NamedTuple):
    """A function of x, the largest batch that it should be run on, and where."""

    run: Callable[[Tensor], Tensor]
    most: int
    device: torch.device = CPU


#: The circuit that ratios are quoted for, and a deeper one.
QUOTED = Size(8, 2, 8, 65, 384)
DEEPER = Size(8, 4, 16, 65, 384)

Step = Callable[[], object]


def step(function: Callable[[Tensor], Tensor], x: Tensor, backward: bool) -> Step:
    """One call of ``function``, forward alone or with the gradient of whatever parameters it has."""
    with torch.no_grad():
        cotangent = torch.ones_like(function(x[:1])).expand(len(x), -1).contiguous()

    def forward_only() -> object:
        with torch.no_grad():
            return function(x)

    def both() -> object:
        return function(x).backward(cotangent)

    return both if backward else forward_only


def fresh_columns(layer: QuantumLayer) -> Callable[[Tensor], Tensor]:
    """The layer without its kept columns, as in training, where the angles change every step."""

    def run(x: Tensor) -> Tensor:
        layer._cache = None
        return layer(x)

    return run


def contenders(size: Size, seed: int = 0, device: torch.device = CPU) -> dict[str, Contender]:
    """What is compared, by name."""
    layer, expval = size.layer(seed).to(device), size.layer(seed, readout="expval").to(device)
    columns = size.layer(seed, backend="default.qubit")
    lightning = size.layer(seed, readout="expval", backend="lightning.qubit")
    reference = size.layer(seed)
    dense = nn.Linear(size.inputs, layer.out_features).to(device)
    matrix = nn.Parameter(layer.columns().detach().clone())
    several = max(1, LARGEST // 2**size.n_qubits)

    def broadcast(x: Tensor) -> Tensor:
        return pennylane.broadcast(reference.gates, reference.weights, embed(x), size.n_qubits, "state").float()

    found = {
        OURS: Contender(fresh_columns(layer), size.batch, device),
        DENSE: Contender(dense, size.batch, device),
        PRODUCT: Contender(lambda x: linear(embed(x), matrix), size.batch, device),
        OURS_EXPVAL: Contender(fresh_columns(expval), size.batch, device),
        "PennyLane columns": Contender(fresh_columns(columns), size.batch),
        BROADCAST: Contender(broadcast, several),
        ONE_BY_ONE: Contender(lambda x: reference.reference(x).float(), SAMPLES),
        LIGHTNING: Contender(lightning, SAMPLES),
    }
    width = 2**size.n_qubits - size.inputs - 1
    for name in installed():
        other = simulator(name, reference.gates, reference.weights, size.n_qubits)
        found[name] = Contender(lambda x, run=other: run(pad(embed(x), (0, width))), several)  # type: ignore[misc]
    return found


def compare(size: Size, backward: bool, seconds: float, only: tuple[str, ...] | None = None, seed: int = 0,
            device: torch.device = CPU) -> list[Timing]:
    """The contenders (or ``only`` some) on one circuit and batch, taking turns for about ``seconds``.

    Returns:
        For each the time of a call (``seconds``, ``wall``) and its ``ratio`` to that of the quantum layer in the same
        turns, ``wall_ratio`` on the clock. ``scaled`` is the batch that was run where the whole one would take too
        long; times then count the whole.
    """
    x = size.x(seed)
    chosen = {n: c for n, c in contenders(size, seed, device).items() if only is None or n in only or n == OURS}
    steps = {name: step(one.run, x[:one.most].to(one.device), backward) for name, one in chosen.items()}
    times = {name: taken.scaled(max(1.0, size.batch / chosen[name].most))
             for name, taken in take_turns(steps, seconds, device=device).items()}
    rows = []
    for name, one in chosen.items():
        base = times[OURS_EXPVAL if name == LIGHTNING and OURS_EXPVAL in times else OURS]
        scaled = one.most if one.most < size.batch else None
        rows.append(_row(name, size, backward, times[name], base, str(one.device), scaled))
    return rows


def _row(name: str, size: Size, backward: bool, times: Times, base: Times, device: str, scaled: int | None) -> Timing:
    return {"what": name, "direction": "forward+backward" if backward else "forward", **asdict(size),
            **estimate(times.own).named("seconds"), "wall": median(times.wall),
            **estimate(times.own, base.own).named("ratio"), "wall_ratio": median(times.wall, base.wall),
            "device": device, "turns": len(times.own), "calls": times.calls, "scaled": scaled}


def of_size(row: Timing, size: Size) -> bool:
    """Whether the row is of that circuit and batch."""
    return all(row[name] == getattr(size, name) for name in ("n_qubits", "n_layers", "n_rotations", "batch"))


def sizes(quick: bool) -> Iterator[Size]:
    """The quoted circuits, then over batch and over qubits."""
    yield QUOTED
    yield DEEPER
    for batch in (1, 64, 4096) if quick else (1, 4, 16, 64, 256, 1024, 4096):
        yield replace(QUOTED, batch=batch)
    for n_qubits in (4, 6, 10, 12) if quick else (4, 5, 6, 7, 9, 10, 11, 12):
        yield Size(n_qubits, 2, n_qubits, min(65, 2**n_qubits - 1), 384)


def layer_rows(quick: bool = True, seed: int = 0, seconds: float = 2.0, device: torch.device = CPU,
               end: float = math.inf) -> Iterator[Timing]:
    """All comparisons, each for about ``seconds``: four times that for what is quoted, its backward pass above all.

    Sizes that have not begun when the clock shows ``end`` (of ``time.perf_counter``) are left out.
    """
    for size in sizes(quick):
        quoted = size in (QUOTED, DEEPER)
        if not quoted and time.perf_counter() > end:
            return
        for backward in (True, False):
            yield from compare(size, backward, seconds * (4 if quoted and backward else 1), seed=seed, device=device)


def growth(quick: bool = True, seed: int = 0, device: torch.device = CPU) -> dict[str, Estimate]:
    """How the layer's forward+backward time grows: exponents in batch (below and above 256) and in layers, and the
    factor a qubit adds, from 8 qubits on."""

    def times(chosen: Iterable[Size]) -> list[list[float]]:
        """Own times of the layer at each size, the sizes taking turns."""
        steps = {str(size): step(size.layer(seed).to(device), size.x(seed).to(device), True) for size in chosen}
        return [taken.own for taken in take_turns(steps, 2.0 if quick else 10.0, device=device).values()]

    small, large, layers, qubits = (1, 4, 16, 64, 256), (256, 512, 1024, 2048, 4096), (2, 4, 8, 16), (8, 9, 10, 11, 12)
    amplitudes = exponent([2.0**n for n in qubits], times(replace(QUOTED, n_qubits=n) for n in qubits))
    return {
        "batch 1 to 256": exponent(small, times(replace(QUOTED, batch=batch) for batch in small)),
        "batch 256 to 4096": exponent(large, times(replace(QUOTED, batch=batch) for batch in large)),
        "layers": exponent(layers, times(replace(QUOTED, n_layers=depth) for depth in layers)),
        "factor per qubit": Estimate(*(2**power for power in amplitudes)),
    }


def kept_for_backward(size: Size = QUOTED) -> dict[str, int]:
    """Bytes that the forward pass keeps for the backward pass, by contender, each storage once."""
    kept: dict[str, int] = {}
    x = size.x()
    for name, one in contenders(size).items():
        if one.most < size.batch:
            continue
        storages: dict[int, int] = {}

        def keep(tensor: Tensor, storages: dict[int, int] = storages) -> Tensor:
            storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            one.run(x)
        kept[name] = sum(storages.values())
    return kept
