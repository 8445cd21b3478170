"""From a configuration and prepared jets to the networks, the losses and the trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..base.seeding import seeded
from ..losses import ADVERSARIAL, TERMS, Setting, WeightedSum
from ..losses.total import Term
from ..models import PixelStatistics
from ..models.recipes import discriminator_of, judged_by
from ..models.symmetry import EtaFlip
from ..observables.registry import codable
from ..observables.tensors import statistics
from ..runs.configuration import Configuration, LossOptions
from ..sampling.source import JetSource, source_of
from .preparation import Prepared, statistics_of
from .trainer import Schedule, Trainer, TrainingJets

Module = TypeVar("Module", bound=nn.Module)


def build_trainer(configuration: Configuration, prepared: Prepared, device: torch.device,
                  own: Sequence[tuple[Term, float]] = ()) -> Trainer:
    """A trainer before its first step; the same configuration and jets give the same one.

    Args:
        own: further terms of the generator's loss, with their weights.

    Raises:
        ConfigError: no loss has a weight.
        ValueError: sizes that do not fit together (the message says which).
    """
    with seeded(configuration.seed, "weights"):
        return _trainer(configuration, prepared, device, own)


def _trainer(configuration: Configuration, prepared: Prepared, device: torch.device,
             own: Sequence[tuple[Term, float]]) -> Trainer:
    train, blueprint, grid = prepared.seen, prepared.blueprint, prepared.seen.grid
    images, label = torch.from_numpy(train.images), torch.from_numpy(train.label)
    shares = statistics(images, grid, ["shares"])["shares"]
    generator = blueprint.build(PixelStatistics.of(shares.pow(blueprint.pixels.power).reshape(-1, *grid.shape)))
    if prepared.weights is not None:
        # What is new in it begins with random numbers.
        generator.load_state_dict(prepared.weights, strict=False)
    columns = [i for i, name in enumerate(prepared.names) if name in ("label", *configuration.data.conditions)]
    columns += range(len(prepared.names), blueprint.conditions.width)
    terms = build_terms(configuration, prepared, shares, device, own)
    flip = blueprint.flip() if configuration.symmetry == "average" else None
    # Those of mirrored jets are others: where both passes enter, they are computed in each step.
    matched = terms.needs_of_real if flip is None else ()
    options = asdict(configuration.discriminator)
    options.pop("mirrors")
    architecture = options.pop("architecture")
    measured = _measured(configuration, prepared, (*judged_by(architecture), *matched))
    judged = [measured[name] for name in judged_by(architecture)]
    observables = torch.stack(judged, 1) if judged else torch.empty(len(label), 0)
    discriminator = discriminator_of(architecture, len(columns), grid, options, observables)
    jets = TrainingJets(images.to(device), torch.from_numpy(prepared.table).to(device), label.to(device),
                        {name: measured[name].to(device) for name in matched},
                        observables.to(device) if flip is None and judged else None)
    return Trainer(
        _placed(generator, device), _placed(discriminator, device), columns, jets,
        ADVERSARIAL[configuration.losses.adversarial], terms, _schedule(configuration), flip=flip,
        mirrors=EtaFlip.of(prepared.names, blueprint.frame) if configuration.discriminator.mirrors else None,
        precision=configuration.precision, seed=configuration.seed)


def build_terms(configuration: Configuration, prepared: Prepared, shares: Tensor,
                device: torch.device | str = "cpu", own: Sequence[tuple[Term, float]] = ()) -> WeightedSum:
    """The generator's loss: every term that has a weight.

    Args:
        shares: (N, pixels) share of the image's pT in each pixel, of the training jets.

    Raises:
        ConfigError: no term has one.
    """
    scales = {name: float(prepared.table[:, i].std()) for i, name in enumerate(prepared.names) if name in codable()}
    setting = Setting(configuration.losses, scales, shares, torch.from_numpy(prepared.train.label),
                      prepared.blueprint.scale, device)
    built = [(TERMS[name].build(setting), weight) for name, weight in _weights(configuration.losses).items() if weight]
    return WeightedSum([*((term, weight) for term, weight in built if term is not None), *own])


def source_from(trainer: Trainer, prepared: Prepared, origin: dict[str, Any] | None = None,
                device: torch.device | None = None) -> JetSource:
    """The averaged generator of a trainer as it is now, where it is or on a device."""
    source = source_of(prepared.description, origin or {})
    source.generator.load_state_dict(trainer.average.state_dict())
    source.generator.to(device or next(trainer.average.parameters()).device)
    return source


def _weights(losses: LossOptions) -> dict[str, float]:
    """Of every term by name: those that have an option, then the further ones."""
    own = {"adversarial": losses.adversarial_weight, "coding": losses.coding, "statistics": losses.statistics,
           "matching": losses.matching, "sparsity": losses.sparsity, "mean_image": losses.mean_image}
    return own | {name: TERMS[name].weight if weight is None else weight for name, weight in losses.further.items()}


def _placed(module: Module, device: torch.device) -> Module:
    """On the device, its convolutions in the memory format that measured twice as fast on a CPU."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            part.weight.data = part.weight.data.contiguous(memory_format=torch.channels_last)
    return module.to(device)


def _measured(configuration: Configuration, prepared: Prepared, names: Sequence[str]) -> dict[str, Tensor]:
    """Statistics of the training jets by name, (N,) each; those that are codings stand in the table already."""
    codings = {name: i for i, name in enumerate(prepared.names)
               if name in names and name in codable() and name in configuration.data.codings}
    rest = statistics_of(prepared.seen, [name for name in dict.fromkeys(names) if name not in codings])
    columns = {name: np.ascontiguousarray(prepared.table[:, i]) for name, i in codings.items()}
    return {name: torch.from_numpy(values) for name, values in (rest | columns).items()}


def _schedule(configuration: Configuration) -> Schedule:
    losses = configuration.losses
    return Schedule(steps=configuration.steps, batch_size=configuration.batch_size, r1=losses.r1,
                    r1_every=losses.r1_every, **asdict(configuration.optimiser))
