"""The same circuit in PennyLane: the slow reference, and the way to shots, noise and other devices.

Everything runs in float64 whatever the layer's dtype (with shots float32 amplitudes fail PennyLane's normalisation
check); lightning hands its answers to torch as float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from .circuits import CNOT, NAMES, CircuitError, rows
from .readout import z_words


@lru_cache(maxsize=16)
def device(name: str, n_qubits: int) -> Any:
    """The PennyLane device ``name`` on ``n_qubits`` wires, for exact values."""
    import pennylane as qml

    try:
        return qml.device(name, wires=n_qubits)
    except (qml.exceptions.DeviceError, ImportError) as error:
        raise CircuitError(f"backend: {name!r}: no such PennyLane device here ({error})") from error


def queue(gates: Tensor, angles: Tensor, noise: float = 0.0) -> None:
    """Queues the gates; with ``noise`` each gate is followed by depolarising noise on each of its wires."""
    import pennylane as qml

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
    gates: Tensor,
    n_qubits: int,
    readout: str,
    *,
    backend: str = "default.qubit",
    shots: int | None = None,
    noise: float = 0.0,
    diff_method: str = "best",
) -> Callable[[Tensor, Tensor], Any]:
    """A QNode of (features, angles): amplitude embedding of normalised features, the gates, the readout."""
    import pennylane as qml

    def run(features: Tensor, angles: Tensor) -> Any:
        qml.AmplitudeEmbedding(features, wires=range(n_qubits), pad_with=0.0, normalize=False)
        queue(gates, angles, noise)
        return measurements(readout, n_qubits)

    if shots is None:
        return qml.QNode(run, device(backend, n_qubits), interface="torch", diff_method=diff_method)
    # A fresh seed from torch's own state: repeatable, and exact when a run is resumed.
    sampler = qml.device(backend, wires=n_qubits, seed=int(torch.randint(2**31, ())))
    return qml.set_shots(qml.QNode(run, sampler, interface="torch", diff_method=diff_method), shots=shots)


def reference(
    gates: Tensor,
    angles: Tensor,
    features: Tensor,
    n_qubits: int,
    readout: str,
    *,
    backend: str = "default.qubit",
    shots: int | None = None,
    noise: float = 0.0,
) -> Tensor:
    """One circuit per sample: normalised ``features`` (B, d) -> (B, out_features) float64.

    Gradients: backpropagation on default.qubit and default.mixed, adjoint on lightning (``expval`` only,
    angles only), parameter shift with shots (angles only).
    """
    method = gradient_method(backend, readout, shots)
    if method is None and torch.is_grad_enabled() and (angles.requires_grad or features.requires_grad):
        raise CircuitError(f"backend: {backend} has no gradient of the {readout} readout: use 'torch' or default.qubit")
    if method != "backprop" and torch.is_grad_enabled() and features.requires_grad:
        raise CircuitError(f"backend: {backend} with shots={shots}: no gradient to the inputs: use 'torch'")
    node = circuit(gates, n_qubits, readout, backend=backend, shots=shots, noise=noise, diff_method=method or "best")
    angles, features = angles.double(), features.double()
    samples = []
    for sample in features:
        value = node(sample, angles)
        value = torch.stack(list(value)) if isinstance(value, (list, tuple)) else value
        samples.append(torch.cat((value.real, value.imag)) if readout == "state" else value)
    return torch.stack(samples).to(torch.float64)


def gradient_method(backend: str, readout: str, shots: int | None) -> str | None:
    """PennyLane's gradient method for this combination, None where it has none that this layer can use."""
    if shots is not None:
        return "parameter-shift"
    if backend in ("default.qubit", "default.mixed"):
        return "backprop"
    if readout == "expval":
        return "adjoint" if backend.startswith("lightning") else "best"
    return None


def broadcast(gates: Tensor, angles: Tensor, features: Tensor, n_qubits: int, readout: str) -> Tensor:
    """All of normalised ``features`` (B, d) in one broadcast call of default.qubit -> (B, out_features) float64."""
    value = circuit(gates, n_qubits, readout, diff_method="backprop")(features.double(), angles.double())
    if readout == "state":
        return torch.cat((value.real, value.imag), dim=-1)
    return value if readout == "probs" else torch.stack(list(value), dim=-1)


def columns(gates: Tensor, angles: Tensor, n_qubits: int, n_columns: int, backend: str) -> Tensor:
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


def drawing(gates: Tensor, angles: Tensor, n_qubits: int) -> str:
    """The circuit as text, wires down and time to the right (``qml.draw``)."""
    import pennylane as qml

    def run(weights: Tensor) -> Any:
        queue(gates, weights)
        return qml.state()

    node = qml.QNode(run, device("default.qubit", n_qubits))
    return str(qml.draw(node, decimals=2, max_length=120)(angles.detach().cpu().double()))
