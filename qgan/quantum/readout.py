"""What is read from the final states: amplitudes (simulators only), probabilities, or expectation values."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import torch
from torch import Tensor

from .circuits import CircuitError

READOUTS = ("state", "probs", "expval")


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
