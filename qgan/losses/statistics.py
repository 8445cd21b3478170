"""KL divergence of batch statistics; and what all losses on distributions share: they compare class by class.

Every statistic is shifted and scaled by the mean and spread of the real jets of the class, so that all
count alike. A class that lacks real jets (fewer than two) or generated ones in a batch is passed over, and
so is a statistic that is constant in the real batch: it has no scale to measure a difference by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .registry import Setting, term
from .total import GeneratorBatch

#: What the KL divergence looks at.
DELTA_R_AND_PIXELS = ("delta_r_mean", "delta_r_std", "pixel_mean", "pixel_std")
#: Below this share of the mean a spread is rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class StatisticsKL:
    """KL(p_real ‖ p_fake) of Gaussian kernel densities of each statistic, averaged over statistics and classes.

    KL = ∫ p log(p/q), on a grid that covers the real jets and three bandwidths more, with
    q(x) = 1/n Σ_i N(x; s_i, h) and the gradient flowing into the generated s_i (arXiv:2306.10943). The
    bandwidth is Silverman's of the real jets, h = 0.9 min(σ, IQR/1.34) n^(−1/5), for both densities.

    Attributes:
        statistics: their names.
        points: of the grid.
    """

    statistics: tuple[str, ...] = DELTA_R_AND_PIXELS
    points: int = 128
    name: str = "statistics"

    @property
    def needs(self) -> tuple[str, ...]:
        return self.statistics

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        return over_classes(batch, self.statistics, lambda _, real, fake: self._apart(*standardised(real, fake)))

    def _apart(self, real: Tensor, fake: Tensor) -> Tensor:
        return kernel_kl(real, fake, silverman(real), self.points).mean()


@term("statistics")
def _statistics(setting: Setting) -> StatisticsKL:
    return StatisticsKL()


def over_classes(batch: GeneratorBatch, statistics: Sequence[str],
                 loss: Callable[[int, Tensor, Tensor], Tensor]) -> Tensor:
    """The mean over classes of a loss of the label and of statistics of real jets (N, S) and generated ones (B, S)."""
    real, fake = stacked(batch.real, statistics).detach(), stacked(batch.fake, statistics)
    return mean_of([loss(*one) for one in by_class(real, fake, batch.real_label, batch.fake_label)], fake)


def stacked(values: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    """(N, S) from (N,) by name."""
    return torch.stack([values[name] for name in names], dim=1)


def by_class(real: Tensor, fake: Tensor, real_label: Tensor, fake_label: Tensor,
             ) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Each class that has two real jets (one has no spread) and one generated jet, and its rows."""
    for label in range(1 + int(real_label.max()) if len(real_label) else 0):
        r, f = real[real_label == label], fake[fake_label == label]
        if len(r) > 1 and len(f):
            yield label, r, f


def standardised(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Both, (N, S) and (B, S), minus the real mean over the real spread; 0 where the real ones do not vary."""
    mean, spread = real.mean(0), real.std(0, correction=0)
    varies = spread > _ROUNDING * mean.abs()
    scale = torch.where(varies, spread, torch.full_like(spread, torch.inf))
    return (real - mean) / scale, (fake - mean) / scale


def silverman(values: Tensor) -> Tensor:
    """Silverman's bandwidth of standardised values (N, S), (S,); 1 stands in for a spread of 0."""
    quartiles = torch.quantile(values, values.new_tensor([0.25, 0.75]), dim=0)
    spread = (quartiles[1] - quartiles[0]) / 1.34
    # Counts may have an interquartile range of 0 although they vary.
    return 0.9 * torch.where(spread > 0, spread, 1.0).clamp_max(1.0) * len(values) ** -0.2


def kernel_kl(real: Tensor, fake: Tensor, bandwidth: Tensor, points: int) -> Tensor:
    """KL(p_real ‖ p_fake) of kernel densities of (N, S) and (B, S) with bandwidths (S,), (S,)."""
    low, high = real.amin(0) - 3 * bandwidth, real.amax(0) + 3 * bandwidth
    grid = torch.lerp(low, high, torch.linspace(0, 1, points, device=real.device, dtype=real.dtype)[:, None])
    log_p, log_q = (_log_density(values, grid, bandwidth) for values in (real, fake))
    return (log_p.exp() * (log_p - log_q)).sum(0) * (high - low) / (points - 1)


def mean_of(values: Sequence[Tensor], like: Tensor) -> Tensor:
    """The mean of the classes' losses; a zero that backward() accepts where no class could be compared."""
    return torch.stack(list(values)).mean() if values else 0.0 * like.sum()


def _log_density(values: Tensor, grid: Tensor, bandwidth: Tensor) -> Tensor:
    """log of the kernel density of (N, S) at the points (G, S), (G, S); finite however far away."""
    kernels = -0.5 * ((grid[:, None] - values[None]) / bandwidth) ** 2
    return torch.logsumexp(kernels, 1) - torch.log(len(values) * math.sqrt(2 * math.pi) * bandwidth)
