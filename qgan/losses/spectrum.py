"""A loss on the spectrum of pixels: how many there are, in the mean, of each size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .registry import Setting, term
from .statistics import mean_of, stacked
from .total import GeneratorBatch

#: Edges of the bins, GeV; the last one is open.
EDGES = (0.03, 0.05, 0.08, 0.13, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

#: Pixels of a bin, in the mean, that are counted at least.
LEAST = 1e-3


class Spectrum(nn.Module):
    """Per class the mean over bins of ln²(n/m), n and m the mean number of pixels of generated and real jets in one.

    Counts of a jet scatter by a multiple of what their means must agree in, so that a distance between distributions
    of counts sees little of it. The means are running ones, as those of :class:`~qgan.losses.MeanImage`, and a state.

    Args:
        edges: of the bins, GeV.
        memory: share of the running means that is left after a batch.
        device: of the batches.
        classes: that labels count.
    """

    name = "spectrum"
    means: Tensor
    batches: Tensor

    def __init__(self, edges: Sequence[float] = EDGES, memory: float = 0.9, device: torch.device | str = "cpu",
                 classes: int = 2) -> None:
        super().__init__()
        self.needs, self.memory = tuple(f"count_{edge:g}" for edge in edges), memory
        self.register_buffer("means", torch.zeros(classes, 2, len(edges), device=device))
        self.register_buffer("batches", torch.zeros(classes, dtype=torch.long, device=device))

    def forward(self, batch: GeneratorBatch) -> Tensor:
        values = []
        for label in range(len(self.means)):
            real, fake = (stacked(of, self.needs)[labels == label] for of, labels in (
                (batch.real, batch.real_label), (batch.fake, batch.fake_label)))
            if len(real) and len(fake):
                now = torch.stack([_binned(real.mean(0)), _binned(fake.mean(0))])
                known, made = self._mean(label, now.detach()).clamp_min(LEAST).unbind()
                # Its value is that of the running means, its gradient in the batch's.
                apart = (made / known).log()
                values.append(apart.square().mean() + 2 * (apart * (now[1] - now[1].detach()) / made).mean())
        return mean_of(values, batch.fake_logits)

    @torch.no_grad()
    def _mean(self, label: int, now: Tensor) -> Tensor:
        """The running means, (2, bins), with what is now in them."""
        self.batches[label] += 1
        self.means[label].lerp_(now.to(self.means), (1 / self.batches[label]).clamp_min(1 - self.memory).to(self.means))
        return self.means[label].clone()


def _binned(counts: Tensor) -> Tensor:
    """Pixels above each edge (bins,) → pixels in each bin."""
    return counts - torch.cat((counts[1:], counts.new_zeros(1)))


@term("spectrum", weight=1.0)
def _spectrum(setting: Setting) -> Spectrum:
    return Spectrum(device=setting.device, classes=int(setting.label.max()) + 1)
