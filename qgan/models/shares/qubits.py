"""Registers of qubits that number the rows and columns of an image, and the steps that act on both.

A state is (B, R, C) complex: the bits of the row, then those of the column, the most significant first. Rotations of
single qubits are one real matrix of each register, phases one elementwise product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

#: Axes of a rotation exp(−i angle P / 2), e.g. ``ZZ``, its wires, and its angle.
Gate = tuple[str, tuple[int, ...], Tensor]


def bits_for(side: int) -> int:
    """Qubits of a register that numbers so many pixels."""
    return max(1, (side - 1).bit_length())


def gray(count: int) -> Tensor:
    """The code of each of ``count`` neighbours, of which each differs from the next in one bit."""
    index = torch.arange(count)
    return index ^ (index >> 1)


def signs(n: int) -> Tensor:
    """(n, 2^n): Z of each qubit in each state of the basis."""
    index = torch.arange(2**n)
    return torch.stack([1.0 - 2.0 * ((index >> (n - 1 - wire)) & 1) for wire in range(n)])


class Turned(torch.autograd.Function):
    """RY of each qubit of a register: angles (B, n) → real matrices (B, 2^n, 2^n).

    Of K, their product, the derivative by an angle is K·J/2, J = −iY of that qubit: the gradient needs one product and
    no small matrix.
    """

    @staticmethod
    def forward(ctx: Any, angles: Tensor) -> Tensor:
        cos, sin = torch.cos(angles / 2), torch.sin(angles / 2)
        each = torch.stack((cos, -sin, sin, cos), -1).unflatten(-1, (2, 2))
        joint = each[:, 0]
        for wire in range(1, angles.shape[1]):
            joint = (joint[:, :, None, :, None] * each[:, wire, None, :, None, :]).flatten(3).flatten(1, 2)
        ctx.save_for_backward(joint)
        return joint

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (joint,) = ctx.saved_tensors
        return 0.5 * (joint.transpose(1, 2) @ gradient).flatten(1) @ _generators(joint)


def _generators(joint: Tensor) -> Tensor:
    """(4^n, n): J of each qubit of the register that matrices (B, 2^n, 2^n) act on."""
    side = joint.shape[1]
    n, index = side.bit_length() - 1, torch.arange(side)
    found = torch.zeros(n, side, side)
    for wire in range(n):
        flipped = index ^ (1 << (n - 1 - wire))
        found[wire, index, flipped] = torch.where(flipped > index, -1.0, 1.0)
    return found.flatten(1).T.to(joint)


class Phased(torch.autograd.Function):
    """Real and imaginary parts (B, 2, R, C) after exp(−i angles), angles (B, R, C)."""

    @staticmethod
    def forward(ctx: Any, parts: Tensor, angles: Tensor) -> Tensor:
        cos, sin = torch.cos(angles), torch.sin(angles)
        turned = _times(parts, cos, -sin)
        ctx.save_for_backward(turned, cos, sin)
        return turned

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        turned, cos, sin = ctx.saved_tensors
        by_angle = gradient[:, 0] * turned[:, 1] - gradient[:, 1] * turned[:, 0]
        return _times(gradient, cos, sin), by_angle


def _times(parts: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
    """The parts (B, 2, R, C) of a complex image, times another (B, R, C)."""
    product = parts * real[:, None]
    product[:, 0].addcmul_(parts[:, 1], imaginary, value=-1)
    product[:, 1].addcmul_(parts[:, 0], imaginary)
    return product


def signs_of(n: int, pairs: Sequence[tuple[int, int]]) -> Tensor:
    """(n + pairs, 2^n): Z of each qubit, then ZZ of each pair."""
    z = signs(n)
    return torch.stack([*z, *(z[one] * z[other] for one, other in pairs)])


def with_one(values: Tensor) -> Tensor:
    """Numbers (B, m) and a one before them, samples last, (1 + m, B): what b and w of b + w·z are multiplied by."""
    return torch.cat((torch.ones_like(values[:, :1]), values), 1).T


def turned(angles: Tensor) -> Tensor:
    """See :class:`Turned`."""
    return Turned.apply(angles)  # type: ignore[no-untyped-call]


def phased(parts: Tensor, angles: Tensor) -> Tensor:
    """See :class:`Phased`."""
    return Phased.apply(parts, angles)  # type: ignore[no-untyped-call]


def rotate(parts: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Real and imaginary parts (B, 2, R, C) after real matrices of the registers, (B, R, R) and (B, C, C)."""
    return rows[:, None] @ parts @ columns.transpose(1, 2)[:, None]


def started(angles: Tensor, left: int) -> Tensor:
    """Parts of the state that RY of every qubit makes of |0…0>: angles (B, n) → (B, 2, 2^left, 2^(n − left))."""
    state = angles.new_ones(len(angles), 1)
    for angle in angles.T:
        half = 0.5 * angle
        state = (state[:, :, None] * torch.stack((half.cos(), half.sin()), 1)[:, None]).flatten(1)
    return real_parts(state.view(len(angles), 2**left, -1))


def real_parts(state: Tensor) -> Tensor:
    """A real state (B, R, C) as real and imaginary part, (B, 2, R, C)."""
    return torch.stack((state, torch.zeros_like(state)), 1)


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
