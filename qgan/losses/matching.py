"""Losses that bring distributions together by their sorted values, within a batch or over the last thousand jets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from .registry import Setting, term
from .statistics import over_classes, standardised
from .total import GeneratorBatch, Term

#: The soft non-zero count, whose step is small against the softest pixels, and those of pixels above further
#: thresholds in GeV. An empty pixel counts 0 in each.
COUNTS = ("soft_nnz", "count_0.02", "count_0.05", "count_0.1", "count_0.2", "count_0.5", "count_1", "count_2",
          "count_4", "count_8", "count_16", "count_30", "count_90")


@dataclass(frozen=True)
class SortedMatching:
    """Smooth L1 between the sorted statistics of real and generated jets, in units of the real spread.

    With equal counts the i-th smallest of one is compared with the i-th smallest of the other; with unequal
    counts the real quantiles are interpolated at the levels (i + ½)/n of the generated jets. It pulls at any
    distance, where :class:`~qgan.losses.StatisticsKL` needs densities that overlap.

    Attributes:
        statistics: their names.
        beta: difference, in real standard deviations, below which the loss is quadratic.
    """

    statistics: tuple[str, ...]
    beta: float = 1.0
    name: str = "matching"

    @property
    def needs(self) -> tuple[str, ...]:
        return self.statistics

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        return over_classes(batch, self.statistics, lambda _, real, fake: self._apart(*standardised(real, fake)))

    def _apart(self, real: Tensor, fake: Tensor) -> Tensor:
        return smooth_l1_loss(fake.sort(0).values, quantiles(real, len(fake)), beta=self.beta)


class RememberedMatching(nn.Module):
    """Smooth L1 between each generated jet's statistics and the real jets' at the same quantile, per class.

    The quantile is that of the jet among the last ``memory`` generated jets of its class and the batch's; the real
    value is taken from the real jets of the same steps. :class:`~qgan.losses.SortedMatching` does this within the
    batch, where the sorted values of a few dozen jets are mostly noise, and whose mean over batches is least for
    distributions that are too narrow. Generated and real jets of a step have the same conditions, so that what those
    fluctuate by cancels. What is remembered is a state, which checkpoints keep.

    Args:
        statistics: their names.
        memory: jets of each class.
        beta: difference, in real standard deviations, below which the loss is quadratic.
        name: in the log.
        device: of the batches.
        classes: that labels count.
    """

    past: Tensor
    filled: Tensor

    def __init__(self, statistics: Sequence[str], memory: int, beta: float = 1.0, name: str = "matching",
                 device: torch.device | str = "cpu", classes: int = 2) -> None:
        super().__init__()
        self.statistics, self.beta, self.name = tuple(statistics), beta, name
        self.register_buffer("past", torch.zeros(classes, 2, memory, len(self.statistics), device=device))
        self.register_buffer("filled", torch.zeros(classes, 2, dtype=torch.long, device=device))

    @property
    def needs(self) -> tuple[str, ...]:
        return self.statistics

    def forward(self, batch: GeneratorBatch) -> Tensor:
        return over_classes(batch, self.statistics, self._apart)

    def _apart(self, label: int, real: Tensor, fake: Tensor) -> Tensor:
        every_real, every_fake = self._with_past(label, 0, real), self._with_past(label, 1, fake.detach())
        scaled_real, scaled = standardised(every_real, fake)
        # Quantiles are the same on any scale.
        return smooth_l1_loss(scaled, at_quantiles(fake, every_fake, scaled_real), beta=self.beta)

    @torch.no_grad()
    def _with_past(self, label: int, which: int, now: Tensor) -> Tensor:
        """The remembered jets and those of the batch, which enter the memory."""
        past, filled = self.past[label, which], self.filled[label, which]
        every = torch.cat((past[len(past) - int(filled):], now.to(past)))
        kept = every[-len(past):]
        past[len(past) - len(kept):] = kept
        filled.fill_(len(kept))
        return every


def at_quantiles(values: Tensor, among: Tensor, real: Tensor) -> Tensor:
    """The values in ``real`` (N, S) at the quantiles that ``values`` (B, S) have in ``among`` (M, S), (B, S)."""
    ordered, wanted = ordered_rows(among.T), values.detach().T.contiguous()
    # Among equal values, counts for instance, each stands for the middle one.
    rank = (torch.searchsorted(ordered, wanted) + torch.searchsorted(ordered, wanted, right=True) - 1) / 2
    level = quantiles(real, len(among)).T
    below = rank.floor().long()
    low, high = level.gather(1, below), level.gather(1, rank.ceil().long())
    return torch.lerp(low, high, rank - below).T


def quantiles(values: Tensor, n: int) -> Tensor:
    """The quantiles of (N, S) at the levels (i + ½)/n, (n, S), without a gradient; for n = N the sorted values."""
    ordered = ordered_rows(values.T).T
    if n == len(values):
        return ordered
    position = ((torch.arange(n, device=values.device, dtype=torch.float64) + 0.5) * len(values) / n - 0.5)
    position = position.clamp(0, len(values) - 1)
    below = position.floor().long()
    above = (below + 1).clamp_max(len(values) - 1)
    return torch.lerp(ordered[below], ordered[above], (position - below).to(values.dtype)[:, None])


def ordered_rows(values: Tensor) -> Tensor:
    """Each row of (S, N) in ascending order, without a gradient."""
    values = values.detach().contiguous()
    # On a processor NumPy's sort uses vector instructions and measures twenty times as fast as torch's.
    return torch.from_numpy(np.sort(values.numpy(), 1)) if values.device.type == "cpu" else values.sort(1).values


@term("matching")
def _matching(setting: Setting) -> Term:
    return _matched(setting.options.matched, setting, "matching")


@term("sparsity")
def _sparsity(setting: Setting) -> Term:
    return _matched(COUNTS, setting, "sparsity")


def _matched(statistics: Sequence[str], setting: Setting, name: str) -> Term:
    """Over more jets than a batch holds where the configuration gives it a memory."""
    memory = setting.options.memory
    if memory:
        classes = max(2, 1 + int(setting.label.max()))
        return RememberedMatching(statistics, memory, name=name, device=setting.device, classes=classes)
    return SortedMatching(tuple(statistics), name=name)
