"""Networks of a user's own in the place of the package's, each a class or function of a module.

The generator is called ``Network(n_conditions, shape)`` and gives a module with an attribute ``noise_features``, which
makes of standardised conditions (B, n_conditions) and Gaussian noise (B, noise_features) images (B, H, W): what is
negative counts as 0, and their sums do not matter. The discriminator is called ``Network(n_conditions, grid)`` and
gives a module that makes of network-space images (B, H, W) and standardised conditions (B, n_conditions) a logit each,
(B,).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import relu

from ..base.errors import ConfigError
from ..base.plugins import imported
from ..data.grid import Grid
from .pixels import normalise


def is_own(name: str) -> bool:
    """Whether a configuration names a part of the user's own, ``module:Thing``."""
    return ":" in name


class OwnGenerator(nn.Module):
    """Conditions and noise → network-space images, Σ x^(1/power) = 1, by the network of that name."""

    def __init__(self, name: str, n_conditions: int, shape: tuple[int, int], power: float) -> None:
        super().__init__()
        self.network, self.power, self.shape = _module(name, n_conditions, shape), power, shape
        if not isinstance(getattr(self.network, "noise_features", None), int):
            raise ConfigError(f"generator {name}: has no noise_features, expected how many noise values an image takes")
        self.noise_features: int = self.network.noise_features  # type: ignore[assignment]

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        images = self.network(conditions, noise)
        _check_shape("generator", images, (len(conditions), *self.shape))
        return normalise(relu(images), self.power)


class OwnDiscriminator(nn.Module):
    """As :class:`~qgan.models.discriminator.Discriminator` is called, by a network that sees images and conditions."""

    def __init__(self, name: str, n_conditions: int, grid: Grid) -> None:
        super().__init__()
        self.network = _module(name, n_conditions, grid)

    def seen(self, images: Tensor, gev: Tensor, values: Tensor | None = None) -> tuple[Tensor, ...]:
        """The images alone."""
        return (images,)

    def forward(self, images: Tensor, gev: Tensor, conditions: Tensor, seen: tuple[Tensor, ...] = ()) -> Tensor:
        logits: Tensor = self.network(*(seen or (images,)), conditions)
        _check_shape("discriminator", logits, (len(images),))
        return logits


def _module(name: str, *arguments: Any) -> nn.Module:
    part = imported(name)
    try:
        made = part(*arguments)
    except Exception as error:  # code of the user's own may fail in any way
        raise ConfigError(f"{name}: cannot be made of {arguments}: {type(error).__name__}: {error}") from error
    if not isinstance(made, nn.Module):
        raise ConfigError(f"{name}: gives {type(made).__name__}, expected a torch.nn.Module")
    return made


def _check_shape(kind: str, values: Tensor, expected: tuple[int, ...]) -> None:
    if tuple(values.shape) != expected:
        raise ConfigError(f"{kind}: its output has shape {tuple(values.shape)}, expected {expected}")
