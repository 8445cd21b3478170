"""Matching of distributions over more jets than a batch holds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from .statistics import by_class, mean_of, ordered_rows, quantiles, stacked, standardised
from .total import GeneratorBatch


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
    """

    past: Tensor
    filled: Tensor

    def __init__(self, statistics: Sequence[str], memory: int, beta: float = 1.0, name: str = "matching",
                 device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.statistics, self.beta, self.name = tuple(statistics), beta, name
        self.register_buffer("past", torch.zeros(2, 2, memory, len(self.statistics), device=device))
        self.register_buffer("filled", torch.zeros(2, 2, dtype=torch.long, device=device))

    @property
    def needs(self) -> tuple[str, ...]:
        return self.statistics

    def forward(self, batch: GeneratorBatch) -> Tensor:
        real, fake = stacked(batch.real, self.statistics).detach(), stacked(batch.fake, self.statistics)
        values = []
        for label, r, f in by_class(real, fake, batch.real_label, batch.fake_label):
            every_real, every_fake = self._with_past(label, 0, r), self._with_past(label, 1, f.detach())
            scaled_real, scaled = standardised(every_real, f)
            # Quantiles are the same on any scale.
            target = at_quantiles(f, every_fake, scaled_real)
            values.append(smooth_l1_loss(scaled, target, beta=self.beta))
        return mean_of(values, fake)

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
