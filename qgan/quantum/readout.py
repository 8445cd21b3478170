"""What is read from the final states: amplitudes (simulators only), probabilities, or expectation values.

Not every angle can change a probability: a last RZ cannot, nor a rotation outside the light cone of the measured
wires, nor a phase of a wire that the input leaves in |0>. Such a rotation would be a dead parameter, so it is drawn
again (:func:`redraw_irrelevant`).
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

import torch
from torch import Tensor

from ..base.seeding import numpy_rng, torch_rng
from .circuits import CNOT, CircuitError
from .states import run_gates

READOUTS = ("state", "probs", "expval")
#: Draws of new rotations before giving up, and what counts as no effect at all.
ATTEMPTS, ZERO = 1000, 1e-9


def check_readout(readout: str) -> str:
    """The readout's name, or :class:`CircuitError` with the names that exist."""
    if readout not in READOUTS:
        raise CircuitError(f"readout: {readout!r}: expected one of {', '.join(READOUTS)}")
    return readout


def z_words(n_qubits: int) -> list[tuple[int, ...]]:
    """The wires of each measured Z product: every Z_j, then every pair Z_j Z_k with j < k."""
    return [(j,) for j in range(n_qubits)] + list(combinations(range(n_qubits), 2))


def out_features(readout: str, n_qubits: int) -> int:
    """The number of outputs: 2·2^n (``state``), 2^n (``probs``), n(n+1)/2 (``expval``)."""
    sizes = {"state": 2 * 2**n_qubits, "probs": 2**n_qubits, "expval": n_qubits * (n_qubits + 1) // 2}
    return sizes[check_readout(readout)]


def gain(readout: str, outputs: int) -> float:
    """What outputs are multiplied by to be of order one."""
    # N numbers of norm 1 are of order 1/sqrt(N) each; probabilities are of order 1/N, expectation values of 1.
    return {"state": math.sqrt(outputs), "probs": float(outputs), "expval": 1.0}[readout]


@lru_cache(maxsize=32)
def z_signs(n_qubits: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The eigenvalue ±1 of each measured Z product in each basis state, (2^n, n(n+1)/2)."""
    with torch.inference_mode(False):  # kept for later calls, which may need a backward pass
        index = torch.arange(2**n_qubits)
        single = torch.stack([1 - 2 * ((index >> (n_qubits - 1 - j)) & 1) for j in range(n_qubits)], dim=1)
        words = [single[:, list(word)].prod(dim=1) for word in z_words(n_qubits)]
        return torch.stack(words, dim=1).to(dtype=dtype, device=device)


def read(parts: Tensor, readout: str) -> Tensor:
    """(B, 2·2^n) real parts then imaginary parts of the states -> (B, out_features)."""
    if readout == "state":
        return parts
    real, imag = parts.chunk(2, dim=-1)
    probs = real.square() + imag.square()
    if readout == "probs":
        return probs
    n_qubits = probs.shape[-1].bit_length() - 1
    return probs @ z_signs(n_qubits, probs.dtype, probs.device)


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
