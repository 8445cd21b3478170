"""What random layers can do: gradient variance (barren plateaus), expressibility, entangling capability.

All start from |0...0> and draw every angle uniformly; batches of states share one gate list.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base.seeding import torch_rng
from .circuits import random_layers
from .readout import z_signs
from .states import n_wires, run_gates

BINS = 75


def random_angles(samples: int, n_angles: int, seed: int, *path: int | str) -> Tensor:
    """(samples, n_angles) float64, uniform in [0, 2π)."""
    return 2 * math.pi * torch.rand(samples, n_angles, generator=torch_rng(seed, *path), dtype=torch.float64)


def final_states(gates: Tensor, angles: Tensor, n_qubits: int) -> Tensor:
    """(samples, 2^n) complex128: the circuit applied to |0...0>, with one row of ``angles`` per sample."""
    start = torch.zeros(len(angles), 2**n_qubits, dtype=torch.complex128)
    start[:, 0] = 1
    return run_gates(start, gates, angles)


def gradient_variance(
    n_qubits: int,
    n_layers: int,
    *,
    n_rotations: int | None = None,
    samples: int = 200,
    circuits: int = 8,
    seed: int = 0,
) -> float:
    """The variance of ∂⟨Z_0 Z_1⟩/∂angle over random angles and gate lists, averaged over the angles.

    It falls exponentially with the qubits where a barren plateau begins (McClean et al., arXiv:1803.11173).
    """
    word = n_qubits if n_qubits > 1 else 0  # Z_0 Z_1 follows the n single Z
    total = 0.0
    for index in range(circuits):
        gates = random_layers(n_qubits, n_layers, n_rotations, seed=seed + index)
        angles = random_angles(samples, int((gates[:, 3] >= 0).sum()), seed, "gradient variance", index)
        angles.requires_grad_()
        with torch.enable_grad():
            states = final_states(gates, angles, n_qubits)
            signs = z_signs(n_qubits, torch.float64, states.device)[:, word]
            value = ((states.real**2 + states.imag**2) @ signs).sum()
            (gradient,) = torch.autograd.grad(value, angles)
        total += float(gradient.square().mean())  # the mean gradient over a full period is zero
    return total / circuits


def haar_states(n_qubits: int, samples: int, seed: int) -> Tensor:
    """(samples, 2^n) complex128 states from the uniform (Haar) measure."""
    states = torch.randn(samples, 2**n_qubits, generator=torch_rng(seed, "haar"), dtype=torch.complex128)
    return states / states.norm(dim=1, keepdim=True)


def expressibility(states: Tensor) -> float:
    """KL divergence (nats) of the fidelities of pairs of ``states`` (2S, 2^n) from those of Haar-random states.

    Sim, Johnson, Aspuru-Guzik, arXiv:1905.10876: 0 is Haar random; a single state would give about
    (2^n - 1) ln 75. Compare with the value of as many Haar states, the floor of the finite sample.
    """
    first, second = states.chunk(2)
    fidelity = (first.conj() * second).sum(dim=1).abs().square().clamp(max=1).numpy()
    counts, edges = np.histogram(fidelity, bins=BINS, range=(0, 1))
    observed: NDArray[np.float64] = counts / counts.sum()
    # Haar: P(fidelity > F) = (1 - F)^(N - 1); logarithms because the last bins underflow.
    log_tail = (states.shape[1] - 1) * np.log1p(-edges[:-1])
    upper = np.append(log_tail[1:], -np.inf)
    log_expected = log_tail + np.log1p(-np.exp(upper - log_tail))
    seen = observed > 0
    return float((observed[seen] * (np.log(observed[seen]) - log_expected[seen])).sum())


def meyer_wallach(states: Tensor) -> Tensor:
    """The Meyer-Wallach entanglement 2 (1 - mean over qubits of Tr ρ²) of (B, 2^n) states, in [0, 1]."""
    n_qubits = n_wires(states)
    purities = []
    for wire in range(n_qubits):
        split = states.reshape(len(states), 2**wire, 2, -1).transpose(1, 2).reshape(len(states), 2, -1)
        density = split @ split.mH
        purities.append((density @ density).diagonal(dim1=1, dim2=2).real.sum(-1))
    return 2 * (1 - torch.stack(purities).mean(dim=0))


def capability(
    n_qubits: int,
    n_layers: int,
    *,
    n_rotations: int | None = None,
    samples: int = 1000,
    circuits: int = 4,
    seed: int = 0,
) -> dict[str, float]:
    """Expressibility and entangling capability of random layers, means over gate lists, with Haar's values."""
    found = []
    for index in range(circuits):
        gates = random_layers(n_qubits, n_layers, n_rotations, seed=seed + index)
        angles = random_angles(2 * samples, int((gates[:, 3] >= 0).sum()), seed, "capability", index)
        states = final_states(gates, angles, n_qubits)
        found.append((expressibility(states), float(meyer_wallach(states).mean())))
    haar = haar_states(n_qubits, 2 * samples, seed)
    means = np.mean(found, axis=0)
    return {
        "expressibility": float(means[0]),
        "expressibility_floor": expressibility(haar),
        "entanglement": float(means[1]),
        "entanglement_haar": (2**n_qubits - 2) / (2**n_qubits + 1),
    }
