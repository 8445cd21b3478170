"""A loss on what each image was asked to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from .registry import Setting, term
from .statistics import stacked
from .total import GeneratorBatch


@dataclass(frozen=True)
class Coding:
    """Smooth L1 between the statistics that each generated jet was asked for and those it has.

    Attributes:
        scales: standard deviation of each statistic over the training jets, by name.
        beta: difference, in these, below which the loss is quadratic.
    """

    scales: Mapping[str, float]
    beta: float = 1.0
    name: str = "coding"
    generated_only: ClassVar[bool] = True

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(self.scales)

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        asked, fake = stacked(batch.asked, self.needs), stacked(batch.fake, self.needs)
        scales = fake.new_tensor(list(self.scales.values()))
        return smooth_l1_loss(fake / scales, asked.detach() / scales, beta=self.beta)


@term("coding")
def _coding(setting: Setting) -> Coding | None:
    return Coding(setting.scales) if setting.scales else None
