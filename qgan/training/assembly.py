"""From a configuration and prepared jets to the networks, the losses and the trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..base.errors import ConfigError
from ..base.seeding import integer_seed
from ..data.grid import Grid
from ..losses import (
    Coding,
    MeanImage,
    RememberedMatching,
    SoftSparsity,
    SortedMatching,
    StatisticsKL,
    Term,
    UnpairedSparsity,
    WeightedSum,
    adversarial,
    mean_image_targets,
)
from ..models import OBSERVABLES, Discriminator, PixelStatistics, PublishedDiscriminator
from ..models.symmetry import EtaFlip
from ..observables.tensors import statistics
from ..runs.configuration import Configuration
from .preparation import IMAGE_STATISTICS, Prepared, statistics_of
from .trainer import Schedule, Trainer, TrainingJets

Module = TypeVar("Module", bound=nn.Module)

#: GeV; pixels above each are counted, softly, for the sparsity loss.
COUNTED = ("count_0.02", "count_0.1", "count_0.5", "count_2", "count_8", "count_30", "count_90")
#: Bandwidth of the published statistics loss, whose pixels are in units of the largest one.
PUBLISHED_BANDWIDTH = 0.1


def build_trainer(configuration: Configuration, prepared: Prepared, device: torch.device) -> Trainer:
    """A trainer before its first step; the same configuration and jets give the same one.

    Raises:
        ValueError: sizes that do not fit together (the message says which).
    """
    torch.manual_seed(integer_seed(configuration.seed, "weights"))
    train, grid = prepared.train, prepared.train.grid
    images, label = torch.from_numpy(train.images), torch.from_numpy(train.label)
    shares = statistics(images, grid, ["shares"])["shares"]
    targets = mean_image_targets(shares, label)
    seen = shares.pow(prepared.blueprint.pixels.power)
    generator = prepared.blueprint.build(PixelStatistics.of(seen.reshape(-1, *grid.shape)))
    columns = [i for i, name in enumerate(prepared.names) if name in ("label", *configuration.data.conditions)]
    terms = build_terms(configuration, prepared, {c: t.to(device) for c, t in targets.items()}, device)
    flip, matched = None, []
    if configuration.symmetry == "average":
        # The published recipe flips a crop that is not centred: no grid, so that this is not refused.
        flip = EtaFlip.of(prepared.names, prepared.blueprint.frame, None if configuration.flip_frame else grid)
    else:
        matched = [name for name in terms.needs_of_real if name != "soft_count"]
    judged = () if configuration.discriminator.architecture == "published" else OBSERVABLES
    measured = _measured(configuration, prepared, (*judged, *matched))
    observables = torch.stack([measured[name] for name in judged], 1) if judged else None
    discriminator = _discriminator(configuration, observables, len(columns), grid)
    jets = TrainingJets(images.to(device), torch.from_numpy(prepared.table).to(device), label.to(device),
                        {name: measured[name].to(device) for name in matched},
                        None if flip is not None or observables is None else observables.to(device))
    return Trainer(
        _placed(generator, device), _placed(discriminator, device), columns, jets,
        adversarial(configuration.losses.adversarial), terms, _schedule(configuration), flip=flip,
        precision=configuration.precision, seed=configuration.seed)


def build_terms(configuration: Configuration, prepared: Prepared, targets: dict[int, Tensor],
                device: torch.device | str = "cpu") -> WeightedSum:
    """The generator's loss: every term that has a weight.

    Raises:
        ConfigError: no term has one, or a statistic to match that is not known.
    """
    losses = configuration.losses
    unknown = [name for name in losses.matched if name not in IMAGE_STATISTICS]
    if unknown:
        raise ConfigError(f"losses.matched: {unknown[0]!r}: expected some of {', '.join(IMAGE_STATISTICS)}")
    scales = {name: float(prepared.table[:, i].std()) for i, name in enumerate(prepared.names)
              if name in IMAGE_STATISTICS}
    # Statistics are in GeV here; KL does not change when they and the bandwidth are scaled alike.
    bandwidth = PUBLISHED_BANDWIDTH * (prepared.blueprint.scale or 1.0) if losses.published_statistics else None
    counts = ("soft_nnz", *COUNTED)
    matching: Term = SortedMatching(tuple(losses.matched))
    sparsity: Term = UnpairedSparsity() if losses.published_statistics else SoftSparsity(counts)
    if losses.memory:
        matching = RememberedMatching(losses.matched, losses.memory, device=device)
        if not losses.published_statistics:
            sparsity = RememberedMatching(counts, losses.memory, name="sparsity", device=device)
    terms: list[tuple[Term, float]] = [
        (adversarial(losses.adversarial), losses.adversarial_weight),
        (Coding(scales), losses.coding if scales else 0.0),
        (StatisticsKL(fixed_bandwidth=bandwidth, per_class=not losses.published_statistics), losses.statistics),
        (matching, losses.matching),
        (sparsity, losses.sparsity),
        (MeanImage(targets), losses.mean_image),
    ]
    return WeightedSum(terms)


def _placed(module: Module, device: torch.device) -> Module:
    """On the device, its convolutions in the memory format that measured twice as fast on a CPU."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            part.weight.data = part.weight.data.contiguous(memory_format=torch.channels_last)
    return module.to(device)


def _measured(configuration: Configuration, prepared: Prepared, names: Sequence[str]) -> dict[str, Tensor]:
    """Statistics of the training jets by name, (N,) each; those that are codings stand in the table already."""
    codings = {name: i for i, name in enumerate(prepared.names)
               if name in names and name in IMAGE_STATISTICS and name in configuration.data.codings}
    rest = statistics_of(prepared.train, [name for name in dict.fromkeys(names) if name not in codings])
    columns = {name: np.ascontiguousarray(prepared.table[:, i]) for name, i in codings.items()}
    return {name: torch.from_numpy(values) for name, values in (rest | columns).items()}


def _discriminator(configuration: Configuration, observables: Tensor | None, n_conditions: int,
                   grid: Grid) -> nn.Module:
    options = asdict(configuration.discriminator)
    options.pop("architecture")
    if observables is None:  # the published one looks at none
        return PublishedDiscriminator(n_conditions, grid.shape)
    columns = observables.T.contiguous()
    return Discriminator(n_conditions, grid, centre=columns.mean(1), spread=columns.std(1), **options)


def _schedule(configuration: Configuration) -> Schedule:
    losses = configuration.losses
    return Schedule(steps=configuration.steps, batch_size=configuration.batch_size, r1=losses.r1,
                    r1_every=losses.r1_every, **asdict(configuration.optimiser))
