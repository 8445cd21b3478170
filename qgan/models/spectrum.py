"""The spectrum of pixels, set right by a map of each pixel's size.

A generator may be right in all that its losses and its discriminator see of a jet and still make, say, too many of the
softest pixels. Where it does so alike in all jets, a monotone map x → y of the pixels sets it right: that y above which
real jets have as many pixels as generated ones have above x.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

#: Knots of a map.
KNOTS = 64


class SpectrumMap(nn.Module):
    """Network-space pixels (B, H, W) → pixels, piecewise linear; softer ones than the first knot become zero.

    Args:
        knots: x and y of each, both rising.
    """

    x: Tensor
    y: Tensor

    def __init__(self, knots: Sequence[Sequence[float]]) -> None:
        super().__init__()
        for name, values in zip("xy", knots, strict=True):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        above = torch.bucketize(images.detach(), self.x).clamp(1, len(self.x) - 1)
        x0, x1, y0, y1 = (values[index] for values in (self.x, self.y) for index in (above - 1, above))
        # Beyond the last knot it goes on as between the last two.
        mapped = y0 + (images - x0) / (x1 - x0) * (y1 - y0)
        return torch.where(images >= self.x[0], mapped, 0.0)


def spectrum_knots(made: np.ndarray, real: np.ndarray) -> list[list[float]]:
    """The knots of a :class:`SpectrumMap` for generated and real network-space images, (N, H, W) each, so that both
    have as many pixels a jet above any size."""
    made_pixels, real_pixels = (np.sort(images[images > 0]) for images in (made, real))
    # As many real pixels as there are generated ones above x, in each jet.
    per_jet = len(real) / len(made)
    softest = max(0, len(made_pixels) - int(len(real_pixels) / per_jet))
    x = np.unique(np.geomspace(made_pixels[softest], made_pixels[-1], KNOTS))
    above = (len(made_pixels) - np.searchsorted(made_pixels, x)) * per_jet
    y = real_pixels[np.clip(len(real_pixels) - np.round(above).astype(int), 0, len(real_pixels) - 1)]
    return [x.tolist(), np.maximum.accumulate(y).tolist()]
