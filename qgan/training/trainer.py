"""The adversarial training: an iterator that takes one step at a time and neither prints nor writes.

Every random number of step k comes from (seed, k), so that a training that was stopped and resumed draws
what an uninterrupted one draws, without the state of any generator having to be kept. Several processes draw the same
numbers, and each takes its rows: the run is the same however it is divided, but for dropout and batch norm.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..base import processes
from ..base.seeding import integer_seed, seeded
from ..losses import Adversarial, GeneratorBatch, WeightedSum, r1_penalty
from ..losses.total import TILT
from ..models.jet_generator import JetGenerator
from ..models.symmetry import EtaFlip, Mirroring
from ..observables.tensors import statistics
from ..runs.configuration import Precision


@dataclass(frozen=True)
class TrainingJets:
    """Real jets on the device.

    Attributes:
        images: (N, H, W) GeV.
        table: (N, C) physical conditions and codings, the columns of the generator's names.
        label: (N,) 0 or 1.
        measured: statistics of the images that were computed beforehand, (N,) each, by name.
        observables: those that the discriminator is shown, (N, S), if they were computed beforehand.
    """

    images: Tensor
    table: Tensor
    label: Tensor
    measured: Mapping[str, Tensor] = field(default_factory=dict)
    observables: Tensor | None = None

    def each(self, change: Callable[[Tensor], Tensor]) -> TrainingJets:
        """The same change to every tensor: a choice of rows."""
        measured = {name: change(values) for name, values in self.measured.items()}
        observables = None if self.observables is None else change(self.observables)
        return TrainingJets(change(self.images), change(self.table), change(self.label), measured, observables)


@dataclass(frozen=True)
class Pair:
    """Real jets of one step and the jets generated for the same conditions.

    Attributes:
        jets: the real ones.
        real, fake, fake_gev: (B, H, W) images in network space and, for the generated ones, in GeV.
        tilt: (B,) how far the laws have changed each generated one.
        mirroring: how the discriminator sees both, if not as they are.
        seen: what the discriminator is shown of the generated ones, with gradient: in both networks' turns the same.
    """

    jets: TrainingJets
    real: Tensor
    fake: Tensor
    fake_gev: Tensor
    tilt: Tensor
    mirroring: Mirroring | None
    seen: tuple[Tensor, ...]

    def shown(self, images: Tensor) -> Tensor:
        """Images (B, H, W) as the discriminator sees them."""
        return images if self.mirroring is None else self.mirroring.images(images)

    @property
    def table(self) -> Tensor:
        """The conditions, as the discriminator sees them."""
        table = self.jets.table
        return table if self.mirroring is None else self.mirroring.conditions(table)


@dataclass(frozen=True)
class Schedule:
    """How the two networks are optimised; see :class:`~qgan.runs.configuration.OptimiserOptions`."""

    steps: int
    batch_size: int
    generator_rate: float
    discriminator_rate: float
    final_rate: float
    beta1: float
    beta2: float
    discriminator_every: int
    warm_up: int
    ema: float
    r1: float
    r1_every: int


@dataclass(frozen=True)
class Record:
    """What one step did: figures by tag, still on the device so that no step waits for them."""

    step: int
    figures: dict[str, Tensor]
    seconds: float


class Trainer:
    """Discriminator and generator, one step each at a time.

    Args:
        generator: of jets; an averaged copy of its network is kept in ``average``.
        discriminator: (network image, GeV image, standardised conditions, what it is shown) → logits.
        columns: the table's columns that the discriminator is given.
        jets: real jets to train on.
        adversarial: the discriminator's loss.
        terms: the generator's loss.
        schedule: sizes, rates, weights of the optimisation; its batch is divided among the processes.
        flip: the η-flip for ``average`` symmetry, where both passes enter the losses; else None.
        mirrors: the η-flip of a discriminator that sees jets mirrored at random; else None.
        precision: of the convolutions and the dense layers before them; all else, weights included, is float32.
        seed: of every random number.
    """

    def __init__(self, generator: JetGenerator, discriminator: nn.Module, columns: list[int], jets: TrainingJets,
                 adversarial: Adversarial, terms: WeightedSum, schedule: Schedule, *,
                 flip: EtaFlip | None = None, mirrors: EtaFlip | None = None, precision: Precision = "float32",
                 seed: int = 0) -> None:
        self.generator, self.discriminator, self.columns = generator, discriminator, columns
        self.average = copy.deepcopy(generator).requires_grad_(False)
        self.jets, self.adversarial, self.terms, self.schedule = jets, adversarial, terms, schedule
        self.flip, self.mirrors, self.seed, self.step, self.midway = flip, mirrors, seed, 0, False
        self._lower = torch.bfloat16 if precision == "bfloat16" else None
        betas = (schedule.beta1, schedule.beta2)
        trainable = [p for p in generator.parameters() if p.requires_grad]
        self.generator_adam = torch.optim.Adam(trainable, schedule.generator_rate, betas, fused=True)
        self.discriminator_adam = torch.optim.Adam(discriminator.parameters(), schedule.discriminator_rate, betas,
                                                   fused=True)

    def run(self, steps: int) -> Iterator[Record]:
        """Steps until ``steps`` have been taken in all, one record each."""
        while self.step < steps:
            start = time.perf_counter()
            # Left set by an error: the networks are then between two steps.
            self.midway = True
            with seeded(self.seed, "step", self.step):
                figures = self._step()
            self.step += 1
            self.midway = False
            yield Record(self.step, figures, time.perf_counter() - start)

    def parts(self) -> dict[str, Any]:
        """Everything with a state that a resumed training needs, by name; and ``step`` beside it."""
        return {name: getattr(self, name) for name in
                ("generator", "average", "discriminator", "generator_adam", "discriminator_adam", "terms")}

    def _step(self) -> dict[str, Tensor]:
        rates = self._set_rates()
        self.generator.train()
        learns = self.step >= self.schedule.warm_up
        real, noise = self._rows()
        with self._mixed(), torch.set_grad_enabled(learns):
            images, gev, tilt = (made.to(real.images.dtype) for made in self.generator.with_tilt(real.table, noise))
        scale = self.generator.scale(real.table)
        mirroring = None if self.mirrors is None else Mirroring.drawn(self.mirrors, real.table)
        pair = Pair(real, self.generator.pixels.to_network(real.images, scale), images, gev, tilt, mirroring, ())
        pair = replace(pair, seen=self._shown(pair.shown(images), pair.shown(gev), None))
        figures: dict[str, Tensor] = {}
        if not learns or self.step % self.schedule.discriminator_every == 0:
            figures |= self._discriminate(pair)
        if learns:
            figures |= self._generate(pair)
            self._average()
        values = torch.stack(list(figures.values()))
        processes.average_([values])
        return dict(zip(figures, values.unbind(), strict=True)) | rates

    def _rows(self) -> tuple[TrainingJets, Tensor]:
        """This process's rows of the step's jets and noise."""
        whole = self._batch()
        noise = torch.randn(len(whole.table), self.generator.noise_features, device=whole.table.device)
        if processes.size() > 1:
            # The same dropout in all processes would not be as random as it should be.
            torch.manual_seed(integer_seed(self.seed, "process", processes.rank(), "step", self.step))
        return whole.each(processes.share), processes.share(noise)

    def _batch(self) -> TrainingJets:
        """Random jets, with their η-flipped twins where both passes are to enter the losses."""
        index = torch.randint(len(self.jets.table), (self.schedule.batch_size,)).to(self.jets.table.device)
        batch = self.jets.each(lambda rows: rows[index])
        if self.flip is None:
            return batch
        return TrainingJets(*self.flip.both(batch.images, batch.table), torch.cat((batch.label, batch.label)))

    def _shown(self, images: Tensor, gev: Tensor, observables: Tensor | None) -> tuple[Tensor, ...]:
        with self._mixed():
            return self.discriminator.seen(images, gev, observables)  # type: ignore[operator]

    def _logits(self, images: Tensor, gev: Tensor, table: Tensor, seen: tuple[Tensor, ...]) -> Tensor:
        conditions = self.generator.conditions.forward(table)[:, self.columns]
        with self._mixed():
            return self.discriminator(images, gev, conditions, seen).to(images.dtype)

    def _mixed(self) -> torch.autocast:
        """A block in which the networks compute with the precision asked for."""
        return torch.autocast(self.jets.images.device.type, self._lower, enabled=self._lower is not None)

    def _discriminate(self, pair: Pair) -> dict[str, Tensor]:
        penalise = self.schedule.r1 > 0 and self.step % self.schedule.r1_every == 0
        real, gev, table = pair.shown(pair.real), pair.shown(pair.jets.images), pair.table
        observables = pair.jets.observables
        seen = self._shown(real, gev, observables)
        if penalise:
            # Of what the networks are shown: logarithms are steep at soft pixels, and a gradient in pixels would say
            # little but that.
            seen = (seen[0].detach().requires_grad_(True), *seen[1:])
        on_real = self._logits(real, gev, table, seen)
        on_fake = self._logits(pair.fake.detach(), pair.fake_gev.detach(), table,
                               tuple(part.detach() for part in pair.seen))
        loss = self.adversarial.discriminator_loss(on_real, on_fake)
        figures = {"loss/discriminator": loss.detach(), "logits/real": on_real.detach().mean(),
                   "logits/generated": on_fake.detach().mean()}
        if penalise:
            penalty = r1_penalty(on_real, [seen[0]])
            figures["loss/r1"] = penalty.detach()
            # Lazy: every so many steps with that many times the weight.
            loss = loss + self.schedule.r1_every * self.schedule.r1 * penalty
        self.discriminator_adam.zero_grad()
        loss.backward()
        figures["gradient/discriminator"] = _join_gradients(self.discriminator)
        self.discriminator_adam.step()
        return figures

    def _generate(self, pair: Pair) -> dict[str, Tensor]:
        self.discriminator.requires_grad_(False)
        logits = self._logits(pair.fake, pair.fake_gev, pair.table, pair.seen)
        seen = self._seen(pair, logits)
        total, terms = self.terms(seen.gathered(processes.gather) if processes.size() > 1 else seen)
        self.generator_adam.zero_grad()
        total.backward()
        self.discriminator.requires_grad_(True)
        figures = {f"loss/{name}": value for name, value in terms.items()}
        figures["loss/generator"] = total.detach()
        figures["gradient/generator"] = _join_gradients(self.generator)
        self.generator_adam.step()
        return figures

    def _seen(self, pair: Pair, logits: Tensor) -> GeneratorBatch:
        """What the generator's loss terms look at."""
        grid, table = self.generator.grid, pair.jets.table
        of_real = self.terms.needs_of_real
        known = {name: pair.jets.measured[name] for name in of_real if name in pair.jets.measured}
        real = known | statistics(pair.jets.images, grid, [name for name in of_real if name not in known])
        fake = {TILT: pair.tilt} | statistics(pair.fake_gev, grid, [name for name in self.terms.needs if name != TILT])
        for name, function in self.terms.brings.items():
            real[name], fake[name] = function(pair.real), function(pair.fake)
        asked = {name: table[:, i] for i, name in enumerate(self.generator.names)}
        return GeneratorBatch(logits, real, fake, pair.jets.label, pair.jets.label, asked)

    @torch.no_grad()
    def _average(self) -> None:
        # A short memory at first: the untrained network should not linger in the average.
        taken = self.step - self.schedule.warm_up
        decay = min(self.schedule.ema, (1 + taken) / (20 + taken))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.generator.parameters()), 1 - decay)
        for mean, now in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            mean.copy_(now)

    def _set_rates(self) -> dict[str, Tensor]:
        plan = self.schedule
        cosine = 0.5 * (1 + math.cos(math.pi * min(self.step / plan.steps, 1)))
        share = plan.final_rate + (1 - plan.final_rate) * cosine
        rates = {}
        for name, adam, rate in (("generator", self.generator_adam, plan.generator_rate),
                                 ("discriminator", self.discriminator_adam, plan.discriminator_rate)):
            for group in adam.param_groups:
                group["lr"] = rate * share
            rates[f"rate/{name}"] = torch.tensor(rate * share)
        return rates


def _join_gradients(module: nn.Module) -> Tensor:
    """Makes the gradients those of all processes and returns their norm."""
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    processes.average_(gradients)
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
