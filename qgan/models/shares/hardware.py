"""What a circuit of shares would cost on a quantum computer, for one jet."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from .fed import Fed
from .qubits import Gate


class Cost(NamedTuple):
    """Gates of one circuit.

    Attributes:
        n_qubits: of the registers.
        rotations: about axes of one or several qubits.
        two_qubit_gates: CNOTs, of which a rotation about an axis of w qubits takes 2 (w − 1).
        depth: time steps if every gate runs as soon as its qubits are free, such a rotation taking 2 (w − 1) + 1.
    """

    n_qubits: int
    rotations: int
    two_qubit_gates: int
    depth: int


def cost(network: nn.Module, in_features: int) -> Cost | None:
    """Of a network of shares; None of one that is no circuit with a list of gates.

    >>> from qgan.models.shares import SHARES, ShareSetting
    >>> cost(SHARES["born"](ShareSetting(3, (4, 4), 50)), 3)
    Cost(n_qubits=4, rotations=28, two_qubit_gates=16, depth=17)
    """
    if isinstance(network, Fed):
        fed = cost(network.inner, in_features + network.ancillas.out_features)
        more = network.ancillas.out_features
        # Each ancilla is turned and measured before all else.
        return fed and Cost(fed.n_qubits + more, fed.rotations + more, fed.two_qubit_gates, fed.depth + 2)
    circuit = getattr(network, "gates", None)
    if circuit is None or not getattr(network, "coherent", True):
        return None
    gates: list[Gate] = circuit(torch.zeros(1, in_features))
    n_qubits = 1 + max(wire for _, wires, _ in gates for wire in wires)
    free = [0] * n_qubits
    for axes, wires, _ in gates:
        until = max(free[wire] for wire in wires) + 2 * len(axes) - 1
        for wire in wires:
            free[wire] = until
    return Cost(n_qubits, len(gates), sum(2 * (len(axes) - 1) for axes, _, _ in gates), max(free))
