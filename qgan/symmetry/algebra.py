"""Lie algebras of matrices: generators L_1 … L_k with [L_i, L_j] = Σ f_ijk L_k, as far as they close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..base.seeding import torch_rng

#: Below this part of the largest singular value, generators depend on one another.
DEPENDENT = 1e-9
#: Starts of the search for a subalgebra, and steps from each.
STARTS, STEPS = 8, 100


@dataclass(frozen=True)
class Algebra:
    """What the brackets of generators are.

    Attributes:
        generators: (k, d, d), orthonormal: tr L_iᵀL_j = δ_ij.
        constants: (k, k, k), f_ijk.
        defect: Σ over pairs i < j of ‖[L_i, L_j] − Σ f_ijk L_k‖²: 0 where the generators close.
    """

    generators: np.ndarray
    constants: np.ndarray
    defect: float


def algebra(generators: np.ndarray) -> Algebra:
    """Structure constants of what generators (k, d, d) span, in an orthonormal basis of it.

    Rotations in three dimensions have f_123 = ±1/√2 in generators of norm 1:

    >>> turns = np.zeros((3, 3, 3))
    >>> for i, (a, b) in enumerate(((1, 2), (2, 0), (0, 1))):
    ...     turns[i, a, b], turns[i, b, a] = -1, 1
    >>> found = algebra(turns)
    >>> float(abs(found.constants[0, 1, 2]).round(4)), round(found.defect, 9)
    (0.7071, 0.0)
    """
    basis = orthonormal(generators)
    constants, defect = _brackets(torch.from_numpy(basis))
    return Algebra(basis, constants.numpy(), float(defect))


def orthonormal(generators: np.ndarray) -> np.ndarray:
    """(rank, d, d) orthonormal generators that span the same; those that are orthonormal stay as they are."""
    if not len(generators):
        return np.asarray(generators, np.float64)
    flat = np.asarray(generators, np.float64).reshape(len(generators), -1)
    left, sizes, right = np.linalg.svd(flat, full_matrices=False)
    kept = sizes > DEPENDENT * max(sizes.max(initial=0.0), np.finfo(float).tiny)
    # The nearest orthonormal set where they are independent, the leading directions where they are not.
    flat = left @ right if kept.all() else right[kept]
    return flat.reshape(-1, *np.shape(generators)[1:])


def subalgebra(generators: np.ndarray, count: int, seed: int = 0) -> Algebra:
    """Of all that orthonormal generators (k, d, d) span the ``count``-dimensional part that closes best.

    Two rotations never close in three dimensions, three of the six of four do: the defect says which it is. It is found
    by descent from several starts, since the subalgebras of a given dimension need not form one connected set.
    """
    whole, best, least = torch.from_numpy(orthonormal(generators)), None, torch.inf
    if count >= len(whole):
        return algebra(generators)
    rng = torch_rng(seed, "subalgebra")
    for _ in range(STARTS):
        free = torch.randn(len(whole), count, dtype=torch.float64, generator=rng).requires_grad_()
        search = torch.optim.LBFGS([free], max_iter=STEPS, line_search_fn="strong_wolfe")

        def loss(free: Tensor = free, search: torch.optim.Optimizer = search) -> Tensor:
            search.zero_grad()
            defect = _brackets(_within(whole, free))[1]
            defect.backward()
            return defect

        search.step(loss)
        with torch.no_grad():
            part = _within(whole, free)
            if (defect := float(_brackets(part)[1])) < least:
                best, least = part, defect
    assert best is not None
    return algebra(best.numpy())


def _within(whole: Tensor, free: Tensor) -> Tensor:
    """(count, d, d) orthonormal generators in the span of ``whole``, one for each column of ``free``."""
    return torch.einsum("kc,kij->cij", torch.linalg.qr(free)[0], whole)


def _brackets(basis: Tensor) -> tuple[Tensor, Tensor]:
    """Structure constants (k, k, k) and defect of an orthonormal basis (k, d, d)."""
    products = basis[:, None] @ basis[None]
    brackets = products - products.transpose(0, 1)
    constants = torch.einsum("abij,cij->abc", brackets, basis)
    outside = brackets - torch.einsum("abc,cij->abij", constants, basis)
    return constants, (outside**2).sum() / 2
