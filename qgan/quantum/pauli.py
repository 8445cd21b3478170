"""Circuits of rotations and CNOTs rewritten as rotations about Pauli words, then one permutation.

A Pauli word is (x, z, k): P|i> = i^k (-1)^(z·i) |i XOR x>, with x and z bit masks and z·i the parity of z AND i.
A run of CNOTs A permutes the basis states, A|i> = |a(i)> with a linear over GF(2), so a rotation that follows it
can be pulled in front: R A = A (A† R A), which only changes the word: x -> a⁻¹(x), z·i -> z·a(i), k -> k. All CNOTs
of a circuit thus end up as one permutation after the last rotation and cost nothing.

Neighbouring rotations whose x masks span r dimensions mix only 2^r amplitudes with one another. They are grouped,
a rotation moving forward past the groups it commutes with.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .circuits import CNOT, RX, RY, RZ, rows
from .states import cnot_permutation

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Word:
    """A Pauli word and the index of the angle that rotates about it (-1: no rotation, a filler)."""

    x: int
    z: int
    k: int
    angle: int

    def commutes(self, other: Word) -> bool:
        return ((self.x & other.z).bit_count() + (self.z & other.x).bit_count()) % 2 == 0


@dataclass
class Group:
    """Rotations in the order they act, and a reduced basis of the span of their x masks, keyed by pivot bit."""

    words: list[Word] = field(default_factory=list)
    basis: dict[int, int] = field(default_factory=dict)

    def remainder(self, x: int) -> int:
        """``x`` with its part in the span removed."""
        for pivot, vector in self.basis.items():
            if x >> pivot & 1:
                x ^= vector
        return x

    def fits(self, word: Word, max_rank: int, max_size: int) -> bool:
        """Whether the span stays within ``max_rank``, with room left for fillers that complete it."""
        if self.remainder(word.x):
            return len(self.basis) < max_rank
        return len(self.words) - len(self.basis) < max_size - max_rank

    def extend(self, x: int) -> None:
        """Adds ``x`` to the span, keeping every other basis vector zero at the new pivot."""
        rest = self.remainder(x)
        if rest:
            pivot = rest.bit_length() - 1
            self.basis = {p: v ^ rest if v >> pivot & 1 else v for p, v in self.basis.items()}
            self.basis[pivot] = rest

    def append(self, word: Word) -> None:
        self.extend(word.x)
        self.words.append(word)


def parity(values: Index) -> Index:
    """The parity of the set bits of each integer."""
    for shift in (16, 8, 4, 2, 1):
        values = values ^ (values >> shift)
    return values & 1


def pauli_words(gates: Tensor, n_qubits: int) -> tuple[list[Word], Index]:
    """The circuit as words in the order they act, and the index map of all its CNOTs after them."""
    after: list[tuple[int, int]] = []
    words = []
    index = inverse = np.arange(2**n_qubits)  # index[i] = a⁻¹(i)
    units = 1 << np.arange(n_qubits)
    for kind, wire, target, angle in rows(gates):
        if kind == CNOT:
            after.append((wire, target))
            index = cnot_permutation(n_qubits, after).numpy()
            inverse = np.argsort(index)
            continue
        bit = 1 << (n_qubits - 1 - wire)
        x, z = (bit if kind in (RX, RY) else 0), (bit if kind in (RY, RZ) else 0)
        moved = int((parity(z & inverse[units]) * units).sum())
        words.append(Word(int(index[x]), moved, int(kind == RY), angle))
    return words, index


def group_words(words: list[Word], max_rank: int, max_size: int) -> list[Group]:
    """The words in groups: at most ``max_rank`` that widen the x masks' span, ``max_size`` - ``max_rank`` others."""
    groups: list[Group] = []
    for word in words:
        place = len(groups)
        for candidate in range(len(groups) - 1, -1, -1):
            if groups[candidate].fits(word, max_rank, max_size):
                place = candidate
            if not all(word.commutes(other) for other in groups[candidate].words):
                break
        if place == len(groups):
            groups.append(Group())
        groups[place].append(word)
    return groups
