"""A matched filter: the classical counterpart of the quantum autoencoder with the loss ``steadiness``.

A jet's activity is a = Σ w_i x_i over its pixels. With two random views of each jet (:mod:`.views`), w minimises
log[E(a₁ - a₂)² / (2 (E a)²)], the noise of the detector against the mean activity of a usual jet. For views that lose a
pixel with probability d and add noise σ, the solution is w_i ∝ E x_i / (σ² + d (1 - d) E x_i²) where the reflections
are a symmetry: pixels that are usually empty count less. A jet is unusual by its activity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .circuit import contrasted
from .collapse import check_spread
from .interface import Autoencoder
from .registry import MODELS, grouped
from .views import Views, steadiness


@MODELS.register("filter")
class SteadyFilter(Autoencoder):
    """One weight a pixel.

    Args:
        shape: (H, W) of an image.
        contrast: see :func:`~.circuit.contrasted`.
        views: options of the :class:`~.views.Views`; a dropout of 0.3 and a noise of 0.05.
        root: whether the feature is the root of the activity: that of a count is as broad whatever its mean (Anscombe,
            Biometrika 35, 246, 1948).
    """

    def __init__(self, shape: tuple[int, int], *, contrast: float = 1e5, views: Mapping[str, Any] | None = None,
                 root: bool = False) -> None:
        super().__init__()
        if contrast < 0:
            raise ValueError(f"contrast: {contrast}, expected 0 or more")
        self.contrast, self.root = contrast, root
        self.views = grouped("views", Views(dropout=0.3, noise=0.05), views)
        self.weights = torch.nn.Parameter(torch.ones(shape) / (shape[0] * shape[1]) ** 0.5)

    def activity(self, seen: Tensor) -> Tensor:
        """(B,), of images (B, H, W) with contrast."""
        return (self.weights * seen).sum((1, 2))

    def loss(self, x: Tensor) -> Tensor:
        bright = contrasted(x, self.contrast)
        return steadiness(torch.cat([self.activity(self.views(bright)) for _ in range(2)]))

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        score = self.activity(contrasted(x, self.contrast))
        return score, (score.clamp_min(0).sqrt() if self.root else score)[:, None]

    def check(self, x: Tensor) -> None:
        check_spread(self.score, x)
