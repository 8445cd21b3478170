"""Layers of phases and of rotations about Y on two registers of qubits, the whole circuit in one step of the gradient.

A state is (2, B, R, C): its real and its imaginary part, the bits of the row, the bits of the column, so that the
rotations of a register are one product of real matrices for each sample and part. A layer is, of angles that may
differ from sample to sample,

    exp(−i φ) on each amplitude,    then RY on each qubit.

The gradient of a rotation by its angle is one product of the state after it with the gradient there: of K, the
rotations of a register together, the derivative by an angle is J·K/2, J = −iY of that qubit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor


def interfere(state: Tensor, phases: Tensor, turns: Tensor, left: int) -> Tensor:
    """A state (2, B, R, C) after all layers.

    Args:
        phases: φ, (layers, B, R, C), or (layers, 1, R, C) where it is that of every sample.
        turns: angles of RY, (layers, n, B); the first ``left`` qubits are the rows'.
    """
    return _Interfered.apply(state, phases, turns, left)  # type: ignore[no-untyped-call]


def rotations(angles: Tensor) -> Tensor:
    """RY of each qubit of a register: angles (N, n) → real matrices (N, 2^n, 2^n)."""
    side = 2 ** angles.shape[1]
    return (product(angles) @ _spread(side).to(angles)).view(-1, side, side)


def product(angles: Tensor) -> Tensor:
    """The state that RY of each qubit makes of |0…0>: angles (N, n) → amplitudes (N, 2^n)."""
    found = torch.ones_like(angles[:, :1])
    for pair in torch.stack((torch.cos(angles / 2), torch.sin(angles / 2)), 2).unbind(1):
        found = (found[:, :, None] * pair[:, None]).flatten(1)
    return found


class _Interfered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, state: Tensor, phases: Tensor, turns: Tensor, left: int) -> Tensor:
        by_row, by_column = _both(turns, left)
        cos, sin = torch.cos(phases), torch.sin(phases)
        kept = []
        for layer in range(len(turns)):
            turned = _times(state, cos[layer], sin[layer], -1)
            state = _rotated(turned, by_row[layer], by_column[layer].mT)
            kept += [turned, state]
        ctx.save_for_backward(by_row, by_column, cos, sin, *kept)
        return state

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        by_row, by_column, cos, sin, *kept = ctx.saved_tensors
        of_phases, of_rows, of_columns = torch.empty_like(cos), torch.empty_like(by_row), torch.empty_like(by_column)
        shared = cos.shape[1] < gradient.shape[1]
        for layer in reversed(range(len(by_row))):
            turned, state = kept[2 * layer:2 * layer + 2]
            torch.bmm(gradient[0], state[0].mT, out=of_rows[layer]).baddbmm_(gradient[1], state[1].mT)
            torch.bmm(gradient[0].mT, state[0], out=of_columns[layer]).baddbmm_(gradient[1].mT, state[1])
            gradient = _rotated(gradient, by_row[layer].mT, by_column[layer])
            by_phase = (gradient[0] * turned[1]).addcmul_(gradient[1], turned[0], value=-1)
            of_phases[layer] = by_phase.sum(0, keepdim=True) if shared else by_phase
            gradient = _times(gradient, cos[layer], sin[layer], 1)
        of_turns = torch.cat([_by_angle(found) for found in (of_rows, of_columns)], 1)
        return gradient, of_phases, of_turns, None


def _both(turns: Tensor, left: int) -> tuple[Tensor, Tensor]:
    """Rotations of rows (layers, B, R, R) and of columns (layers, B, C, C)."""
    rows, columns = (part.mT.flatten(0, 1) for part in turns.split([left, turns.shape[1] - left], 1))
    of_rows, of_columns = rotations(rows), rotations(columns)
    return tuple(found.unflatten(0, (len(turns), -1)) for found in (of_rows, of_columns))


def _rotated(state: Tensor, of_rows: Tensor, of_columns: Tensor) -> Tensor:
    """A state (2, B, R, C), times matrices (B, R, R) from the left and (B, C, C) from the right."""
    found = torch.empty_like(state)
    for part, out in zip(state, found, strict=True):
        torch.bmm(torch.bmm(of_rows, part), of_columns, out=out)
    return found


def _times(state: Tensor, cos: Tensor, sin: Tensor, sign: int) -> Tensor:
    """A state (2, B, R, C), times exp(± i φ) of which cos φ and sin φ are (B or 1, R, C)."""
    found = state * cos
    found[0].addcmul_(state[1], sin, value=-sign)
    found[1].addcmul_(state[0], sin, value=sign)
    return found


@lru_cache
def _spread(side: int) -> Tensor:
    """(side, side²): the element (r, s) of the rotations is amplitude r ^ s of :func:`product`, negative for each
    qubit that s turns to one and r does not."""
    index = torch.arange(side)
    row, column = index[:, None], index[None]
    negative = torch.stack([(column & ~row) >> wire & 1 for wire in range(side.bit_length() - 1)]).sum(0)
    found = torch.zeros(side, side, side)
    found[row ^ column, row, column] = 1.0 - 2.0 * (negative % 2)
    return found.flatten(1)


def _by_angle(of_rotations: Tensor) -> Tensor:
    """Gradients of the rotations of a register (layers, B, side, side) → those of its angles (layers, n, B)."""
    layers, count, side, _ = of_rotations.shape
    # So few rows come first: the other way round the product takes three times as long.
    found = _generators(side).to(of_rotations) @ of_rotations.view(-1, side**2).T
    return 0.5 * found.view(-1, layers, count).transpose(0, 1)


@lru_cache
def _generators(side: int) -> Tensor:
    """(n, side²): J of each qubit of a register of n, side = 2^n."""
    n, index = side.bit_length() - 1, torch.arange(side)
    found = torch.zeros(n, side, side)
    for wire in range(n):
        flipped = index ^ (1 << (n - 1 - wire))
        found[wire, index, flipped] = torch.where(flipped > index, -1.0, 1.0)
    return found.flatten(1)
