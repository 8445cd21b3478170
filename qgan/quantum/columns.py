"""The first columns of a circuit's unitary in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from .states import run_gates


def columns(gates: Tensor, angles: Tensor, n_qubits: int, n_columns: int) -> Tensor:
    """(2·2^n, n_columns): real parts over imaginary parts of the unitary's first columns, with gradient."""
    basis = torch.eye(n_columns, 2**n_qubits, dtype=angles.dtype, device=angles.device)
    states = run_gates(torch.complex(basis, torch.zeros_like(basis)), gates, angles)
    return torch.cat((states.real, states.imag), dim=-1).T
