"""Several models of usual jets, whose features are taken for independent of each other.

Each is trained by its own loss. Then, for each of their features f_k, the density p_k of the training jets is fitted,
a mixture of four normal distributions, and the score is −Σ_k log p_k(f_k). A joint density would forgive a jet that is
unusual in two features the way in which usual jets are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..density import Density
from .interface import Autoencoder
from .registry import MODELS, construct

#: Normal distributions of each density.
COMPONENTS = 4


@MODELS.register("product")
class Product(Autoencoder):
    """The product of the densities of several models' features.

    Args:
        shape: (H, W) of an image.
        models: ``name`` and ``options`` of each; all see the same images.
    """

    centre: Tensor
    scale: Tensor
    weights: Tensor
    means: Tensor
    precisions: Tensor

    def __init__(self, shape: tuple[int, int], models: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__()
        if not models:
            raise ValueError("models: none, expected at least one")
        self.parts = nn.ModuleList(construct(f"model.options.models[{number}]", model, shape)
                                   for number, model in enumerate(models))
        with torch.no_grad():
            count = self.found(torch.full((1, *shape), 1 / math.prod(shape))).shape[1]
        for name in ("centre", "scale"):
            self.register_buffer(name, torch.ones(count))
        for name in ("weights", "means", "precisions"):
            self.register_buffer(name, torch.ones(count, COMPONENTS))

    def found(self, x: Tensor) -> Tensor:
        """(B, F): the features of all."""
        return torch.cat([part.features(x) for part in self._parts()], 1)

    def begin(self, x: Tensor) -> None:
        for part in self._parts():
            part.begin(x)

    def loss(self, x: Tensor) -> Tensor:
        return torch.stack([part.loss(x) for part in self._parts()]).sum()

    def validation(self, x: Tensor) -> Tensor:
        return torch.stack([part.validation(x) for part in self._parts()]).sum()

    def calibrate(self, x: Tensor) -> None:
        for part in self._parts():
            part.calibrate(x)
        for k, values in enumerate(self.found(x).T):
            density = Density.fit(values.double().cpu().numpy()[:, None], COMPONENTS)
            # Where a feature does not vary there is one component; the others have no weight.
            missing = (0, COMPONENTS - len(density.weights))
            for name in ("weights", "means", "precisions"):
                value = np.pad(getattr(density, name).reshape(-1), missing, constant_values=name == "precisions")
                getattr(self, name)[k] = torch.from_numpy(value).to(self.means)
            self.centre[k], self.scale[k] = float(density.centre[0]), float(density.scale[0])

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.found(x)
        z = (((features - self.centre) / self.scale)[..., None] - self.means) * self.precisions
        logs = self.weights.log() + self.precisions.log() - (z.square() + math.log(2 * math.pi)) / 2
        return -logs.logsumexp(-1).sum(1), features

    def check(self, x: Tensor) -> None:
        for part in self._parts():
            part.check(x)

    def _parts(self) -> list[Autoencoder]:
        return [part for part in self.parts if isinstance(part, Autoencoder)]
