"""The quantum layer against PennyLane, other simulators, a dense layer of the same shape and the bare product.

Every contender takes the same (batch, inputs) float32 batch to the 2·2^n real and imaginary parts (or, for lightning,
to the expectation values) and, with the backward pass, to the gradient of its parameters; none to the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ..quantum import QuantumLayer, embed
from ..quantum import pennylane_circuit as pennylane
from ..quantum.simulators import installed, simulator
from ..seeding import torch_rng
from .timing import Row, exponent, ratio, summary, take_turns

OURS = "quantum layer"
OURS_EXPVAL = "quantum layer, expval"
LIGHTNING = "lightning.qubit adjoint, expval"
#: Amplitudes in one broadcast call beyond which a smaller batch is run and scaled up.
LARGEST = 2**17
#: Samples of the one-by-one circuits, scaled up.
ONE_BY_ONE = 2


@dataclass(frozen=True)
class Size:
    """A circuit and its batch."""

    n_qubits: int
    n_layers: int
    n_rotations: int
    inputs: int
    batch: int


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


def contenders(size: Size, seed: int = 0) -> dict[str, tuple[Callable[[Tensor], Tensor], int]]:
    """Functions of x by name, each with the largest batch that it should be run on."""
    shape = {"in_features": size.inputs, "n_qubits": size.n_qubits, "n_layers": size.n_layers,
             "n_rotations": size.n_rotations, "seed": seed}  # fmt: skip
    layer, expval = QuantumLayer(**shape), QuantumLayer(**shape, readout="expval")  # type: ignore[arg-type]
    columns = QuantumLayer(**shape, backend="default.qubit")  # type: ignore[arg-type]
    lightning = QuantumLayer(**shape, readout="expval", backend="lightning.qubit")  # type: ignore[arg-type]
    dense = nn.Linear(size.inputs, layer.out_features)
    matrix = nn.Parameter(layer.columns().detach().clone())
    several = max(1, LARGEST // 2**size.n_qubits)

    def broadcast(x: Tensor) -> Tensor:
        return pennylane.broadcast(layer.gates, layer.weights, embed(x), size.n_qubits, "state").float()

    found: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
        OURS: (fresh_columns(layer), size.batch),
        "dense layer": (dense, size.batch),
        "matrix product": (lambda x: linear(embed(x), matrix), size.batch),
        OURS_EXPVAL: (fresh_columns(expval), size.batch),
        "PennyLane columns": (fresh_columns(columns), size.batch),
        "PennyLane broadcast": (broadcast, several),
        "PennyLane per sample": (lambda x: layer.reference(x).float(), ONE_BY_ONE),
        LIGHTNING: (lightning, ONE_BY_ONE),
    }
    for name in installed():
        other = simulator(name, layer.gates, layer.weights, size.n_qubits)
        width = 2**size.n_qubits - size.inputs - 1
        found[name] = (lambda x, run=other, width=width: run(pad(embed(x), (0, width))), several)  # type: ignore[misc]
    return found


def compare(size: Size, backward: bool, seconds: float, only: tuple[str, ...] | None = None,
            seed: int = 0) -> list[Row]:
    """The contenders (or ``only`` some) on one circuit and batch, taking turns for about ``seconds``."""
    x = torch.randn(size.batch, size.inputs, generator=torch_rng(seed, "bench"))
    chosen = {n: c for n, c in contenders(size, seed).items() if only is None or n in only or n == OURS}
    steps = {name: step(run, x[: min(most, size.batch)], backward) for name, (run, most) in chosen.items()}
    times = take_turns(steps, seconds)
    for name, (_, most) in chosen.items():
        times[name] = [t * max(1.0, size.batch / most) for t in times[name]]
    found = []
    for name, (_, most) in chosen.items():
        base = OURS_EXPVAL if name == LIGHTNING and OURS_EXPVAL in times else OURS
        found.append(
            Row(
                name, "forward+backward" if backward else "forward",
                size.n_qubits, size.n_layers, size.n_rotations, size.inputs, size.batch,
                *summary(times[name]), *ratio(times[name], times[base]), len(times[name]),
                scaled=most if most < size.batch else None,
            )
        )  # fmt: skip
    return found


def sizes(quick: bool) -> Iterator[tuple[Size, float]]:
    """The quoted circuits, then over batch and over qubits; each with its share of the time."""
    yield QUOTED, 2.0
    yield DEEPER, 2.0
    for batch in (1, 64, 4096) if quick else (1, 4, 16, 64, 256, 1024, 4096):
        yield replace(QUOTED, batch=batch), 1.0
    for n_qubits in (4, 6, 10, 12) if quick else (4, 5, 6, 7, 9, 10, 11, 12):
        yield Size(n_qubits, 2, n_qubits, min(65, 2**n_qubits - 1), 384), 1.0


def layer_rows(quick: bool = True, seed: int = 0, seconds: float | None = None) -> Iterator[Row]:
    """All comparisons, each for about ``seconds`` times its share."""
    each = seconds or (2.0 if quick else 20.0)
    for size, share in sizes(quick):
        for backward in (False, True):
            yield from compare(size, backward, share * each, seed=seed)


def medians(chosen: Iterable[Size], seconds: float, seed: int = 0) -> list[float]:
    """The layer's forward+backward time at each size, the sizes taking turns."""
    steps = {}
    for size in chosen:
        layer = QuantumLayer(
            in_features=size.inputs, n_qubits=size.n_qubits, n_layers=size.n_layers, n_rotations=size.n_rotations,
            seed=seed,
        )  # fmt: skip
        x = torch.randn(size.batch, size.inputs, generator=torch_rng(seed, "bench"))
        steps[str(size)] = step(layer, x, backward=True)
    return [summary(values)[0] for values in take_turns(steps, seconds).values()]


def growth(quick: bool = True, seed: int = 0) -> dict[str, float]:
    """How the layer's forward+backward time grows: exponents in batch (below and above 256) and in layers, and the
    factor a qubit adds, from 8 qubits on."""
    seconds = 2.0 if quick else 10.0
    small, large, layers, qubits = (1, 4, 16, 64, 256), (256, 512, 1024, 2048, 4096), (2, 4, 8, 16), (8, 9, 10, 11, 12)
    below, above = (medians([replace(QUOTED, batch=b) for b in batches], seconds, seed) for batches in (small, large))
    deep = medians([replace(QUOTED, n_layers=depth) for depth in layers], seconds, seed)
    wide = medians([replace(QUOTED, n_qubits=n) for n in qubits], seconds, seed)
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
    for name, (run, most) in contenders(size).items():
        if most < size.batch:
            continue
        storages: dict[int, int] = {}

        def keep(tensor: Tensor, storages: dict[int, int] = storages) -> Tensor:
            storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            run(x)
        kept[name] = sum(storages.values())
    return kept
