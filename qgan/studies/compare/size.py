"""How many numbers of a generator are trained, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from ...models import Core
from ...models.direct import DirectGenerator
from ...models.recipes import blueprint_of
from ...quantum import QuantumLayer


def parameters(description: dict[str, Any]) -> dict[str, int]:
    """Trained numbers in the circuit (``quantum``), in the core layer that it is or stands in for, and in all.

    Those of a circuit of shares are what its angles are made of, with the inputs.

    Args:
        description: of a source, as a checkpoint or a card holds it.
    """
    generator = blueprint_of(description["blueprint"]).build()
    modules = list(generator.modules())
    shares = [module.shares for module in modules if isinstance(module, DirectGenerator)]
    circuits: list[nn.Module] = [module for module in modules if isinstance(module, QuantumLayer)]
    circuits += [network for network in shares if getattr(network, "circuit", False)]
    cores = [module for module in modules if isinstance(module, (Core, QuantumLayer))]
    return {"quantum": _trained(circuits), "core": _trained([*cores, *shares]), "generator": _trained([generator])}


def _trained(modules: Sequence[nn.Module]) -> int:
    chosen = {parameter for module in modules for parameter in module.parameters() if parameter.requires_grad}
    return sum(parameter.numel() for parameter in chosen)
