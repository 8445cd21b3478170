"""The first columns of a circuit's unitary, forward and gradient, from a compiled plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .plan import Plan

# Numbers in a state below which a second CPU thread saves less time than it takes to wake.
SERIAL_BELOW = 2**17


@contextmanager
def few_threads(plan: Plan) -> Iterator[None]:
    """One CPU thread while a circuit is small: its kernels take microseconds, and every parallel one would wait
    for a thread that on a busy machine is not running."""
    threads = torch.get_num_threads()
    if plan.shift.is_cuda or threads == 1 or (2 << plan.n_qubits) * plan.n_columns >= SERIAL_BELOW:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def coefficients(plan: Plan, angles: Tensor) -> Tensor:
    """c_S in the order (group, x, m), flat: the product of the cosines and sines that each subset takes."""
    factors = torch.addcmul(plan.shift, plan.scale, angles.reshape(-1).index_select(0, plan.angle)).cos_()
    return factors.view(-1, plan.shape[4]).prod(dim=-1)


def unitaries(plan: Plan, c: Tensor) -> Tensor:
    """W, (G, T, 2K, 2K)."""
    n_groups, types, count, subsets, _ = plan.shape
    parts = torch.bmm(c.view(-1, 1, subsets) * plan.row_sign, plan.column_sign)
    return parts.view(-1).index_select(0, plan.block).view(n_groups, types, 2 * count, 2 * count)


def angles_gradient(plan: Plan, c: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of W turned into that of the angles, with dc_S / d angle_j = ±c_(S with j flipped) / 2."""
    n_groups, types, count, _, size = plan.shape
    parts = gradient.view(-1).index_select(0, plan.block_inverse).view(-1, 4 * types, count)
    of_c = torch.bmm(parts, plan.column_sign.mT).mul_(plan.row_sign).sum(dim=1)
    neighbours = c.index_select(0, plan.flip).view(n_groups, size, -1).mul_(plan.flip_sign)
    by_word = torch.bmm(neighbours, of_c.view(n_groups, -1, 1)).view(-1)
    return by_word.index_select(0, plan.word)


def simulate(plan: Plan, c: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    """(the columns, W, the state before each group after the first) from c."""
    _, types, count, _, _ = plan.shape
    w = unitaries(plan, c)
    state = c.new_zeros((2 << plan.n_qubits) * plan.n_columns)
    state.index_copy_(0, plan.start_to, w[0].view(-1).index_select(0, plan.start_from))
    before = []
    for block, gather in zip(w[1:], plan.gather, strict=True):
        state = state.view(types, 2 * count, -1)
        before.append(state)
        state = torch.bmm(block, state).view(-1, plan.n_columns).index_select(0, gather)
    return state.view(-1, plan.n_columns), w, before


def unitaries_gradient(plan: Plan, w: Tensor, before: list[Tensor], gradient: Tensor) -> Tensor:
    """The gradient of the columns turned into that of W."""
    _, types, count, _, _ = plan.shape
    dw = torch.zeros_like(w)
    for group in range(len(before), 0, -1):
        after = gradient.view(-1, plan.n_columns).index_select(0, plan.gather_inverse[group - 1])
        after = after.view(types, 2 * count, -1)
        torch.bmm(after, before[group - 1].mT, out=dw[group])
        gradient = torch.bmm(w[group].mT, after)
    start = gradient.view(-1).index_select(0, plan.start_to)
    dw[0].view(-1).index_add_(0, plan.start_from, start)  # columns of one type share an entry
    return dw


class Columns(torch.autograd.Function):
    """(plan, angles) -> (2·2^n, d): real parts over imaginary parts. The state before each group is kept."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, angles: Tensor) -> Tensor:
        with few_threads(plan):
            c = coefficients(plan, angles)
            result, w, before = simulate(plan, c)
        ctx.plan, ctx.shape = plan, angles.shape
        ctx.save_for_backward(c, w, *before)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:
        c, w, *before = ctx.saved_tensors
        with few_threads(ctx.plan):
            dw = unitaries_gradient(ctx.plan, w, before, gradient.contiguous())
            return None, angles_gradient(ctx.plan, c, dw).view(ctx.shape)


def columns(plan: Plan, angles: Tensor) -> Tensor:
    """(2·2^n, d): real parts over imaginary parts of the unitary's first columns, with gradient to the angles."""
    result: Tensor = Columns.apply(plan, angles)  # type: ignore[no-untyped-call]
    return result
