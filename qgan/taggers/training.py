"""How a network learns to tell classes of jets apart, whatever it sees of them.

AdamW with a one-cycle rate; what counts is a running average of the weights, which at a large rate is far steadier than
they are; where validation jets are given, that of the epoch with the smallest cross-entropy on them is kept. All random
numbers come from generators of its own, so that networks can be trained side by side in threads. The same seed gives
the same network on the same processor with the same number of threads.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, pad
from torch.optim.swa_utils import AveragedModel

from ..base.seeding import torch_rng
from ..data.stream import JetStream
from .registry import Labelled, Setting
from .seen import Seen

#: Without end: what a network sees of some jets, (B, ...), and their labels (B,).
Batches: TypeAlias = Iterator[tuple[Tensor, Tensor]]
#: Of one type, as they are averaged.
Tensors: TypeAlias = tuple[Tensor, ...] | list[Tensor]
LARGEST_BATCH = 128
#: Decay of the running average, in a step.
DECAY = 0.98


@dataclass(frozen=True)
class Network:
    """A network as a tagger; ``fit`` of a :class:`~qgan.taggers.registry.Tagger`.

    Attributes:
        build: makes it from the shape of what it sees of one jet, how many logits (B, logits) it gives, those of the
            classes from the second on beside the first's 0, and a generator of its weights, on the CPU.
        see: what it sees of jets, an array (N, ...).
        epochs: passes over the training jets, at most.
        rate: the largest learning rate.
        patience: epochs without a better validation cross-entropy after which it stops, in the second half of them.
        batch: jets of a step (default: a sixty-fourth of them, 16 to 128, since few jets need many steps).
        part: jets that it looks at at once when it does not learn.
        ramp: whether the running average forgets faster at first: of networks whose scale the first steps change much.

    Training jets may also come from files that do not fit in memory, in the batches of a
    :class:`~qgan.data.stream.JetStream`.

    Example:
        ``Network(build, lambda jets: jets.images)(training, validation, Setting(seed=0)).scores(others)``
    """

    build: Callable[[tuple[int, ...], int, torch.Generator], nn.Module]
    see: Callable[[Seen], np.ndarray]
    epochs: int = 8
    rate: float = 8e-3
    patience: int = 3
    batch: int | None = None
    part: int = 1024
    ramp: bool = False

    def __call__(self, training: Labelled | JetStream, validation: Labelled | None = None,
                 setting: Setting = Setting()) -> FittedNetwork:  # noqa: B008 - it cannot change
        device = torch.device(setting.device)
        if isinstance(training, JetStream):
            first, classes = self.see(Seen.of(training.first)), len(training.first.class_names)
            size, steps = training.batch, len(training) // training.batch
            batches = self._streamed(training, device)
        else:
            first, classes = self.see(training.jets), training.classes
            size = self._size(len(training), setting)
            steps, batches = len(training) // size, self._in_memory(first, training.label, size, setting.seed, device)
        network = self.build(tuple(first.shape[1:]), classes - 1, torch_rng(setting.seed, "classifier")).to(device)
        average = AveragedModel(network, multi_avg_fn=_ramped if self.ramp else _steady, use_buffers=True)
        fitted = FittedNetwork(average.module, self.see, self.part)
        held_out = None if validation is None else (
            _tensor(self.see(validation.jets), device), _tensor(validation.label, device))
        best, kept, since = np.inf, None, 0
        patience = self.patience if setting.alike is None else setting.alike.looks
        for epoch in self._epochs(network, average, batches, steps, setting, fitted):
            if setting.progress is not None:
                setting.progress(epoch + 1)
            if held_out is None:
                continue
            loss = float(_loss(fitted.logits(held_out[0]), held_out[1]))
            since += 1
            if loss < best:
                best, kept, since = loss, copy.deepcopy(average.module.state_dict()), 0
            # Before the rate has passed its peak a network that has learnt nothing yet may still do so.
            if since >= patience and 2 * (epoch + 1) > self.epochs:
                break
        if kept is not None:
            average.module.load_state_dict(kept)
        return fitted

    def _size(self, jets: int, setting: Setting) -> int:
        """Jets of a batch."""
        if setting.alike is not None:
            return min(jets, setting.alike.batch)
        return min(jets, self.batch or int(np.clip(jets // 64, 16, LARGEST_BATCH)))

    def _in_memory(self, seen: np.ndarray, label: np.ndarray, size: int, seed: int, device: torch.device) -> Batches:
        x, y = (_tensor(values, device) for values in (seen, label))
        for index in _batches(len(x), size, seed, x.device):
            yield x[index], y[index]

    def _streamed(self, stream: JetStream, device: torch.device) -> Batches:
        for jets in chain.from_iterable(map(stream.epoch, count())):
            if len(jets) == stream.batch:
                yield _tensor(self.see(Seen.of(jets)), device), _tensor(jets.label, device)

    def _epochs(self, network: nn.Module, average: AveragedModel, batches: Batches, steps: int, setting: Setting,
                fitted: FittedNetwork) -> Iterator[int]:
        """Yields after each epoch, of ``steps`` batches unless the setting has a length of its own."""
        epochs, rate, alike = self.epochs, self.rate, setting.alike
        if alike is not None:
            epochs, rate, steps = alike.looks, alike.rate, alike.steps // alike.looks
        optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=max(epochs * steps, 4))
        for epoch in range(epochs):
            began = time.perf_counter()
            network.train()
            for x, y in islice(batches, steps):
                loss = _loss(network(x), y)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                average.update_parameters(network)
            fitted.steps, fitted.seconds = fitted.steps + steps, fitted.seconds + time.perf_counter() - began
            yield epoch


class FittedNetwork:
    """A trained network.

    Args:
        network: what :attr:`Network.see` gives → logits.
        see, part: of the :class:`Network`.
    """

    def __init__(self, network: nn.Module, see: Callable[[Seen], np.ndarray], part: int) -> None:
        self.network, self._see, self._part = network, see, part
        self.steps, self.seconds = 0, 0.0

    @property
    def numbers(self) -> int:
        """How many were trained."""
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    @property
    def angles(self) -> int:
        """How many of them are angles of circuits."""
        return sum(p.numel() for name, p in self.network.named_parameters() if name.endswith("angles"))

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def scores(self, jets: Seen) -> np.ndarray:
        """(N, classes) float64 probabilities of the classes."""
        logits = self.logits(_tensor(self._see(jets), self._device)).double()
        if logits.shape[1] == 1:
            second = torch.sigmoid(logits)
            return torch.cat([1 - second, second], 1).cpu().numpy()
        return torch.softmax(pad(logits, (1, 0)), 1).cpu().numpy()

    def gradient(self, jets: Seen) -> np.ndarray:
        """Mean over jets of p ∂logit/∂p, (H, W) float64, of what it sees of them: where a relative change of a pixel
        speaks for the second class, and where against it; empty pixels count 0."""
        seen = _tensor(self._see(jets), self._device)
        network, total = self.network.eval(), torch.zeros(seen.shape[1:], dtype=torch.float64, device=seen.device)
        for part in seen.split(self._part):
            pixels = part.requires_grad_()
            slope, = torch.autograd.grad(network(pixels)[:, 0].sum(), pixels)
            total += (slope * pixels).detach().double().sum(0)
        return total.cpu().numpy() / max(len(seen), 1)

    @torch.no_grad()
    def logits(self, seen: Tensor) -> Tensor:
        """(N, classes - 1) of what it sees, (N, ...)."""
        network = self.network.eval()
        return torch.cat([network(part) for part in seen.split(self._part)])


def _steady(averaged: Tensors, current: Tensors, steps: Tensor | int) -> None:
    _averaged(averaged, current, DECAY)


def _ramped(averaged: Tensors, current: Tensors, steps: Tensor | int) -> None:
    _averaged(averaged, current, min(DECAY, (1 + int(steps)) / (10 + int(steps))))


def _averaged(averaged: Tensors, current: Tensors, decay: float) -> None:
    """Moves averages, tensors of one type, towards what is now; integers, such as orders of amplitudes, are copied."""
    if averaged[0].is_floating_point():
        torch._foreach_lerp_(list(averaged), list(current), 1 - decay)
        return
    for mean, now in zip(averaged, current, strict=True):
        mean.copy_(now)


def _loss(logits: Tensor, label: Tensor) -> Tensor:
    if logits.shape[1] == 1:
        return binary_cross_entropy_with_logits(logits[:, 0], label.to(logits.dtype))
    return cross_entropy(pad(logits, (1, 0)), label.long())


def _batches(jets: int, batch: int, seed: int, device: torch.device) -> Iterator[Tensor]:
    """Positions of full batches without end, in a new order on every pass."""
    rng = torch_rng(seed, "order")
    while True:
        order = torch.randperm(jets, generator=rng).to(device)
        yield from order[:jets // batch * batch].split(batch)


def _tensor(values: np.ndarray, device: torch.device) -> Tensor:
    """Images as single floats; what is given as double, as momenta are, stays so."""
    return torch.as_tensor(np.ascontiguousarray(values), device=device)
