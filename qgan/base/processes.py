"""Processes that train together, as ``torchrun`` starts them. For a process by itself every function is the identity.

Each process takes its rows of every batch. What is minimised is the mean over the processes of what each calls its
loss, and gradients are averaged. So a loss may be a mean over a process's own rows, or one that all of them take,
alike, of the rows of all: :func:`gather` sends its gradient back to where the rows came from.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

#: The first process writes and evaluates while the others wait for its next step.
_PATIENCE = timedelta(minutes=60)


@contextmanager
def group(device: torch.device) -> Iterator[None]:
    """A block in which the processes that ``torchrun`` started work together.

    An error in any of them ends them all. The first to fail raises it, the others exit without a word.

    Args:
        device: of this process; GPUs exchange by NCCL, CPUs by gloo.
    """
    if started() == 1 or dist.is_initialized():
        yield
        return
    # Its functions have the group of their first import as a default: imported in the block, they would keep it, and
    # with it threads that abort the process when the interpreter ends under them.
    import_module("torch.distributed.nn.functional")
    store, own, number = next(rendezvous("env://", timeout=_PATIENCE))
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # Flags and the like are on the CPU also where a GPU trains.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=own, world_size=number, timeout=_PATIENCE)
    try:
        yield
        any_of(False)
        dist.destroy_process_group()
    except BaseException as error:
        if _told(store):
            raise SystemExit(1) from error
        raise


def started() -> int:
    """How many processes ``torchrun`` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def local_rank() -> int:
    """Number of this process on its machine."""
    return int(os.environ.get("LOCAL_RANK", "0")) if started() > 1 else 0


def rank() -> int:
    """Number of this process; 0 is the one that writes."""
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    """How many processes work together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def share(rows: Tensor) -> Tensor:
    """This process's rows of a whole batch (B, ...), (B / size, ...); :func:`gather` puts them together again."""
    own = len(rows) // size()
    return rows[rank() * own:(rank() + 1) * own]


def gather(rows: Tensor) -> Tensor:
    """The rows (b, ...) of all processes, (size · b, ...) in order, with gradient, also of second order."""
    return _Gather.apply(rows) if size() > 1 else rows  # type: ignore[no-untyped-call]


def average_(tensors: Sequence[Tensor]) -> None:
    """Replaces each by its mean over the processes, in one exchange."""
    if size() == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    parts = (flat / size()).split([tensor.numel() for tensor in tensors])
    torch._foreach_copy_(list(tensors), [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)])


def any_of(flag: bool) -> bool:
    """Whether the flag is set in any process; all of them must ask."""
    if size() == 1:
        return flag
    flags = torch.tensor(float(flag))
    dist.all_reduce(flags)
    return bool(flags > 0)


def _told(store: Any) -> bool:
    """Whether another process has failed already: then it says why."""
    try:
        return store.add("failed", 1) > 1
    except RuntimeError:  # the store went with the process that kept it
        return True


class _Gather(torch.autograd.Function):
    """Rows of all processes; the gradient of a process's rows is the sum of what all processes want of them."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        rows = rows.contiguous()
        parts = [torch.empty_like(rows) for _ in range(size())]
        dist.all_gather(parts, rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _SumOfShares.apply(gradient)  # type: ignore[no-untyped-call]


class _SumOfShares(torch.autograd.Function):
    """The transpose of :class:`_Gather`, so that a gradient can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return share(total).clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _Gather.apply(gradient)  # type: ignore[no-untyped-call]
