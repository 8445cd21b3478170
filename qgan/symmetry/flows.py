"""Oracle flows: generators that leave a given function unchanged (arXiv:2301.05638, arXiv:2302.00806).

A function f, such as the logit of a trained tagger or a norm, does not change under x → exp(tL) x where

    ∇f(x) · L x = 0    at all x.

The papers find L by descent. But the equation is linear in L: of many points it is a matrix with a row ∇f ⊗ x for each,
and the L that solve it are its right singular vectors with singular value 0. They come out orthonormal, all there are,
and without a seed; and they close, since what leaves f unchanged is a group. A subalgebra of a given dimension is
still found by descent (:func:`~qgan.symmetry.algebra.subalgebra`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .algebra import Algebra, algebra, subalgebra

#: A loss below this counts as a symmetry.
SMALL = 1e-4


@dataclass(frozen=True)
class Flows:
    """Generators of what leaves a function unchanged.

    Attributes:
        algebra: the generators, orthonormal, with their structure constants.
        losses: (d²,) ascending, of d² orthonormal generators: mean of (∇f · L x)² over the variance of f among the
            points. Of four-momenta ‖∇f‖²‖x‖² in its place would call nearly everything a symmetry: nearly massless
            particles leave f steepest off their mass shell, where no jet is.
        loss: that of the generators asked for, summed, and the defect of their algebra.
    """

    algebra: Algebra
    losses: np.ndarray
    loss: float

    @property
    def dimension(self) -> int:
        """How many independent generators leave the function unchanged; 0: it has no such symmetry."""
        return int((self.losses < SMALL).sum())

    @property
    def found(self) -> bool:
        """Whether there is a closed algebra of as many generators as were asked for."""
        return bool(len(self.algebra.generators)) and self.loss < SMALL


def flows(oracle: Callable[[Tensor], Tensor], points: Tensor, count: int | None = None, seed: int = 0) -> Flows:
    """Generators L (d, d) that leave an oracle unchanged at given points, as x → exp(tL) x of each of their vectors.

    Args:
        oracle: points (N, ..., d) → (N,) or (N, outputs), differentiable; each point by itself.
        points: where it is looked at, at least a few times d² of them, which span all dimensions: a generator that
            moves no point, or moves it along a level of the oracle there, cannot be told from a symmetry.
        count: generators that are asked for (default: as many as there are).
        seed: of the search for a subalgebra, where fewer are asked for.

    Example:
        ``flows(lambda p: p[:, 0]**2 - (p[:, 1:]**2).sum(1), momenta).dimension`` is 6: boosts and rotations.
    """
    gram, scale = _gram(oracle, points)
    losses, vectors = np.linalg.eigh(gram / scale if scale > 0 else gram)
    losses, d = losses.clip(0), points.shape[-1]
    known = int((losses < SMALL).sum())
    number = known if count is None else count
    chosen = vectors.T[:max(number, known)].reshape(-1, d, d)
    # Within more that leave the oracle alone, those that close; all of those that are needed, where there are fewer.
    closed = subalgebra(chosen, number, seed) if 0 < number < known else algebra(chosen[:number])
    flat = closed.generators.reshape(-1, d * d)
    loss = float(np.einsum("ki,ij,kj", flat, gram, flat) / scale) if scale > 0 else 0.0
    return Flows(closed, losses, loss + closed.defect)


def slope(oracle: Callable[[Tensor], Tensor], points: Tensor, generator: np.ndarray) -> float:
    """Root mean square over points of d/dt f(exp(tL) x) at t = 0, by one generator L (d, d).

    Args:
        oracle, points: as of :func:`flows`, of one output.
        generator: L.

    >>> slope(lambda p: p[:, 0], torch.tensor([[3.0, 4.0]]), np.array([[0.0, -1.0], [1.0, 0.0]]))
    4.0
    """
    x = points.detach().clone().requires_grad_()
    gradient, = torch.autograd.grad(oracle(x).sum(), x)
    moved = x.detach() @ torch.as_tensor(generator, dtype=x.dtype).mT
    return float((gradient * moved).flatten(1).sum(1).square().mean().sqrt())


def _gram(oracle: Callable[[Tensor], Tensor], points: Tensor) -> tuple[np.ndarray, float]:
    """Mean over the points of r rᵀ, (d², d²), r = ∇f ⊗ x summed over a point's vectors, and the variance of f."""
    x = points.detach().clone().requires_grad_()
    values = oracle(x)
    values = values[:, None] if values.ndim == 1 else values
    d, gram, scale = x.shape[-1], np.zeros((x.shape[-1] ** 2,) * 2), 0.0
    for column in range(values.shape[1]):
        slope, = torch.autograd.grad(values[:, column].sum(), x, retain_graph=True)
        one, other = (part.detach().double().reshape(len(x), -1, d) for part in (slope, x))
        rows = torch.einsum("nmi,nmj->nij", one, other).flatten(1)
        gram += (rows.T @ rows).cpu().numpy() / len(x)
        scale += float(values[:, column].detach().double().var())
    return gram, scale
