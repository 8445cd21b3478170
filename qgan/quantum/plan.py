"""A circuit compiled to index maps and signs, so that one step is a few large tensor operations.

In a group of g rotations (pauli.py), exp(-i t P / 2) = cos(t/2) - i sin(t/2) P, so their product is a sum over the
2^g subsets S of the words: c_S P_S, with c_S a product of g cosines and sines and P_S the product of the chosen
words up to a known power of i. A basis state i = rep XOR v_a has a place in a coset of the span of the x masks: rep
is zero on the pivots, and a < K = 2^r counts the coset. P_S takes it to rep XOR v_(a XOR x) with a sign that
depends on a and, through (z_k·rep)_k only, on the coset. Cosets of equal signs (one ``type``) share one unitary:

    W[type, a XOR x, a] = sum over S with x_S = x of c_S i^(k_S) (-1)^(z_S·rep) (-1)^(z_S·v_a)

and the group is one batched product of W with the amplitudes in the order (type, a, coset, column). Complex numbers
are pairs of reals: W is [[Re, -Im], [Im, Re]], 2K x 2K.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .pauli import Group, Index, Word, group_words, parity, pauli_words

# Measured on 4 to 12 qubits: small groups of many rotations cost least, forward and gradient together.
RANK, SIZE = 2, 7


@dataclass(frozen=True)
class Plan:
    """G groups of g words, T types, K amplitudes a coset, M = 2^g / K subsets for each x; lists are per group.

    Attributes:
        angle, scale, shift: c_S is the product over g of cos(scale angle + shift), flat in the order
            (group, x, m), words last: scale 1/2, sin t = cos(t - pi/2). Fillers have scale 0, and ``row_sign`` and
            ``flip_sign`` leave out the subsets that take them.
        row_sign: power of i times sign of the coset by part of W, (G·K, 4T, M).
        column_sign: sign of v_a, (G·K, M, K).
        block, block_inverse: W (G, T, 2K, 2K) from and to (G, K, 4T, K).
        start_to, start_from: where the first group's unitary goes in the first state, and from where.
        gather, gather_inverse: rows of the state between groups and at the end, the CNOTs included.
        flip, flip_sign: where c_S with word j flipped is, and half the sign of dc_S / d angle_j, (G, g, 2^g).
        word: the place (group, word) of each angle, flat.
    """

    shape: tuple[int, int, int, int, int]  # G, T, K, M, g
    n_qubits: int
    n_columns: int
    n_angles: int
    angle: Tensor
    scale: Tensor
    shift: Tensor
    row_sign: Tensor
    column_sign: Tensor
    block: Tensor
    block_inverse: Tensor
    start_to: Tensor
    start_from: Tensor
    gather: list[Tensor]
    gather_inverse: list[Tensor]
    flip: Tensor
    flip_sign: Tensor
    word: Tensor


@dataclass
class Layout:
    """A group with fillers: its words' subsets by x and the amplitudes' order (type, a, coset)."""

    words: list[Word]
    spans: Index  # v_a, (K,)
    cosets: Index  # rep, (T, Q)


def complete(group: Group, n_qubits: int, rank: int, size: int) -> None:
    """Adds words that do not rotate until the span has ``rank`` dimensions and the group ``size`` words."""
    for bit in range(n_qubits):
        if len(group.basis) < rank and group.remainder(1 << bit):
            group.append(Word(1 << bit, 0, 0, -1))
    group.words += [Word(0, 0, 0, -1)] * (size - len(group.words))


def coset_classes(group: Group, n_qubits: int) -> tuple[Index, Index, int]:
    """v_a (K,), the cosets' representatives ordered by their signs, and how many different signs there are."""
    pivots = sorted(group.basis)
    spans = np.zeros(1, dtype=np.int64)
    for pivot in pivots:
        spans = np.concatenate([spans, spans ^ group.basis[pivot]])
    everything = np.arange(2**n_qubits)
    representatives = everything[(everything & sum(1 << p for p in pivots)) == 0]
    signature = np.zeros_like(representatives)
    for bit, word in enumerate(group.words):
        signature |= parity(representatives & word.z) << bit
    return spans, representatives[np.argsort(signature, kind="stable")], len(np.unique(signature))


def subsets(words: list[Word]) -> tuple[Index, Index, Index]:
    """x, z and power of i of the product of each subset of the words (bit j of the subset: word j, which acts
    after the words before it), the factor -i of each rotation included."""
    x = z = k = np.zeros(1, dtype=np.int64)
    for word in words:
        power = k + word.k + 3 + 2 * parity(word.z & x)
        x, z, k = np.concatenate([x, x ^ word.x]), np.concatenate([z, z ^ word.z]), np.concatenate([k, power])
    return x, z, k % 4


def layouts(gates: Tensor, n_qubits: int, rank: int, size: int) -> tuple[list[Layout], Index]:
    """The circuit's groups, completed and with a common number of types, and the index map of its CNOTs."""
    words, permutation = pauli_words(gates, n_qubits)
    groups = group_words(words, rank, size)
    for group in groups:
        complete(group, n_qubits, rank, size)
    classes = [coset_classes(group, n_qubits) for group in groups]
    types = max(count for _, _, count in classes)
    return [
        Layout(group.words, spans, order.reshape(types, -1))
        for group, (spans, order, _) in zip(groups, classes, strict=True)
    ], permutation


def signs(layout: Layout) -> tuple[Index, Index, Index]:
    """For one group: the subsets by (x, m), the sign of each (x, part·type, m), and of each (x, m, a)."""
    count = len(layout.spans)
    x, z, k = subsets(layout.words)
    order = np.argsort(np.argsort(layout.spans)[np.searchsorted(np.sort(layout.spans), x)], kind="stable")
    order = order.reshape(count, -1)
    z, k = z[order], k[order]
    coset = 1 - 2 * parity(z[:, None, :] & layout.cosets[None, :, :1])
    real, imag = np.array([1, 0, -1, 0])[k], np.array([0, 1, 0, -1])[k]
    parts = np.stack([real, -imag, imag, real], axis=1)
    row = (parts[:, :, None, :] * coset[:, None]).reshape(count, -1, order.shape[1])
    return order, row, 1 - 2 * parity(z[:, :, None] & layout.spans)


def block_map(types: int, count: int) -> Index:
    """Where W[type, (part row, b), (part column, a)] is in (x, part, type, a) with x = a XOR b."""
    t, pb, pa = np.ogrid[:types, : 2 * count, : 2 * count]
    part = pb // count * 2 + pa // count
    a = pa % count
    x = a ^ (pb % count)
    return ((x * 4 + part) * types + t) * count + a


def rows_of(layout: Layout, n_qubits: int) -> Index:
    """The natural row (part, index) at each place of the order (type, part, a, coset)."""
    index = layout.cosets[:, None, None, :] ^ layout.spans[None, None, :, None]
    return (index + np.array([0, 2**n_qubits])[None, :, None, None]).reshape(-1)


def start_maps(layout: Layout, n_columns: int, n_qubits: int) -> tuple[Index, Index]:
    """The entries of the first group's W that are its action on the first basis states, and their places."""
    per_type, count = layout.cosets.shape[1], len(layout.spans)
    place = np.argsort(rows_of(layout, n_qubits))[:n_columns]
    t, a, q = place // (2 * count * per_type), place // per_type % count, place % per_type
    b = np.arange(2 * count)[:, None]
    to = ((t * 2 * count + b) * per_type + q) * n_columns + np.arange(n_columns)
    return to.reshape(-1), ((t * 2 * count + b) * 2 * count + a).reshape(-1)


def state_maps(
    found: list[Layout], permutation: Index, n_columns: int, n_qubits: int
) -> tuple[Index, Index, list[Index]]:
    """Where the first group's action on the basis goes and comes from, and the gathers that follow.

    With several groups the first action is written straight into the second group's order.
    """
    natural = [rows_of(layout, n_qubits) for layout in found]
    position = [np.argsort(order) for order in natural]
    gather = [position[q][natural[q + 1]] for q in range(len(found) - 1)]
    gather.append(position[-1][np.concatenate([permutation, permutation + 2**n_qubits])])
    start_to, start_from = start_maps(found[0], n_columns, n_qubits)
    first = np.argsort(gather.pop(0))
    start_to = first[start_to // n_columns] * n_columns + start_to % n_columns
    return start_to, start_from, gather


def factor_maps(found: list[Layout], orders: list[Index], n_angles: int) -> dict[str, Index | NDArray[np.float64]]:
    """The factors of each c_S, its neighbours in each word, and the signs of the derivatives."""
    size = len(found[0].words)
    word = np.array([[word.angle for word in layout.words] for layout in found])
    order = np.stack([order.reshape(-1) for order in orders])
    taken = order[:, :, None] >> np.arange(size) & 1
    place = np.argsort(order, axis=1)
    flip = place[np.arange(len(found))[:, None, None], (order[:, :, None] ^ (1 << np.arange(size)))].transpose(0, 2, 1)
    flip = flip + np.arange(len(found))[:, None, None] * 2**size
    real = (word >= 0)[:, None, :]
    return {
        "angle": np.where(real, word[:, None, :], 0) + 0 * taken,
        "scale": 0.5 * (real | (0 * taken)),
        "shift": np.where(taken, -np.pi / 2, 0.0),
        "without_fillers": 1 - (taken & ~real).any(axis=2),
        "flip": flip,
        "flip_sign": (np.where(taken, 0.5, -0.5) * real).transpose(0, 2, 1),
        "word": np.argsort(np.where(word < 0, n_angles, word).reshape(-1))[:n_angles],
    }


def compile_plan(
    gates: Tensor,
    n_qubits: int,
    n_columns: int,
    *,
    dtype: torch.dtype,
    device: torch.device,
    rank: int = RANK,
    size: int = SIZE,
) -> Plan:
    """The plan of a gate list for its unitary's first columns, in groups of ``size`` words of ``rank`` dimensions."""
    rank = min(rank, n_qubits)
    found, permutation = layouts(gates, n_qubits, rank, size)
    n_groups, types, count, subsets_of_x = len(found), len(found[0].cosets), 2**rank, 2 ** (size - rank)
    n_angles = int((gates[:, 3] >= 0).sum())
    orders, row_signs, column_signs = zip(*(signs(layout) for layout in found), strict=True)
    factors = factor_maps(found, list(orders), n_angles)
    row_sign = np.stack(row_signs) * factors["without_fillers"].reshape(n_groups, count, 1, subsets_of_x)
    block = block_map(types, count).reshape(-1) + np.arange(n_groups)[:, None] * (4 * types * count * count)
    start_to, start_from, gather = state_maps(found, permutation, n_columns, n_qubits)

    def tensor(values: NDArray[Any], real: bool = False) -> Tensor:
        flat = torch.from_numpy(np.ascontiguousarray(values)).to(device)
        return flat.to(dtype) if real else flat

    return Plan(
        shape=(n_groups, types, count, subsets_of_x, size),
        n_qubits=n_qubits,
        n_columns=n_columns,
        n_angles=n_angles,
        angle=tensor(factors["angle"].reshape(-1)),
        scale=tensor(factors["scale"].reshape(-1), real=True),
        shift=tensor(factors["shift"].reshape(-1), real=True),
        row_sign=tensor(row_sign.reshape(n_groups * count, 4 * types, -1), real=True),
        column_sign=tensor(np.concatenate(column_signs), real=True),
        block=tensor(block.reshape(-1)),
        block_inverse=tensor(np.argsort(block.reshape(-1))),
        start_to=tensor(start_to),
        start_from=tensor(start_from),
        gather=[tensor(rows) for rows in gather],
        gather_inverse=[tensor(np.argsort(rows)) for rows in gather],
        flip=tensor(factors["flip"].reshape(-1)),
        flip_sign=tensor(factors["flip_sign"], real=True),
        word=tensor(factors["word"].reshape(-1)),
    )
