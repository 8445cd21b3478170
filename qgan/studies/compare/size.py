"""How many numbers of a generator are trained, and where they lie."""

from __future__ import annotations

from typing import Any

from torch import nn

from ...models import Core
from ...models.recipes import blueprint_of
from ...quantum import QuantumLayer


def parameters(description: dict[str, Any]) -> dict[str, int]:
    """Trained numbers in the circuit (``quantum``), in the core layer that it is or stands in for, and in all.

    Args:
        description: of a source, as a checkpoint or a card holds it.
    """
    generator = blueprint_of(description["blueprint"]).build()
    return {"quantum": _trained(generator, QuantumLayer), "core": _trained(generator, (Core, QuantumLayer)),
            "generator": _trained(generator, nn.Module)}


def _trained(generator: nn.Module, kinds: type[nn.Module] | tuple[type[nn.Module], ...]) -> int:
    chosen = {parameter for module in generator.modules() if isinstance(module, kinds)
              for parameter in module.parameters() if parameter.requires_grad}
    return sum(parameter.numel() for parameter in chosen)
