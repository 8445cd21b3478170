"""Circuits as plain integer lists, so that a checkpoint holds the circuit itself and not a recipe for it.

A gate list is an int64 tensor (n_gates, 4) with rows ``kind, wire, target, angle``: a rotation
``exp(-i angle P / 2)`` has P = X, Y or Z by ``kind``, ``target`` -1 and the index of its angle in the
flattened weights; a CNOT has ``wire`` as control and ``angle`` -1. Wire 0 is the most significant bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor

from ..base.errors import ConfigError
from ..base.registry import Registry

RX, RY, RZ, CNOT = range(4)
NAMES = ("RX", "RY", "RZ", "CNOT")
RATIO_CNOT = 0.3


#: What draws a circuit: (n_qubits, n_layers, n_rotations or None, seed=...) → gate list, in which every angle from 0
#: to the last occurs once, as many in each layer. Or a function of PennyLane gates, see :func:`list_gates`.
Circuit = Callable[..., Tensor]
CIRCUITS: Registry[Circuit] = Registry("circuit", "qgan.circuits", package="qgan.quantum")


class CircuitError(ConfigError, ValueError):
    """A circuit that cannot be built or evaluated in the way that was asked for."""


@dataclass(frozen=True)
class Queued:
    """A function of PennyLane gates, ``function(weights, wires)``, that is no gate list: PennyLane runs it."""

    function: Callable[..., object]
    n_qubits: int

    def operations(self, weights: Any) -> list[Any]:
        """Its gates at these weights (n_layers, n_rotations).

        Raises:
            CircuitError: it fails, applies what is no gate, or acts on other wires.
        """
        import pennylane as qml

        with qml.queuing.AnnotatedQueue() as queue:
            try:
                self.function(weights, list(range(self.n_qubits)))
            except Exception as error:
                raise CircuitError(f"circuit: fails with {type(error).__name__}: {error}") from error
        script = qml.tape.QuantumScript.from_queue(queue)
        for op in [*script.operations, *script.measurements]:
            preparation = isinstance(op, qml.operation.StatePrepBase | qml.operation.Channel)
            if preparation or not isinstance(op, qml.operation.Operation):
                raise CircuitError(f"circuit: {op}: expected gates alone")
            if not set(op.wires) <= set(range(self.n_qubits)):
                raise CircuitError(f"circuit: {op}: expected wires from 0 to {self.n_qubits - 1}")
        return list(script.operations)


#: A circuit: a gate list, or a function that PennyLane runs.
Gates = Tensor | Queued


def weight_shape(n_qubits: int, n_layers: int, n_rotations: int | None = None) -> tuple[int, int]:
    """The shape (n_layers, n_rotations) of the angles; ``n_rotations`` defaults to the number of qubits."""
    rotations = n_qubits if n_rotations is None else n_rotations
    for name, value in (("n_qubits", n_qubits), ("n_layers", n_layers), ("n_rotations", rotations)):
        if value < 1:
            raise CircuitError(f"{name}: {value}: expected at least 1")
    return n_layers, rotations


@CIRCUITS.register("random_layers")
def random_layers(n_qubits: int, n_layers: int, n_rotations: int | None = None, *, seed: int = 42) -> Tensor:
    """The gate list of PennyLane's ``RandomLayers`` with this seed (30 % CNOTs, rotations RX, RY, RZ).

    The list depends on NumPy's generator: store it, never rebuild it from the seed.
    """
    import pennylane as qml

    shape = weight_shape(n_qubits, n_layers, n_rotations)
    if seed < 0:
        raise CircuitError(f"seed: {seed}: expected 0 or more")
    index = torch.arange(shape[0] * shape[1]).reshape(shape)
    operations = qml.RandomLayers.compute_decomposition(
        index, list(range(n_qubits)), RATIO_CNOT, qml.CNOT, (qml.RX, qml.RY, qml.RZ), seed
    )
    rows = []
    for op in operations:
        wires = [int(w) for w in op.wires]
        if op.name == "CNOT":
            rows.append([CNOT, wires[0], wires[1], -1])
        else:
            rows.append([NAMES.index(op.name), wires[0], -1, int(op.parameters[0])])
    return torch.tensor(rows, dtype=torch.int64)


def rows(gates: Tensor) -> Iterator[tuple[int, int, int, int]]:
    """The gates as tuples of Python integers ``kind, wire, target, angle``."""
    yield from (tuple(row) for row in gates.tolist())


def draw_circuit(name: str, n_qubits: int, n_layers: int, n_rotations: int | None = None, *,
                 seed: int = 42) -> tuple[Gates, tuple[int, int]]:
    """A registered circuit, and the shape (n_layers, rotations a layer) of its angles.

    It is a gate list, but where a function of PennyLane gates has gates or angles that no list can hold.

    Raises:
        CircuitError: what was drawn is no circuit on these qubits, or its angles do not divide among the layers.
        ConfigError: there is no circuit of that name.
    """
    shape, circuit = weight_shape(n_qubits, n_layers, n_rotations), CIRCUITS[name]
    if next(iter(signature(circuit).parameters), "") == "weights":
        try:
            gates = list_gates(circuit, n_qubits, n_layers, n_rotations)
            check_gates(gates, n_qubits, shape[0] * shape[1])
        except CircuitError:
            return Queued(circuit, n_qubits), shape
        return gates, shape
    gates = circuit(n_qubits, n_layers, n_rotations, seed=seed)
    n_angles = int((gates[:, 0] != CNOT).sum())
    check_gates(gates, n_qubits, n_angles)
    if not n_angles or n_angles % n_layers:
        raise CircuitError(f"circuit {name}: {n_angles} rotations, expected as many in each of {n_layers} layers")
    return gates, (n_layers, n_angles // n_layers)


def list_gates(circuit: Callable[..., object], n_qubits: int, n_layers: int, n_rotations: int | None = None) -> Tensor:
    """The gate list of a function of PennyLane gates, ``circuit(weights, wires)``.

    Args:
        circuit: applies gates that are, or are made of, RX, RY, RZ by one weight each, and CNOT; ``weights`` are
            (n_layers, n_rotations) angles.

    Raises:
        CircuitError: there is another gate, or an angle that is no weight as it stands.
    """
    shape = weight_shape(n_qubits, n_layers, n_rotations)
    # Numbers by which the weights are known again.
    marks = 1 + torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy()
    places = {mark: place for place, mark in enumerate(marks.ravel().tolist())}
    todo, found = Queued(circuit, n_qubits).operations(marks), list[list[int]]()
    while todo:
        op = todo.pop(0)
        wires = [int(wire) for wire in op.wires]
        if op.name == "CNOT":
            found.append([CNOT, *wires, -1])
        elif op.name in NAMES and float(op.parameters[0]) in places:
            found.append([NAMES.index(op.name), wires[0], -1, places[float(op.parameters[0])]])
        elif op.name not in NAMES and op.has_decomposition:
            todo[:0] = op.decomposition()
        else:
            raise CircuitError(f"circuit: {op.name} on {wires}: expected RX, RY, RZ by one of the weights, and CNOT")
    return torch.tensor(found, dtype=torch.int64)


def check_gates(gates: Tensor, n_qubits: int, n_angles: int) -> None:
    """Raises :class:`CircuitError` unless the list is a circuit on these qubits that uses every angle once."""
    if gates.ndim != 2 or gates.shape[1] != 4 or gates.dtype != torch.int64:
        raise CircuitError(f"gates: {tuple(gates.shape)} {gates.dtype}: expected (n_gates, 4) int64")
    used = []
    for kind, wire, target, angle in rows(gates):
        two = kind == CNOT and 0 <= target < n_qubits and target != wire and angle == -1
        one = kind in (RX, RY, RZ) and target == -1
        if not (0 <= wire < n_qubits and (one or two)):
            raise CircuitError(f"gates: row {[kind, wire, target, angle]}: not a gate on {n_qubits} qubits")
        if one:
            used.append(angle)
    if sorted(used) != list(range(n_angles)):
        raise CircuitError(f"gates: the rotations use angles {used}: expected each of 0 to {n_angles - 1} once")
