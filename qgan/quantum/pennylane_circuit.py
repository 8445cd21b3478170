"""The same circuit in PennyLane: the slow reference, and the way to shots, noise and other devices.

Everything runs in float64 whatever the layer's dtype (with shots float32 amplitudes fail PennyLane's normalisation
check); lightning hands its answers to torch as float32.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from .circuits import CNOT, NAMES, CircuitError, Gates, Queued, rows
from .readout import z_words

#: A PennyLane device: its name, or ``{"name": ..., **keywords of qml.device}``, of which ``shots`` are taken here.
Backend: TypeAlias = str | Mapping[str, Any]


class Named(NamedTuple):
    """What a backend says: the device, its further keywords as JSON, and how often a sample is measured."""

    name: str
    keywords: str
    shots: int | None


def named(backend: Backend) -> Named:
    """The backend taken apart.

    Raises:
        CircuitError: there is no name, or what stands beside it cannot be.
    """
    told = {"name": backend} if isinstance(backend, str) else dict(backend)
    name, shots = told.pop("name", None), told.pop("shots", None)
    if not isinstance(name, str):
        raise CircuitError(f"backend: {backend!r}: expected a device, such as {{'name': 'default.mixed'}}")
    if shots is not None and not (isinstance(shots, int) and shots > 0):
        raise CircuitError(f"backend: shots: {shots!r}, expected a whole number above 0")
    if name == "torch" and (told or shots):
        raise CircuitError(f"backend: torch takes no {next(iter(told), 'shots')}: name a PennyLane device")
    try:
        return Named(name, json.dumps(told, sort_keys=True), shots)
    except TypeError as error:
        raise CircuitError(f"backend: {name}: expected plain values beside it ({error})") from error


def device(backend: Backend, n_qubits: int) -> Any:
    """The PennyLane device on ``n_qubits`` wires, for exact values."""
    return _device(*named(backend)[:2], n_qubits)


@lru_cache(maxsize=16)
def _device(name: str, keywords: str, n_qubits: int, **more: Any) -> Any:
    import pennylane as qml

    try:
        return qml.device(name, wires=n_qubits, **{**more, **json.loads(keywords)})
    except (qml.exceptions.DeviceError, ImportError) as error:
        raise CircuitError(f"backend: {name!r}: no such PennyLane device here ({error})") from error
    except (TypeError, ValueError) as error:
        raise CircuitError(f"backend: {name}: {error}") from error


def queue(gates: Gates, angles: Tensor, noise: float = 0.0) -> None:
    """Queues the gates; with ``noise`` each gate is followed by depolarising noise on each of its wires."""
    import pennylane as qml

    if isinstance(gates, Queued):
        for op in gates.operations(angles):
            qml.apply(op)
            for noisy in op.wires if noise else ():
                qml.DepolarizingChannel(noise, wires=noisy)
        return
    flat = angles.reshape(-1)
    for kind, wire, target, angle in rows(gates):
        if kind == CNOT:
            qml.CNOT(wires=[wire, target])
        else:
            getattr(qml, NAMES[kind])(flat[angle], wires=wire)
        if noise:
            for noisy in (wire, target)[: 1 + (kind == CNOT)]:
                qml.DepolarizingChannel(noise, wires=noisy)


def measurements(readout: str, n_qubits: int) -> Any:
    """The PennyLane measurements of a readout, in the order of the layer's outputs."""
    import pennylane as qml

    if readout == "state":
        return qml.state()
    if readout == "probs":
        return qml.probs(wires=range(n_qubits))
    return [qml.expval(qml.prod(*(qml.Z(w) for w in word))) for word in z_words(n_qubits)]


def circuit(
    gates: Gates,
    n_qubits: int,
    readout: str,
    *,
    backend: Backend = "default.qubit",
    shots: int | None = None,
    noise: float = 0.0,
    inputs: Callable[..., tuple[Tensor | None, Tensor]] = lambda features, angles: (features, angles),
) -> Callable[..., Any]:
    """A QNode of (features, angles): amplitude embedding of normalised features, the gates, the readout.

    Args:
        inputs: makes features and angles of other arguments of the QNode; no features leave the state |0...0>.

    Raises:
        CircuitError: there is no such device, or it has no such readout.
    """
    import pennylane as qml

    name, keywords, of_backend = named(backend)
    shots = shots or of_backend
    if readout == "state" and (shots or noise or name == "default.mixed"):
        raise CircuitError(f"backend: {name} with shots or noise has no readout of a state: use probs or expval")

    def run(*given: Any) -> Any:
        features, angles = inputs(*given)
        if features is not None:
            qml.AmplitudeEmbedding(features, wires=range(n_qubits), pad_with=0.0, normalize=False)
        queue(gates, angles, noise)
        return measurements(readout, n_qubits)

    method = gradient_method(name, readout, shots) or "best"
    if shots is None:
        return qml.QNode(run, device(backend, n_qubits), interface="torch", diff_method=method)
    # A fresh seed from torch's own state: repeatable, and exact when a run is resumed.
    sampler = _device.__wrapped__(name, keywords, n_qubits, seed=int(torch.randint(2**31, ())))
    return qml.set_shots(qml.QNode(run, sampler, interface="torch", diff_method=method), shots=shots)


def reference(
    gates: Gates,
    angles: Tensor,
    features: Tensor,
    n_qubits: int,
    readout: str,
    *,
    backend: Backend = "default.qubit",
    shots: int | None = None,
    noise: float = 0.0,
) -> Tensor:
    """One circuit per sample: normalised ``features`` (B, d) -> (B, out_features) float64.

    Gradients: backpropagation on default.qubit and default.mixed, adjoint on lightning (``expval`` only,
    angles only), parameter shift with shots (angles only).
    """
    name, shots = named(backend).name, shots or named(backend).shots
    method = gradient_method(name, readout, shots)
    if method is None and torch.is_grad_enabled() and (angles.requires_grad or features.requires_grad):
        raise CircuitError(f"backend: {name} has no gradient of the {readout} readout: use 'torch' or default.qubit")
    if method != "backprop" and torch.is_grad_enabled() and features.requires_grad:
        raise CircuitError(f"backend: {name} with shots={shots}: no gradient to the inputs: use 'torch'")
    node = circuit(gates, n_qubits, readout, backend=backend, shots=shots, noise=noise)
    angles, features = angles.double(), features.double()
    samples = []
    for sample in features:
        value = node(sample, angles)
        value = torch.stack(list(value)) if isinstance(value, (list, tuple)) else value
        samples.append(torch.cat((value.real, value.imag)) if readout == "state" else value)
    return torch.stack(samples).to(torch.float64)


def gradient_method(name: str, readout: str, shots: int | None) -> str | None:
    """PennyLane's gradient method for this combination, None where it has none that this layer can use."""
    if shots is not None:
        return "parameter-shift"
    if name in ("default.qubit", "default.mixed"):
        return "backprop"
    if readout == "expval":
        return "adjoint" if name.startswith("lightning") else "best"
    return None


def broadcast(gates: Gates, angles: Tensor, features: Tensor, n_qubits: int, readout: str) -> Tensor:
    """All of normalised ``features`` (B, d) in one broadcast call of default.qubit -> (B, out_features) float64."""
    value = circuit(gates, n_qubits, readout)(features.double(), angles.double())
    if readout == "state":
        return torch.cat((value.real, value.imag), dim=-1)
    return value if readout == "probs" else torch.stack(list(value), dim=-1)


def columns(gates: Gates, angles: Tensor, n_qubits: int, n_columns: int, backend: Backend) -> Tensor:
    """The first columns of the circuit's unitary, (2·2^n, n_columns) real parts over imaginary parts.

    On default.qubit one broadcast call, with gradient; elsewhere one call a column, without.
    """
    basis = torch.eye(n_columns, 2**n_qubits, dtype=torch.float64)
    if backend == "default.qubit":
        return broadcast(gates, angles, basis, n_qubits, "state").T
    return reference(gates, angles, basis, n_qubits, "state", backend=backend).T


def preparation(n_qubits: int, features: Tensor) -> Tensor:
    """The gate list that prepares real amplitudes (Möttönen et al., quant-ph/0407010), angles numbered in order."""
    import pennylane as qml

    operations = qml.MottonenStatePreparation.compute_decomposition(features, range(n_qubits))
    gates, count = [], 0
    for op in operations:
        wires = [int(w) for w in op.wires]
        if op.name == "CNOT":
            gates.append([CNOT, wires[0], wires[1], -1])
        elif op.name in NAMES:
            gates.append([NAMES.index(op.name), wires[0], -1, count])
            count += 1
    return torch.tensor(gates, dtype=torch.int64).reshape(-1, 4)


def drawing(gates: Gates, angles: Tensor, n_qubits: int) -> str:
    """The circuit as text, wires down and time to the right (``qml.draw``)."""
    import pennylane as qml

    def run(weights: Tensor) -> Any:
        queue(gates, weights)
        return qml.state()

    node = qml.QNode(run, device("default.qubit", n_qubits))
    return str(qml.draw(node, decimals=2, max_length=120)(angles.detach().cpu().double()))


def openqasm(gates: Gates, angles: Tensor, n_qubits: int, features: Tensor | None = None) -> str:
    """The circuit in OpenQASM 2.0, all wires measured at its end; of ``features`` (d,) with their preparation."""
    import pennylane as qml

    def run() -> None:
        if features is not None:
            qml.AmplitudeEmbedding(features, wires=range(n_qubits), pad_with=0.0, normalize=False)
        queue(gates, angles.detach().cpu().double())

    with qml.queuing.AnnotatedQueue() as queued:
        run()
    return str(qml.to_openqasm(qml.tape.QuantumScript.from_queue(queued), wires=range(n_qubits)))
