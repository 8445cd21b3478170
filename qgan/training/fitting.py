"""What a network of shares is given before its first step: the shares of training jets, by maximum likelihood.

A generator of few numbers moves slowly under a discriminator that tells its first images at a glance. Fitted before,
it begins with the mean images of its conditions, and the training is left with what these are not.
"""

from __future__ import annotations

import torch

from ..base.errors import ConfigError
from ..base.progress import progress
from ..base.seeding import seeded
from ..models import JetGenerator
from ..models.direct import DirectGenerator
from ..models.shares.likelihood import cross_entropy, fit
from ..models.symmetry import SymmetricGenerator
from .trainer import Trainer, TrainingJets

#: Jets a step.
_BATCH = 128


def fit_shares(trainer: Trainer, *, steps: int, rate: float, quiet: bool = True) -> None:
    """Fits the network of shares of a trainer's generators to its jets; repeatable by the trainer's seed.

    Raises:
        ConfigError: the generator is none that a network of shares makes.
    """
    shares = shares_of(trainer.generator)
    inputs, images = folded(trainer.generator, trainer.jets)
    wanted = images / images.sum((1, 2), keepdim=True)
    latent, levels = shares.latent, 1 if shares.shots is None else shares.shots.levels

    def loss(rows: torch.Tensor) -> torch.Tensor:
        rows = rows.to(inputs.device)
        noise = torch.randn(len(rows), latent, device=inputs.device)
        logs = shares.shares(torch.cat((inputs[rows][:, :shares.n_conditions], noise), 1))
        return cross_entropy(logs.unflatten(2, (-1, levels)).logsumexp(3), wanted[rows])

    with seeded(trainer.seed, "fit"), progress(steps, "fit", "steps", quiet=quiet) as bar:
        fit(shares.shares.parameters(), loss, len(inputs), steps=steps, batch_size=_BATCH, rate=rate,
            stepped=bar.update)
    trainer.average.load_state_dict(trainer.generator.state_dict())


def shares_of(generator: JetGenerator) -> DirectGenerator:
    """The network of shares and its grain or shots.

    Raises:
        ConfigError: there is none.
    """
    inner = generator.inner
    if not isinstance(inner, DirectGenerator):
        raise ConfigError("fit.steps: only a network of shares can be fitted before the training, such as "
                          "generator.core tree or coordinates")
    return inner


@torch.no_grad()
def folded(generator: JetGenerator, jets: TrainingJets) -> tuple[torch.Tensor, torch.Tensor]:
    """Standardised conditions and images of jets on the side on which a symmetric generator makes them."""
    seen, images = generator.conditions.forward(jets.table), jets.images
    if not isinstance(generator.network, SymmetricGenerator):
        return seen, images
    seen, mirrored = generator.network.fold(seen, torch.ones_like(seen[:, 0]))
    return seen, generator.network.unfold(images, mirrored)
