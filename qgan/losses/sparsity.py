"""Losses on the number of non-zero pixels, through counts that have a gradient."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from .statistics import SortedMatching
from .total import GeneratorBatch


@dataclass(frozen=True)
class SoftSparsity(SortedMatching):
    """Matches the distribution of the soft non-zero count, per class, in units of the real spread.

    The count is :func:`qgan.observables.tensors.soft_nnz`: its step is small against the softest pixels, and an
    empty pixel counts 0.
    """

    statistics: tuple[str, ...] = ("soft_nnz",)
    name: str = "sparsity"


@dataclass(frozen=True)
class UnpairedSparsity:
    """Mean squared difference between the counts of the i-th generated and the i-th real jet, as published.

    The two have nothing to do with one another, so that the least loss is had by a constant count, the real
    mean. Kept for comparison; use :class:`SoftSparsity`.

    Attributes:
        statistic: name of the count (as published, :func:`soft_count` of the pixels over the largest one).
    """

    statistic: str = "soft_count"
    name: str = "sparsity"

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.statistic,)

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        real, fake = batch.real[self.statistic].detach(), batch.fake[self.statistic]
        n = min(len(real), len(fake))
        return mse_loss(fake[:n], real[:n])


def soft_count(pixels: Tensor, threshold: float = 3e-4, temperature: float = 1e-3) -> Tensor:
    """Σ sigmoid((x − threshold)/temperature) over the pixels of (N, H, W), (N,), as published.

    With the published constants, for pixels over the largest pixel of the data, an empty image of 16×16
    pixels counts 109. :func:`qgan.observables.tensors.soft_nnz` is the one to use.
    """
    return torch.sigmoid((pixels - threshold) / temperature).flatten(1).sum(1)
