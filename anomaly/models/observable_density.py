"""The density of a few numbers that physics looks at, in place of pixels.

−log p of usual jets, where p is a product of conditional densities p(z₁) p(z₂|z₁) p(z₃|z₁, z₂) ..., each a mixture of
normal distributions whose weights, means and widths a small network makes of the numbers before it; z are the
:mod:`.observed` ones. Without the factors of the first numbers, ``given``, it is the density of the others given these:
with the count of lit pixels first, what a jet has of it says nothing by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from .interface import Autoencoder
from .observed import NAMES, Coordinates, Observed
from .registry import MODELS


@MODELS.register("observables")
class ObservableDensity(Autoencoder):
    """Conditional densities of observables of shares of pT (``preprocessing.scaling: sum``).

    Args:
        shape: (H, W) of an image.
        names: of the observables, in order.
        coordinates: see :class:`~.observed.Observed`; what is unusual depends on them.
        given: how many of them, the first ones, are conditions alone.
        components: normal distributions of a mixture.
        hidden: width of the networks' hidden layer.
    """

    def __init__(self, shape: tuple[int, int], names: Sequence[str] = NAMES, coordinates: Coordinates = "normal",
                 given: int = 0, components: int = 3, hidden: int = 16) -> None:
        super().__init__()
        if not 0 <= given < len(names) or min(components, hidden) < 1:
            raise ValueError(f"given: {given} of {len(names)} names, expected fewer; components and hidden at least 1")
        self.given, self.observed = given, Observed(shape, names, coordinates)
        self.networks = nn.ModuleList(
            nn.Sequential(nn.Linear(max(i, 1), hidden), nn.Tanh(), nn.Linear(hidden, 3 * components))
            for i in range(given, len(names)))

    def begin(self, x: Tensor) -> None:
        self.observed.begin(x)

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.observed(x)
        return -self.log_density(z), z

    def loss(self, x: Tensor) -> Tensor:
        return self.score(x).mean()

    def log_density(self, z: Tensor) -> Tensor:
        """(B,), of coordinates (B, F)."""
        total = z.new_zeros(len(z))
        for i, network in enumerate(self.networks, self.given):
            weight, mean, log_width = network(z[:, :i] if i else z.new_zeros(len(z), 1)).chunk(3, 1)
            log_width = log_width.clamp(-4, 3)
            parts = weight.log_softmax(1) - log_width - 0.5 * ((z[:, i:i + 1] - mean) / log_width.exp()).square()
            total = total + parts.logsumexp(1)
        return total - 0.5 * len(self.networks) * math.log(2 * math.pi)
