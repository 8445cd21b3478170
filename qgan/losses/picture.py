"""A loss on the mean image of each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from .statistics import mean_of
from .total import GeneratorBatch

#: Below this many generated jets of a class its mean image cannot be split in two.
_FEWEST = 4
#: Share of the jet's pT at which a pixel counts as half on (0.25 GeV of 250 GeV), and the weight of such counts.
_SOFT, _OCCUPANCY = 1e-3, 0.5


@dataclass(frozen=True)
class MeanImage:
    """Squared distance between the mean image of the generated jets and that of all training jets, per class.

    Images count as the share of the jet's pT in each pixel, ``shares``, its square root and, at half weight, a soft
    occupancy, since hard pixels alone say little of how often a pixel is on. The square of a batch
    mean would be least for a generator without any fluctuation; the product of the two halves' differences,
    (m₁ − M)·(m₂ − M), has the square distance of the true means as its expectation, so that it asks for nothing else.

    Attributes:
        targets: means over the training jets of each class, (3, pixels), by label.
    """

    targets: Mapping[int, Tensor]
    name: str = "mean_image"
    generated_only: ClassVar[bool] = True

    @property
    def needs(self) -> tuple[str, ...]:
        return ("shares",)

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        shares = batch.fake["shares"]
        seen = _views(shares)
        values = []
        for label, target in self.targets.items():
            mine = seen[batch.fake_label == label]
            if len(mine) >= _FEWEST:
                half = len(mine) // 2
                values.append(((mine[:half].mean(0) - target) * (mine[half:].mean(0) - target)).sum())
        return mean_of(values, shares)


def mean_image_targets(shares: Tensor, label: Tensor) -> dict[int, Tensor]:
    """The means over training jets that :class:`MeanImage` aims at, of (N, pixels) shares."""
    return {int(c): _views(shares[label == c]).mean(0) for c in label.unique()}


def _views(shares: Tensor) -> Tensor:
    """(N, pixels) shares → (N, 3, pixels): themselves, their roots, and how far each pixel is on."""
    # The root's gradient is infinite at 0; empty pixels pull at nothing.
    roots = torch.where(shares > 0, shares, 1.0).sqrt() * (shares > 0)
    return torch.stack((shares, roots, _OCCUPANCY * shares / (shares + _SOFT)), 1)
