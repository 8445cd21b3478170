"""The training: an iterator that takes one step at a time and neither prints nor writes.

Every random number of step k comes from (seed, k), the order of the jets in epoch e from (seed, e): a training that
was stopped and resumed draws what an uninterrupted one draws.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from qgan.base.errors import QganError
from qgan.base.seeding import seeded, torch_rng

from .configuration import TrainingOptions
from .models.interface import Autoencoder

#: Jets in one pass of a model where no gradient is needed.
BLOCK = 1000


@dataclass
class Progress:
    """How far a training is, as a checkpoint keeps it.

    Attributes:
        step: steps taken.
        summed: sum of the losses of the steps of this epoch.
        best, best_epoch: the smallest validation loss, and after how many epochs.
    """

    step: int = 0
    summed: float = 0.0
    best: float = math.inf
    best_epoch: int = 0

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        vars(self).update(state)


@dataclass(frozen=True)
class Record:
    """A step, and what an epoch came to if the step ended one.

    Attributes:
        step: how many steps were taken.
        epoch: how many epochs are complete.
        figures: losses and rate by tag, empty within an epoch.
    """

    step: int
    epoch: int
    figures: dict[str, float] = field(default_factory=dict)


class Trainer:
    """AdamW on usual jets, stopped early on other usual jets.

    Args:
        model: to train; ``best`` is the copy with the smallest validation loss so far.
        train, validation: (N, H, W) prepared images of the usual class, on the model's device.
        options: sizes and rates.
        seed: of every random number.
    """

    def __init__(self, model: Autoencoder, train: Tensor, validation: Tensor, options: TrainingOptions,
                 seed: int = 0) -> None:
        self.model, self.train, self.validation, self.options, self.seed = model, train, validation, options, seed
        model.begin(train)
        self.best = copy.deepcopy(model)
        self.optimiser = torch.optim.AdamW(model.parameters(), options.rate, weight_decay=options.weight_decay)
        self.progress = Progress()
        self.epoch_steps = -(-len(train) // options.batch_size)

    @property
    def total(self) -> int:
        """How many steps there are if the training does not stop early."""
        return self.options.epochs * self.epoch_steps

    @property
    def over(self) -> bool:
        """Whether all steps were taken, or the validation loss has not fallen for ``patience`` epochs."""
        waited = self.progress.step // self.epoch_steps - self.progress.best_epoch
        return self.progress.step >= self.total or 0 < self.options.patience <= waited

    def parts(self) -> dict[str, Any]:
        """What a checkpoint has to hold to go on, by name."""
        return {"model": self.model, "best": self.best, "optimiser": self.optimiser, "progress": self.progress}

    def run(self) -> Iterator[Record]:
        """Takes the steps that are left, one at a time.

        Raises:
            QganError: the loss is no longer finite.
        """
        while not self.over:
            yield self._step()

    def _step(self) -> Record:
        epoch, position = divmod(self.progress.step, self.epoch_steps)
        order = torch.randperm(len(self.train), generator=torch_rng(self.seed, "order", epoch))
        chosen = order[position * self.options.batch_size:(position + 1) * self.options.batch_size]
        rate = self._rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with seeded(self.seed, "step", self.progress.step):
            loss = self.model.loss(self.train[chosen.to(self.train.device)])
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise QganError(f"training: the loss is {value} in step {self.progress.step + 1}; take a smaller "
                            "training.rate")
        self.optimiser.step()
        self.progress.step += 1
        self.progress.summed += value
        return self._end_epoch(rate) if position + 1 == self.epoch_steps else Record(self.progress.step, epoch)

    def _end_epoch(self, rate: float) -> Record:
        progress, epoch = self.progress, self.progress.step // self.epoch_steps
        figures = {"loss/training": progress.summed / self.epoch_steps, "loss/validation": self.validation_loss(),
                   "rate": rate}
        with torch.no_grad(), seeded(self.seed, "watch"):
            figures |= self.model.watch(self.validation)
        progress.summed = 0.0
        better = figures["loss/validation"] < progress.best
        if better and self.model.settled:
            progress.best = figures["loss/validation"]
        if better or not self.model.settled:
            progress.best_epoch = epoch
            self.best.load_state_dict(self.model.state_dict())
        return Record(progress.step, epoch, figures)

    @torch.no_grad()
    def validation_loss(self) -> float:
        """The mean loss of the validation jets, with the same random numbers in every epoch."""
        with seeded(self.seed, "validation"):
            blocks = [(float(self.model.validation(x)), len(x)) for x in self.validation.split(BLOCK)]
        return sum(loss * n for loss, n in blocks) / len(self.validation)

    def _rate(self) -> float:
        if self.options.schedule == "constant":
            return self.options.rate
        return self.options.rate * 0.5 * (1 + math.cos(math.pi * self.progress.step / self.total))
