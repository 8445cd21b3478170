"""The losses of the recipe published in 2025, for comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from .registry import Setting, term
from .statistics import DELTA_R_AND_PIXELS, kernel_kl, mean_of, stacked
from .total import GeneratorBatch

#: Of the kernel densities, in units of the largest pixel.
BANDWIDTH = 0.1


@dataclass(frozen=True)
class PublishedStatistics:
    """KL(p_real ‖ p_fake) as :class:`~qgan.losses.StatisticsKL` has it, over both classes and with a fixed bandwidth.

    The bandwidth is far wider than the statistics vary, so that the loss hardly sees them.

    Attributes:
        bandwidth: in the unit of the statistics.
        statistics: their names.
    """

    bandwidth: float
    statistics: tuple[str, ...] = DELTA_R_AND_PIXELS
    name: ClassVar[str] = "statistics"

    @property
    def needs(self) -> tuple[str, ...]:
        return self.statistics

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        real, fake = stacked(batch.real, self.statistics).detach(), stacked(batch.fake, self.statistics)
        if len(real) < 2 or not len(fake):
            return mean_of((), fake)
        return kernel_kl(real, fake, torch.full_like(real[0], self.bandwidth), points=128).mean()


def soft_count(pixels: Tensor, threshold: float = 3e-4, temperature: float = 1e-3) -> Tensor:
    """Σ sigmoid((x − threshold)/temperature) over the pixels of (N, H, W), (N,).

    For pixels over the largest pixel of the data. An empty image of 16×16 pixels counts 109;
    :func:`qgan.observables.tensors.soft_nnz` is the one to use.
    """
    return torch.sigmoid((pixels - threshold) / temperature).flatten(1).sum(1)


@dataclass(frozen=True)
class UnpairedSparsity:
    """Mean squared difference between the pixel counts of the i-th generated and the i-th real jet.

    The two have nothing to do with one another, so that the least loss is had by a constant count, the real mean.
    """

    name: ClassVar[str] = "sparsity"
    needs: ClassVar[tuple[str, ...]] = ()
    brings: ClassVar[Mapping[str, Callable[[Tensor], Tensor]]] = {"soft_count": soft_count}

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        real, fake = batch.real["soft_count"].detach(), batch.fake["soft_count"]
        n = min(len(real), len(fake))
        return mse_loss(fake[:n], real[:n])


@term("published_statistics", weight=1e-4)
def _statistics(setting: Setting) -> PublishedStatistics:
    # Statistics are in GeV here; KL does not change when they and the bandwidth are scaled alike.
    return PublishedStatistics(BANDWIDTH * (setting.scale or 1.0))


@term("published_sparsity", weight=1e-5)
def _sparsity(setting: Setting) -> UnpairedSparsity:
    return UnpairedSparsity()
