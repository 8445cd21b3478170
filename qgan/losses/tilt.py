"""A loss on what the laws of mass and centroid have to change.

A law mends whatever image it is given, by an exponential tilt that multiplies the pT of each pixel: nothing then asks
the network for images that need none, and the spectrum of pixels is smeared by the tilt's factors. This asks.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from .registry import Setting, term
from .total import TILT, GeneratorBatch


class Tilt:
    """The mean over the generated jets of ln(1 + t), t their :data:`~qgan.losses.total.TILT`."""

    name = "tilt"
    needs: ClassVar = (TILT,)
    generated_only: ClassVar = True

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        return batch.fake[TILT].log1p().mean()


@term("tilt", weight=1.0)
def _tilt(setting: Setting) -> Tilt:
    return Tilt()
