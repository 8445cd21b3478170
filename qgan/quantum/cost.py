"""What a layer costs: a sample on a quantum computer in gates, depth and shots, a step here in arithmetic."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from . import pennylane_circuit
from .angle_layer import AngleLayer
from .circuits import CNOT, rows
from .layer import QuantumLayer, embed


@dataclass(frozen=True)
class HardwareCost:
    """The cost of one sample. ``embedding`` prepares the amplitudes, ``circuit`` is the RandomLayers after it.

    Attributes:
        n_qubits: number of qubits.
        embedding_depth, embedding_two_qubit_gates: of the amplitude embedding as RY and CNOT gates.
        circuit_depth, circuit_two_qubit_gates, rotations: of the circuit itself.
        depth, two_qubit_gates: both together, a run.
        precision: the largest standard error of an output that is asked for.
        shots: runs for that precision; None for ``state``, which no measurement returns.
        total_two_qubit_gates: over all shots; None for ``state``.
    """

    n_qubits: int
    embedding_depth: int
    embedding_two_qubit_gates: int
    circuit_depth: int
    circuit_two_qubit_gates: int
    rotations: int
    depth: int
    two_qubit_gates: int
    precision: float
    shots: int | None
    total_two_qubit_gates: int | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def depth(gates: Tensor, n_qubits: int) -> int:
    """The number of time steps when every gate runs as soon as its wires are free (all-to-all connections)."""
    free = [0] * n_qubits
    for kind, wire, target, _ in rows(gates):
        wires = (wire, target) if kind == CNOT else (wire,)
        done = max(free[w] for w in wires) + 1
        for w in wires:
            free[w] = done
    return max(free)


def two_qubit_gates(gates: Tensor) -> int:
    """The number of CNOTs."""
    return int((gates[:, 0] == CNOT).sum())


def shots_for(precision: float, readout: str) -> int | None:
    """Shots after which no output's standard error exceeds ``precision``, whatever the state.

    A probability has variance p(1-p) <= 1/4 a shot, a product of Z has variance <= 1; all of them are read
    from the same shots. None for ``state``.
    """
    if not 0 < precision < 1:
        raise ValueError(f"precision: {precision}: expected a number between 0 and 1")
    if readout == "state":
        return None
    largest_variance = {"probs": 0.25, "expval": 1.0}[readout]
    return math.ceil(round(largest_variance / precision**2, 9))


def hardware_cost(layer: QuantumLayer | AngleLayer, precision: float = 0.01) -> HardwareCost:
    """What one sample of ``layer`` would cost on hardware, with outputs to ``precision`` (standard error)."""
    n_qubits, (prepare, gates) = layer.n_qubits, _gates(layer)
    shots = shots_for(precision, layer.readout)
    together = two_qubit_gates(prepare) + two_qubit_gates(gates)
    return HardwareCost(
        n_qubits=n_qubits,
        embedding_depth=depth(prepare, n_qubits),
        embedding_two_qubit_gates=two_qubit_gates(prepare),
        circuit_depth=depth(gates, n_qubits),
        circuit_two_qubit_gates=two_qubit_gates(gates),
        rotations=int((gates[:, 0] != CNOT).sum()),
        depth=depth(torch.cat((prepare, gates)), n_qubits),
        two_qubit_gates=together,
        precision=precision,
        shots=shots,
        total_two_qubit_gates=None if shots is None else shots * together,
    )


def _gates(layer: QuantumLayer | AngleLayer) -> tuple[Tensor, Tensor]:
    """What prepares the inputs, and the circuit; of angles the circuit is all, with three rotations an upload."""
    if isinstance(layer, AngleLayer):
        return torch.empty(0, 4, dtype=torch.int64), layer.circuit.short_gates()
    generic = embed(torch.arange(1.0, layer.in_features + 1, dtype=torch.float64)[None])[0]
    amplitudes = torch.nn.functional.pad(generic, (0, 2**layer.n_qubits - len(generic)))
    return pennylane_circuit.preparation(layer.n_qubits, amplitudes), layer.gate_list


def step_counts(layer: QuantumLayer, batch: int) -> dict[str, dict[str, int]]:
    """Floating-point operations and bytes moved by the circuit and by the product with the batch, a step.

    Bytes count every operand read and every result written once per operation, as if nothing stayed in cache.
    """
    n_groups, types, count, subsets, size = layer.plan.shape
    amplitudes, width = 2**layer.n_qubits, layer.in_features + 1
    real = layer.weights.element_size()
    one_group = 8 * count * amplitudes * width
    blocks = 8 * n_groups * types * subsets * count**2
    factors = n_groups * subsets * count * size
    state, matrix = 2 * amplitudes * width, 4 * n_groups * types * count**2
    later = n_groups - 1
    product = 2 * batch * width * 2 * amplitudes
    moved = batch * width + state + batch * 2 * amplitudes
    return {
        "circuit forward": {
            "operations": later * one_group + blocks + 3 * factors,
            "bytes": real * ((4 * later + 2) * state + 4 * matrix + 4 * factors),
        },
        "circuit backward": {
            "operations": 2 * later * one_group + 2 * blocks + 3 * factors,
            "bytes": real * ((6 * later + 2) * state + 6 * matrix + 4 * factors),
        },
        "product forward": {"operations": product, "bytes": real * moved},
        "product backward": {"operations": product, "bytes": real * moved},
    }
