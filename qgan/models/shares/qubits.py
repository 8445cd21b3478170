"""Registers of qubits that number the rows and columns of an image, the most significant bit first."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...quantum.registers import bits_for, gray
from .interference import product

#: Axes of a rotation exp(−i angle P / 2), e.g. ``ZZ``, its wires, and its angle, of each sample (B,) or one of all.
Gate = tuple[str, tuple[int, ...], Tensor]


def signs(n: int) -> Tensor:
    """(n, 2^n): Z of each qubit in each state of the basis."""
    index = torch.arange(2**n)
    return torch.stack([1.0 - 2.0 * ((index >> (n - 1 - wire)) & 1) for wire in range(n)])


def signs_of(n: int, pairs: Sequence[tuple[int, int]]) -> Tensor:
    """(n + pairs, 2^n): Z of each qubit, then ZZ of each pair."""
    z = signs(n)
    return torch.stack([*z, *(z[one] * z[other] for one, other in pairs)])


def with_one(values: Tensor) -> Tensor:
    """Numbers (B, m) and a one before them, samples last, (1 + m, B): what b and w of b + w·z are multiplied by."""
    return torch.cat((torch.ones_like(values[:, :1]), values), 1).T


def mixing(in_features: int, mixed: int) -> nn.Module:
    """z = tanh(A u + a) of inputs u: (B, in_features) → (B, mixed), of order one at first."""
    linear = nn.Linear(in_features, mixed)
    nn.init.normal_(linear.weight, 0.0, in_features**-0.5)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(linear, nn.Tanh())


def started(angles: Tensor, left: int) -> Tensor:
    """The state that RY of every qubit makes of |0…0>: angles (B, n) → (2, B, 2^left, 2^(n − left))."""
    return real_parts(product(angles).view(len(angles), 2**left, -1))


def real_parts(state: Tensor) -> Tensor:
    """A real state (B, R, C) as real and imaginary part, (2, B, R, C)."""
    return torch.stack((state, torch.zeros_like(state)))


class Pixels(nn.Module):
    """Probabilities of rows and columns (B, R, C) → log shares of the pixels (B, H, W), in the middle of the registers.

    Args:
        shape: (H, W).
        coded: whether registers count in Gray code.
        least: probability that every pixel has beside, in all.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, shape: tuple[int, int], coded: bool = True, least: float = 1e-5) -> None:
        super().__init__()
        self.least = least / (shape[0] * shape[1])
        for name, side in zip(("rows", "columns"), shape, strict=True):
            count = 2 ** bits_for(side)
            first = (count - side) // 2
            code = gray(count) if coded else torch.arange(count)
            self.register_buffer(name, code[first:first + side], persistent=False)

    def forward(self, probability: Tensor) -> Tensor:
        kept = probability[:, self.rows][:, :, self.columns] + self.least
        return torch.log(kept / kept.sum((1, 2), keepdim=True))
