"""Which CNOTs entangle the qubits of a layer, and a run of them as one permutation of the amplitudes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from .circuits import CircuitError
from .states import cnot_permutation

#: How the qubits are entangled after each upload; ``strong`` is a ring whose reach grows by one each time.
ENTANGLERS = ("ring", "line", "strong", "all", "none")


def cnots(entangler: str, n_qubits: int, upload: int = 0) -> list[tuple[int, int]]:
    """The (control, target) pairs after this upload, in the order they act.

    Raises:
        CircuitError: there is no such entangler.
    """
    if entangler not in ENTANGLERS:
        raise CircuitError(f"entangler: {entangler!r}, expected one of {', '.join(ENTANGLERS)}")
    if entangler == "none" or n_qubits == 1:
        return []
    if entangler == "line":
        return [(wire, wire + 1) for wire in range(n_qubits - 1)]
    if entangler == "all":
        return list(itertools.combinations(range(n_qubits), 2))
    reach = upload % (n_qubits - 1) + 1 if entangler == "strong" else 1
    return [(wire, (wire + reach) % n_qubits) for wire in range(n_qubits)]


class Entangle(nn.Module):
    """States (B, 2^n) → those after CNOTs, given as (control, target) in the order they act; without any, the same."""

    index: Tensor
    inverse: Tensor

    def __init__(self, n_qubits: int, pairs: Iterable[tuple[int, int]]) -> None:
        super().__init__()
        pairs = list(pairs)
        self.moves = bool(pairs)
        index = cnot_permutation(n_qubits, pairs)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("inverse", index.argsort(), persistent=False)

    def forward(self, states: Tensor) -> Tensor:
        if not self.moves:
            return states
        return _Permutation.apply(states, self.index, self.inverse)  # type: ignore[no-untyped-call]


class _Permutation(torch.autograd.Function):
    """``states[:, index]``, whose gradient is a gather as well (indexing's own would add element by element)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(states: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        return states.index_select(1, index)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(inputs[2])
        ctx.save_for_forward(inputs[1])

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> Tensor:
        (index,) = ctx.saved_tensors
        return tangent.index_select(1, index)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (inverse,) = ctx.saved_tensors
        return gradient.index_select(1, inverse), None, None
