"""A loss on the mean image of each class."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .registry import Setting, term
from .statistics import mean_of
from .total import GeneratorBatch

#: Share of the jet's pT at which a pixel counts as half on (0.25 GeV of 250 GeV), and the weight of such counts.
_SOFT, _OCCUPANCY = 1e-3, 0.5


class MeanImage(nn.Module):
    """Squared distance between the mean image of the generated jets and that of all training jets, per class.

    Images count as the share of the jet's pT in each pixel, ``shares``, its square root and, at half weight, a soft
    occupancy, since hard pixels alone say little of how often a pixel is on. The distance d is known from past batches,
    a running mean: the square of one batch's distance would be least for a generator without any fluctuation, and its
    gradient, d · ∂m, would be mostly the noise of d. It is a state, which checkpoints keep.

    Args:
        targets: means over the training jets of each class, (3, pixels), by label.
        memory: share of the running mean that is left after a batch.
    """

    name = "mean_image"
    needs = ("shares",)
    generated_only = True

    def __init__(self, targets: Mapping[int, Tensor], memory: float = 0.95) -> None:
        super().__init__()
        self.labels, self.memory = tuple(targets), memory
        for label, target in targets.items():
            self.register_buffer(f"target_{label}", target)
            self.register_buffer(f"distance_{label}", torch.zeros_like(target))
            self.register_buffer(f"batches_{label}", torch.zeros((), dtype=torch.long))

    def forward(self, batch: GeneratorBatch) -> Tensor:
        shares = batch.fake["shares"]
        values = []
        for label in self.labels:
            mine = _views(shares[batch.fake_label == label])
            if len(mine):
                now = mine.mean(0) - self.get_buffer(f"target_{label}")
                distance = self._past(label, now.detach())
                # Its value is d², its gradient that of 2 d · m.
                values.append(distance.square().sum() + 2 * (distance * (now - now.detach())).sum())
        return mean_of(values, shares)

    @torch.no_grad()
    def _past(self, label: int, now: Tensor) -> Tensor:
        """The running mean before ``now`` enters it; the first time there is nothing but ``now``."""
        running, batches = self.get_buffer(f"distance_{label}"), self.get_buffer(f"batches_{label}")
        past = torch.where(batches > 0, running, now)
        # A plain mean at first.
        running.lerp_(now, (1 / (batches + 1)).clamp_min(1 - self.memory).to(now))
        batches += 1
        return past


def mean_image_targets(shares: Tensor, label: Tensor) -> dict[int, Tensor]:
    """The means over training jets that :class:`MeanImage` aims at, of (N, pixels) shares."""
    return {int(c): _views(shares[label == c]).mean(0) for c in label.unique()}


@term("mean_image")
def _mean_image(setting: Setting) -> MeanImage:
    targets = mean_image_targets(setting.shares, setting.label)
    return MeanImage({label: target.to(setting.device) for label, target in targets.items()})


def _views(shares: Tensor) -> Tensor:
    """(N, pixels) shares → (N, 3, pixels): themselves, their roots, and how far each pixel is on."""
    # The root's gradient is infinite at 0; empty pixels pull at nothing.
    roots = torch.where(shares > 0, shares, 1.0).sqrt() * (shares > 0)
    return torch.stack((shares, roots, _OCCUPANCY * shares / (shares + _SOFT)), 1)
