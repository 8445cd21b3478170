"""Which recipe makes jets: our own, or the published one. Nothing else knows of the choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .blueprint import Blueprint
from .discriminator import Discriminator
from .published import PublishedBlueprint, PublishedDiscriminator

#: By the configuration's ``generator.architecture``, and by its ``discriminator.architecture``.
BLUEPRINTS: dict[str, type[Blueprint]] = {"jets": Blueprint, "published": PublishedBlueprint}
DISCRIMINATORS: dict[str, type[Discriminator | PublishedDiscriminator]] = {
    "jets": Discriminator, "published": PublishedDiscriminator}


def blueprint_of(values: Mapping[str, Any]) -> Blueprint:
    """From what :meth:`~qgan.models.blueprint.Blueprint.to_dict` gave."""
    return BLUEPRINTS[values["network"]["architecture"]].from_dict(values)
