"""Batches of state vectors in torch: single-qubit unitaries, CNOTs as permutations, product states.

States are (..., 2^n) complex, wire 0 is the most significant bit of the index. A unitary may differ from
sample to sample, so circuits that are rotated by their data (data re-uploading) run in one batch. A run of
CNOTs permutes the amplitudes: the map is computed once and costs one indexing, whatever the number of CNOTs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from .circuits import CNOT, RX, RY, RZ, rows


def n_wires(states: Tensor) -> int:
    """The number of qubits of (..., 2^n) states."""
    return states.shape[-1].bit_length() - 1


def rotation(kind: int, angles: Tensor) -> Tensor:
    """``exp(-i angles P / 2)`` as (..., 2, 2) complex matrices; P = X, Y, Z for ``RX``, ``RY``, ``RZ``."""
    cos, sin = torch.cos(angles / 2), torch.sin(angles / 2)
    zero = torch.zeros_like(cos)
    if kind == RX:
        real, imag = (cos, zero, zero, cos), (zero, -sin, -sin, zero)
    elif kind == RY:
        real, imag = (cos, -sin, sin, cos), (zero, zero, zero, zero)
    elif kind == RZ:
        real, imag = (cos, zero, zero, cos), (-sin, zero, zero, sin)
    else:
        raise ValueError(f"kind {kind}: expected RX, RY or RZ")
    matrix = torch.complex(torch.stack(real, -1), torch.stack(imag, -1))
    return matrix.reshape(*angles.shape, 2, 2)


def turns_about_y(angles: Tensor) -> Tensor:
    """RY of ``angles`` as (..., 2, 2) real matrices."""
    cos, sin = torch.cos(angles / 2), torch.sin(angles / 2)
    return torch.stack([cos, -sin, sin, cos], -1).unflatten(-1, (2, 2))


def apply_single_qubit(states: Tensor, matrices: Tensor, wire: int) -> Tensor:
    """``matrices`` (2, 2), or (..., 2, 2) one per sample, applied to ``wire`` of (..., 2^n) ``states``."""
    left = 2**wire
    split = states.reshape(*states.shape[:-1], left, 2, -1)
    zero, one = split[..., 0, :], split[..., 1, :]
    m = matrices[..., None, None]
    new = torch.stack(
        (m[..., 0, 0, :, :] * zero + m[..., 0, 1, :, :] * one, m[..., 1, 0, :, :] * zero + m[..., 1, 1, :, :] * one),
        dim=-2,
    )
    return new.reshape(*new.shape[:-3], -1)


def apply_product(states: Tensor, matrices: Tensor) -> Tensor:
    """``matrices`` (B, n, 2, 2), one per sample and qubit, applied to (B, 2^n) ``states``.

    Neighbouring qubits are taken three at a time, as 8×8 matrices. Each product leaves its group behind the others,
    so that after the last one the wires are in order again and nothing is ever copied to reorder them.
    """
    count, n = matrices.shape[:2]
    for group in torch.chunk(matrices, -(-n // 3), dim=1):
        joint = group[:, 0]
        for wire in range(1, group.shape[1]):
            both = joint[:, :, None, :, None] * group[:, wire, None, :, None, :]
            joint = both.reshape(count, 2 * joint.shape[1], -1)
        split = states.reshape(count, joint.shape[1], -1)
        states = torch.bmm(split.transpose(1, 2), joint.transpose(1, 2))
    return states.reshape(count, -1)


def cnot_permutation(n_qubits: int, cnots: Iterable[tuple[int, int]]) -> Tensor:
    """The index map of (control, target) CNOTs in the order they act: ``states[..., index]`` applies them all."""
    index = torch.arange(2**n_qubits)
    for control, target in cnots:
        one = torch.arange(2**n_qubits)
        one = one ^ (((one >> (n_qubits - 1 - control)) & 1) << (n_qubits - 1 - target))
        index = index[one]
    return index


def product_state(matrices: Tensor) -> Tensor:
    """(..., n, 2, 2) unitaries, one per qubit, applied to |0...0>: the product state (..., 2^n)."""
    qubits = matrices[..., 0]
    # Samples last: they are many, and a product over the two amplitudes of a qubit alone is slow.
    return product_of(qubits.flatten(0, -3).permute(1, 2, 0)).T.reshape(*qubits.shape[:-2], -1)


def product_of(qubits: Tensor) -> Tensor:
    """Amplitudes (n, 2, B) of n qubits, samples last: those of the product states, (2^n, B)."""
    states, *others = qubits.contiguous()
    for qubit in others:
        states = (states[:, None] * qubit).flatten(0, 1)
    return states


def fidelity(states: Tensor, wires: Sequence[int], reference: Tensor) -> Tensor:
    """The fidelity (...) of ``wires`` with a product of pure qubits, ``reference`` (t, 2), as a SWAP test measures it:
    the norm of what is left of a state after projecting each of the wires onto its reference."""
    n, left = n_wires(states), list(range(n_wires(states)))
    split = states.reshape(*states.shape[:-1], *[2] * n)
    for wire, qubit in zip(wires, reference, strict=True):
        axis = left.index(wire) - len(left)
        zero, one = split.select(axis, 0), split.select(axis, 1)
        a, b = qubit.conj().to(states.dtype).tolist()
        split = zero if (a, b) == (1, 0) else a * zero + b * one
        left.remove(wire)
    kept = split.reshape(*states.shape[:-1], -1)
    return (kept.real**2 + kept.imag**2).sum(-1)


def z_expectations(states: Tensor) -> Tensor:
    """(..., n): ⟨Z⟩ of every wire."""
    probabilities = states.real**2 + states.imag**2
    index = torch.arange(states.shape[-1], device=states.device)
    wires = torch.arange(n_wires(states) - 1, -1, -1, device=states.device)
    signs = 1 - 2 * ((index[:, None] >> wires) & 1)
    return probabilities @ signs.to(probabilities)


def run_gates(states: Tensor, gates: Tensor, angles: Tensor) -> Tensor:
    """The gate list applied one gate after another, with ``angles`` (n_angles,), or (..., n_angles) one per sample."""
    for kind, wire, target, angle in rows(gates):
        if kind == CNOT:
            states = states[..., cnot_permutation(n_wires(states), [(wire, target)]).to(states.device)]
        else:
            states = apply_single_qubit(states, rotation(kind, angles[..., angle]), wire)
    return states
