"""A matched filter: the classical counterpart of the quantum autoencoder with the loss ``steadiness``.

A jet's activity is a = Σ w_i x_i over its pixels. With two random views of each jet (:mod:`.views`), w minimises
log[E(a₁ - a₂)² / (2 (E a)²)], the noise of the detector against the mean activity of a usual jet. For views that lose a
pixel with probability d and add noise σ, the solution is w_i ∝ E x_i / (σ² + d (1 - d) E x_i²) where the reflections
are a symmetry: pixels that are usually empty count less. A jet is unusual by its activity.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .collapse import check_spread
from .contrast import contrasted
from .interface import Autoencoder
from .views import steadiness, view


class SteadyFilter(Autoencoder):
    """One weight a pixel.

    Args:
        shape: (H, W) of an image.
        contrast: see :func:`~anomaly.models.contrast.contrasted`.
        reflect, dropout, noise: of the views.
    """

    def __init__(self, shape: tuple[int, int], *, contrast: float = 1e5, reflect: bool = True, dropout: float = 0.3,
                 noise: float = 0.05) -> None:
        super().__init__()
        if contrast < 0 or noise < 0 or not 0 <= dropout < 1:
            raise ValueError(f"contrast, noise and dropout are {contrast}, {noise} and {dropout}: expected 0 or more, "
                             "0 or more, and 0 to below 1")
        self.contrast = contrast
        self.views = {"reflect": reflect, "dropout": dropout, "noise": noise}
        self.weights = torch.nn.Parameter(torch.ones(shape) / (shape[0] * shape[1]) ** 0.5)

    def activity(self, seen: Tensor) -> Tensor:
        """(B,), of images (B, H, W) with contrast."""
        return (self.weights * seen).sum((1, 2))

    def loss(self, x: Tensor) -> Tensor:
        bright = contrasted(x, self.contrast)
        first, second = (self.activity(view(bright, **self.views)) for _ in range(2))  # type: ignore[arg-type]
        return steadiness(first, second)

    def score(self, x: Tensor) -> Tensor:
        return self.activity(contrasted(x, self.contrast))

    def check(self, x: Tensor) -> None:
        check_spread(self.score, x)
