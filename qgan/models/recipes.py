"""Which recipe makes jets: the package's, the published one, or a user's own network. Nothing else knows the choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ..data.grid import Grid
from .blueprint import Blueprint
from .discriminator import Discriminator
from .own import OwnDiscriminator, is_own
from .published import PublishedBlueprint, PublishedDiscriminator

#: By the configuration's ``generator.architecture``, and by its ``discriminator.architecture``.
BLUEPRINTS: dict[str, type[Blueprint]] = {"jets": Blueprint, "published": PublishedBlueprint}
DISCRIMINATORS: dict[str, type[Discriminator | PublishedDiscriminator]] = {
    "jets": Discriminator, "published": PublishedDiscriminator}


def blueprint_kind(name: str) -> type[Blueprint]:
    """Of an architecture, or of a generator ``module:Network``."""
    return Blueprint if is_own(name) else BLUEPRINTS[name]


def blueprint_of(values: Mapping[str, Any]) -> Blueprint:
    """From what :meth:`~qgan.models.blueprint.Blueprint.to_dict` gave."""
    return blueprint_kind(values["network"]["architecture"]).from_dict(values)


def discriminator_of(name: str, n_conditions: int, grid: Grid, options: Mapping[str, Any], observables: Tensor,
                     ) -> nn.Module:
    """The discriminator of a training.

    Args:
        name: of an architecture, or ``module:Network``.
        n_conditions: columns of the conditions that it sees.
        grid: of the images.
        options: of the architecture.
        observables: (N, S) what :func:`judged_by` names, of the training jets.
    """
    if is_own(name):
        return OwnDiscriminator(name, n_conditions, grid)
    return DISCRIMINATORS[name].of(n_conditions, grid, options, observables)


def judged_by(name: str) -> tuple[str, ...]:
    """The observables that a discriminator is shown."""
    return () if is_own(name) else DISCRIMINATORS[name].judged
