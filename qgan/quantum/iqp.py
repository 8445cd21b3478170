"""IQP circuits: Hadamards, phases about products of Z that all commute, Hadamards, and a measurement.

    p(s) = |⟨s| H^n Π exp(−i θ_g Z_g / 2) H^n |0…0⟩|²

Sampling is thought to be hard, but what is expected of a product Z_S is a mean of cosines over bits that are drawn
evenly (Van den Nest, arXiv:0911.1624), which needs no state: so an IQP circuit can be trained at sizes that cannot be
simulated, and be sampled by a quantum computer (Recio-Armengol et al., arXiv:2503.02934).

Where each gate flips the bits of its word with probability sin²(θ/2), rather than by a phase, the same expectation is
a product of cosines: the bit-flip model there, which is classical.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

#: A cosine below is taken for it, whose logarithm there would be infinite.
_LEAST = 1e-30


def words_of(n: int, weight: int = 2) -> list[tuple[int, ...]]:
    """Every product of 1 to ``weight`` qubits of n.

    >>> words_of(3)
    [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    """
    every: list[tuple[int, ...]] = [()]
    for _ in range(weight):
        every += [(*word, wire) for word in every for wire in range(word[-1] + 1 if word else 0, n)
                  if (*word, wire) not in every]
    return sorted({word for word in every if word}, key=lambda word: (len(word), word))


def masks(n: int, words: Sequence[tuple[int, ...]]) -> Tensor:
    """(words, n), one where a word has a qubit."""
    found = torch.zeros(len(words), n)
    for row, word in enumerate(words):
        found[row, list(word)] = 1
    return found


def walsh(values: Tensor) -> Tensor:
    """(…, 2^n) → the sums Σ_s (−1)^(r·s) values_s, (…, 2^n)."""
    shape = values.shape
    for _ in range(shape[-1].bit_length() - 1):
        # Each step leaves its bit last, so that after n of them the bits are in order again.
        one, other = values.view(*shape[:-1], 2, -1).unbind(-2)
        values = torch.stack((one + other, one - other), -1).flatten(-2)
    return values


def probabilities(angles: Tensor, signs: Tensor) -> Tensor:
    """Of every outcome: angles (B, words), Z of each word in each state (words, 2^n) → (B, 2^n)."""
    phases = 0.5 * angles @ signs
    real, imaginary = walsh(torch.stack((phases.cos(), phases.sin())))
    return (real.square() + imaginary.square()) / signs.shape[1] ** 2


def flipped(angles: Tensor, overlaps: Tensor) -> Tensor:
    """The same of the bit-flip model.

    Args:
        angles: (B, words).
        overlaps: (2^n, words), whether a word and a set of qubits have an odd number in common.
    """
    cosines = angles.cos()
    # A product of few of many factors is a product of matrices in their logarithms; their signs are counted.
    size = (cosines.abs().clamp_min(_LEAST).log() @ overlaps.T).exp()
    negative = (cosines < 0).to(cosines) @ overlaps.T
    # Of sums that cancel, rounding may leave less than nothing.
    return walsh(size * (1 - 2 * (negative % 2))).clamp_min(0) / len(overlaps)


def odd(subsets: Tensor, words: Tensor) -> Tensor:
    """Whether sets of qubits (S, n) and words (words, n) have an odd number in common, (S, words), as numbers."""
    return (subsets @ words.T) % 2


def expectations(angles: Tensor, words: Tensor, subsets: Tensor, bits: Tensor) -> Tensor:
    """⟨Z_S⟩ of each set, without a state: (B, S).

    Args:
        angles: (B, words).
        words: their qubits, (words, n), zeros and ones.
        subsets: of qubits, (S, n).
        bits: (M, n), drawn evenly; the more, the nearer. All 2^n of them give the exact value.

    >>> from qgan.quantum.iqp import expectations
    >>> angles, word = torch.tensor([[0.3]]), torch.ones(1, 1)
    >>> round(float(expectations(angles, word, word, torch.tensor([[0.0], [1.0]]))), 4), round(math.cos(0.3), 4)
    (0.9553, 0.9553)
    """
    signs = 1 - 2 * ((bits @ words.T) % 2)
    return torch.cos((angles[:, None] * odd(subsets, words)) @ signs.T).mean(2)


def drawn_subsets(count: int, n: int, width: float, generator: torch.Generator | None = None) -> Tensor:
    """Sets of qubits (count, n) by which the mean squared difference of ⟨Z_S⟩ is the squared MMD of a Gaussian kernel
    of so many bits' width in Hamming distance (Rudolph et al., arXiv:2305.02881)."""
    chance = (1 - math.exp(-1 / (2 * width**2))) / 2
    return (torch.rand(count, n, generator=generator) < chance).float()
