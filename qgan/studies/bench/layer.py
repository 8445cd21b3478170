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

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ...base.seeding import torch_rng
from ...quantum import QuantumLayer, embed
from ...quantum import pennylane_circuit as pennylane
from ...quantum.simulators import installed, simulator
from .timing import CPU, Row, Times, estimate, exponent, median, take_turns

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


@dataclass(frozen=True)
class Contender:
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
    shape = {"in_features": size.inputs, "n_qubits": size.n_qubits, "n_layers": size.n_layers,
             "n_rotations": size.n_rotations, "seed": seed}  # fmt: skip
    layer, expval = QuantumLayer(**shape).to(device), QuantumLayer(**shape, readout="expval").to(device)  # type: ignore[arg-type]
    columns = QuantumLayer(**shape, backend="default.qubit")  # type: ignore[arg-type]
    lightning = QuantumLayer(**shape, readout="expval", backend="lightning.qubit")  # type: ignore[arg-type]
    reference = QuantumLayer(**shape)  # type: ignore[arg-type]
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
            device: torch.device = CPU) -> list[Row]:
    """The contenders (or ``only`` some) on one circuit and batch, taking turns for about ``seconds``."""
    x = torch.randn(size.batch, size.inputs, generator=torch_rng(seed, "bench"))
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


def _row(name: str, size: Size, backward: bool, times: Times, base: Times, device: str, scaled: int | None) -> Row:
    own, ratio = estimate(times.own), estimate(times.own, base.own)
    return Row(
        name, "forward+backward" if backward else "forward", **asdict(size),
        seconds=own.value, seconds_low=own.low, seconds_high=own.high, wall=median(times.wall),
        ratio=ratio.value, ratio_low=ratio.low, ratio_high=ratio.high, wall_ratio=median(times.wall, base.wall),
        device=device, turns=len(times.own), calls=times.calls, scaled=scaled,
    )  # fmt: skip


def sizes(quick: bool) -> Iterator[Size]:
    """The quoted circuits, then over batch and over qubits."""
    yield QUOTED
    yield DEEPER
    for batch in (1, 64, 4096) if quick else (1, 4, 16, 64, 256, 1024, 4096):
        yield replace(QUOTED, batch=batch)
    for n_qubits in (4, 6, 10, 12) if quick else (4, 5, 6, 7, 9, 10, 11, 12):
        yield Size(n_qubits, 2, n_qubits, min(65, 2**n_qubits - 1), 384)


def layer_rows(quick: bool = True, seed: int = 0, seconds: float | None = None, device: torch.device = CPU,
               end: float = math.inf) -> Iterator[Row]:
    """All comparisons, each for about ``seconds``: four times that for what is quoted, its backward pass above all.

    Sizes that have not begun when the clock shows ``end`` (of ``time.perf_counter``) are left out.
    """
    each = seconds or (2.0 if quick else 20.0)
    for size in sizes(quick):
        quoted = size in (QUOTED, DEEPER)
        if not quoted and time.perf_counter() > end:
            return
        for backward in (True, False):
            yield from compare(size, backward, each * (4 if quoted and backward else 1), seed=seed, device=device)


def typical_times(chosen: Iterable[Size], seconds: float, seed: int = 0, device: torch.device = CPU) -> list[float]:
    """The layer's forward+backward time at each size, the sizes taking turns."""
    steps = {}
    for size in chosen:
        layer = QuantumLayer(
            in_features=size.inputs, n_qubits=size.n_qubits, n_layers=size.n_layers, n_rotations=size.n_rotations,
            seed=seed,
        ).to(device)  # fmt: skip
        x = torch.randn(size.batch, size.inputs, generator=torch_rng(seed, "bench"))
        steps[str(size)] = step(layer, x.to(device), backward=True)
    return [estimate(times.own).value for times in take_turns(steps, seconds, device=device).values()]


def growth(quick: bool = True, seed: int = 0, device: torch.device = CPU) -> dict[str, float]:
    """How the layer's forward+backward time grows: exponents in batch (below and above 256) and in layers, and the
    factor a qubit adds, from 8 qubits on."""
    seconds = 2.0 if quick else 10.0
    small, large, layers, qubits = (1, 4, 16, 64, 256), (256, 512, 1024, 2048, 4096), (2, 4, 8, 16), (8, 9, 10, 11, 12)
    below, above = (typical_times([replace(QUOTED, batch=b) for b in batches], seconds, seed, device)
                    for batches in (small, large))
    deep = typical_times([replace(QUOTED, n_layers=depth) for depth in layers], seconds, seed, device)
    wide = typical_times([replace(QUOTED, n_qubits=n) for n in qubits], seconds, seed, device)
    return {
        "batch 1 to 256": exponent(small, below),
        "batch 256 to 4096": exponent(large, above),
        "layers": exponent(layers, deep),
        "factor per qubit": 2 ** exponent([2.0**n for n in qubits], wide),
    }


def kept_for_backward(size: Size = QUOTED) -> dict[str, int]:
    """Bytes that the forward pass keeps for the backward pass, by contender, each storage once."""
    kept: dict[str, int] = {}
    x = torch.randn(size.batch, size.inputs, generator=torch_rng(0, "bench"))
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
