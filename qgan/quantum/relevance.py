"""Which angles a readout can see, and new gates for those it cannot.

A last RZ, a rotation outside the light cone of the measured wires, or a phase of a wire that the input leaves
in |0> changes no probability. Such a rotation would be a dead parameter, so it is drawn again.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..base.seeding import numpy_rng, torch_rng
from .circuits import CNOT, CircuitError
from .readout import read
from .states import run_gates

ATTEMPTS = 1000
ZERO = 1e-9


def sensitivity(gates: Tensor, n_qubits: int, n_columns: int, readout: str, seed: int = 0) -> Tensor:
    """|d f / d angle| (n_angles,) for a random linear form f of the output at random angles and inputs, float64.

    Both are drawn from a continuous density, so an entry is 0 (to rounding) only where the angle has no effect.
    """
    rng = torch_rng(seed, "sensitivity")
    n_angles = int((gates[:, 0] != CNOT).sum())
    angles = (torch.rand(n_angles, generator=rng, dtype=torch.float64) * 6).requires_grad_()
    inputs = torch.randn(4, n_columns, generator=rng, dtype=torch.float64)
    inputs = torch.nn.functional.pad(inputs / inputs.norm(dim=1, keepdim=True), (0, 2**n_qubits - n_columns))
    with torch.enable_grad():
        states = run_gates(torch.complex(inputs, torch.zeros_like(inputs)), gates, angles)
        output = read(torch.cat((states.real, states.imag), dim=-1), readout)
        form = torch.randn(output.shape, generator=rng, dtype=torch.float64)
        (gradient,) = torch.autograd.grad((output * form).sum(), angles)
    return gradient.abs()


def redraw_irrelevant(gates: Tensor, n_qubits: int, n_columns: int, readout: str, seed: int) -> Tensor:
    """The gate list with each rotation that the readout cannot see replaced by a random one that it can.

    Raises:
        CircuitError: if no draw makes every angle matter.
    """
    gates, rng = gates.clone(), numpy_rng(seed, "redraw")
    for _ in range(ATTEMPTS):
        dead = sensitivity(gates, n_qubits, n_columns, readout) < ZERO
        if not dead.any():
            return gates
        for row in range(len(gates)):
            if gates[row, 0] != CNOT and dead[gates[row, 3]]:
                gates[row, 0], gates[row, 1] = int(rng.integers(3)), int(rng.integers(n_qubits))
    raise CircuitError(f"readout: {readout}: no circuit found in which every angle changes the output")
