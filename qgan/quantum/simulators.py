"""The same circuit in other batched simulators, for comparison; each is optional."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from .circuits import CNOT, NAMES, rows

Simulator = Callable[[Tensor], Tensor]


def installed() -> list[str]:
    """Those of ``deepquantum`` and ``tensorcircuit`` that are installed."""
    return [name for name in ("deepquantum", "tensorcircuit") if find_spec(name) is not None]


def simulator(name: str, gates: Tensor, angles: Tensor, n_qubits: int) -> Simulator:
    """A function of (B, 2^n) real float32 amplitudes -> (B, 2·2^n), real parts then imaginary parts, with gradient."""
    build = {"deepquantum": _deepquantum, "tensorcircuit": _tensorcircuit}[name]
    return build(gates, angles.detach().reshape(-1), n_qubits)


def _deepquantum(gates: Tensor, angles: Tensor, n_qubits: int) -> Simulator:
    import deepquantum

    circuit = deepquantum.QubitCircuit(n_qubits)
    order = []
    for kind, wire, target, angle in rows(gates):
        if kind == CNOT:
            circuit.cnot(wire, target)
        else:
            getattr(circuit, NAMES[kind].lower())(wire)
            order.append(angle)
    # Built once with its own trainable angles, as its users do.
    for parameter, angle in zip(circuit.parameters(), order, strict=True):
        parameter.data.copy_(angles[angle].reshape(parameter.shape))

    def run(amplitudes: Tensor) -> Tensor:
        states = circuit(state=amplitudes.to(torch.complex64).unsqueeze(-1)).squeeze(-1)
        return torch.cat((states.real, states.imag), dim=-1)

    return run


def _tensorcircuit(gates: Tensor, angles: Tensor, n_qubits: int) -> Simulator:
    import tensorcircuit

    tensorcircuit.set_backend("pytorch")
    weights = nn.Parameter(angles.clone())

    def one(amplitudes: Tensor, weights: Tensor) -> Tensor:
        circuit = tensorcircuit.Circuit(n_qubits, inputs=amplitudes)
        for kind, wire, target, angle in rows(gates):
            if kind == CNOT:
                circuit.cnot(wire, target)
            else:
                getattr(circuit, NAMES[kind].lower())(wire, theta=weights[angle])
        state: Tensor = circuit.state()
        return state

    def run(amplitudes: Tensor) -> Tensor:
        states = torch.func.vmap(one, in_dims=(0, None))(amplitudes.to(torch.complex64), weights)
        return torch.cat((states.real, states.imag), dim=-1)

    return run
