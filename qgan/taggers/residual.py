"""A residual network that tells two kinds of jet images apart.

It sees each pixel four times, so that pT from 10 MeV to 100 GeV counts: √(share of the jet's pT), ln(1 + p/20 MeV),
ln(1 + p/1 GeV) and p/(p + 0.1 GeV); beside them stand the pixel's place, x, y and r, so that it knows where in the
frame it looks. AdamW with a one-cycle rate; what counts is a running average of the weights, which at a large rate is
far steadier than they are; where validation jets are given, that of the epoch with the smallest cross-entropy on them
is kept. All random numbers come from generators of its own, so that networks can be trained side by side in
threads. The same seed gives the same network on the same processor with the same number of threads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import skip_init
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..base.seeding import torch_rng

#: Filters at full resolution, and after each halving; the last number goes for all further ones.
WIDTHS = (16, 32, 64)
#: Images are halved, twice at least, until neither side is longer than this.
SMALLEST_SIDE = 7
LARGEST_BATCH = 128
#: Decay of the running average, in a step.
DECAY = 0.98
#: Channels of :func:`inputs`.
VIEWS = 4
#: Added to shares before the root: far under the softest pixels', and its slope stays finite in empty ones.
_TINY = 1e-8


class ImageClassifier:
    """Labels 0 and 1 of jet images.

    Args:
        seed: of the weights and of the order of the jets.
        epochs: passes over the training jets, at most.
        device: where it computes.
        rate: the largest learning rate.
        patience: epochs without a better validation cross-entropy after which it stops.
        batch: jets of a step (default: a sixty-fourth of them, 16 to 128, since few jets need many steps).
        period: steps that make an epoch (default: those of one pass), so that trainings on few and on many jets
            can be of one length.
        progress: called with the number of epochs done, after each.

    Example:
        ``ImageClassifier(seed=0).fit(images, label, (more, their_label)).predict(others)``
    """

    def __init__(self, seed: int, epochs: int = 8, device: str | torch.device = "cpu", rate: float = 8e-3,
                 patience: int = 3, batch: int | None = None, period: int | None = None,
                 progress: Callable[[int], None] | None = None) -> None:
        self.seed, self.epochs, self.device = seed, epochs, torch.device(device)
        self.rate, self.patience = rate, patience
        self.batch, self.period, self.progress = batch, period, progress
        self.network: nn.Module | None = None

    def fit(self, images: np.ndarray, label: np.ndarray,
            validation: tuple[np.ndarray, np.ndarray] | None = None) -> ImageClassifier:
        """Trains from the beginning.

        Args:
            images: (N, H, W) pixel pT in GeV.
            label: (N,), 0 or 1.
            validation: other images and labels, which decide when to stop and which epoch to keep.

        Raises:
            ValueError: fewer than two images, or labels other than 0 and 1.
        """
        _check(images, label)
        x, y = self._pixels(images), self._labels(label)
        held_out = (self._pixels(validation[0]), self._labels(validation[1])) if validation else None
        rng = torch_rng(self.seed, "classifier")
        network = Residual((images.shape[1], images.shape[2]), rng).to(self.device)
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(DECAY), use_buffers=True)
        self.network = average.module
        self._train(network, average, x, y, held_out)
        return self

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probability of label 1 for images (N, H, W), (N,) float64.

        Raises:
            RuntimeError: before :meth:`fit`.
        """
        return torch.sigmoid(self._logits(self._pixels(images)).double()).cpu().numpy()

    __call__ = predict

    def gradient(self, images: np.ndarray) -> np.ndarray:
        """Mean over images (N, H, W) of p ∂logit/∂p, (H, W) float64: where a relative change of a pixel speaks for
        label 1, and where against it; empty pixels count 0.

        Raises:
            RuntimeError: before :meth:`fit`.
        """
        network, total = self._fitted(), np.zeros(images.shape[1:])
        for part in self._pixels(images).split(1024):
            pixels = part.requires_grad_()
            slope, = torch.autograd.grad(network(pixels).sum(), pixels)
            total += (slope * pixels).detach().double().sum(0).cpu().numpy()
        return total / max(len(images), 1)

    def _train(self, network: nn.Module, average: AveragedModel, x: Tensor, y: Tensor,
               held_out: tuple[Tensor, Tensor] | None) -> None:
        best, kept, since = np.inf, None, 0
        for epoch in self._epochs(network, average, x, y):
            if self.progress is not None:
                self.progress(epoch + 1)
            if held_out is None:
                continue
            loss = float(binary_cross_entropy_with_logits(self._logits(held_out[0]), held_out[1]))
            since += 1
            if loss < best:
                best, kept, since = loss, copy.deepcopy(average.module.state_dict()), 0
            if since >= self.patience:
                break
        if kept is not None:
            average.module.load_state_dict(kept)

    def _epochs(self, network: nn.Module, average: AveragedModel, x: Tensor, y: Tensor) -> Iterator[int]:
        """Yields after each epoch."""
        batch = min(len(x), self.batch or int(np.clip(len(x) // 64, 16, LARGEST_BATCH)))
        steps = self.period or len(x) // batch
        optimiser = torch.optim.AdamW(network.parameters(), lr=self.rate, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.rate, total_steps=max(self.epochs * steps, 4))
        batches = self._batches(len(x), batch)
        for epoch in range(self.epochs):
            network.train()
            for index in islice(batches, steps):
                loss = binary_cross_entropy_with_logits(network(x[index]), y[index])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                average.update_parameters(network)
            yield epoch

    def _batches(self, jets: int, batch: int) -> Iterator[Tensor]:
        """Positions of full batches without end, in a new order on every pass."""
        rng = torch_rng(self.seed, "order")
        while True:
            order = torch.randperm(jets, generator=rng).to(self.device)
            yield from order[:jets // batch * batch].split(batch)

    def _fitted(self) -> nn.Module:
        if self.network is None:
            raise RuntimeError("the classifier has not been fitted")
        return self.network.eval()

    @torch.no_grad()
    def _logits(self, pixels: Tensor) -> Tensor:
        network = self._fitted()
        return torch.cat([network(part) for part in pixels.split(1024)]) if len(pixels) else pixels.new_zeros(0)

    def _pixels(self, images: np.ndarray) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(images), dtype=torch.float32, device=self.device)

    def _labels(self, label: np.ndarray) -> Tensor:
        return torch.as_tensor(np.asarray(label, np.float32), device=self.device)


class Residual(nn.Module):
    """Pixels (B, H, W), GeV → logits (B,): residual blocks, each of half the resolution of the one before.

    Args:
        shape: (H, W).
        rng: of the weights, on the CPU.
    """

    place: Tensor

    def __init__(self, shape: tuple[int, int], rng: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("place", _coordinates(shape), persistent=False)
        self.first = _convolution(VIEWS + len(self.place), WIDTHS[0], 3, 1, rng)
        blocks, before, side, halvings = [], WIDTHS[0], max(shape), 0
        while halvings < 2 or side > SMALLEST_SIDE:
            halvings, side = halvings + 1, (side + 1) // 2
            after = WIDTHS[min(halvings, len(WIDTHS) - 1)]
            blocks.append(_Block(before, after, rng))
            before = after
        self.blocks = nn.Sequential(*blocks)
        self.last = _drawn(skip_init(nn.Linear, before, 1), rng)
        # On a CPU a step takes a third longer with the channels first.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pixels: Tensor) -> Tensor:
        seen = torch.cat([inputs(pixels), self.place.expand(len(pixels), -1, -1, -1)], 1)
        x = torch.relu(self.first(seen.contiguous(memory_format=torch.channels_last)))
        return self.last(self.blocks(x).mean((2, 3)))[:, 0]


def inputs(pixels: Tensor) -> Tensor:
    """Pixels (B, H, W), GeV → (B, 4, H, W), each of order one for hard pixels or for soft ones."""
    total = pixels.sum((1, 2), keepdim=True)
    share = pixels / torch.where(total > 0, total, 1.0)
    return torch.stack([3 * ((share + _TINY).sqrt() - _TINY**0.5), torch.log1p(pixels / 0.02) / 3,
                        torch.log1p(pixels), pixels / (pixels + 0.1)], 1)


class _Block(nn.Module):
    """Two convolutions of stride 2 and 1 beside a straight one."""

    def __init__(self, before: int, after: int, rng: torch.Generator) -> None:
        super().__init__()
        self.one = _convolution(before, after, 3, 2, rng)
        self.two = _convolution(after, after, 3, 1, rng)
        self.straight = _convolution(before, after, 1, 2, rng)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.straight(x) + self.two(torch.relu(self.one(x))))


def _convolution(before: int, after: int, kernel: int, stride: int, rng: torch.Generator) -> nn.Module:
    layer = skip_init(nn.Conv2d, before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(_drawn(layer, rng), nn.BatchNorm2d(after))


def _drawn(layer: nn.Module, rng: torch.Generator) -> nn.Module:
    """Gaussian weights that keep the scale, no bias: a layer's own initialisation takes no generator."""
    nn.init.kaiming_normal_(layer.weight, generator=rng)  # type: ignore[arg-type]
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def _coordinates(shape: tuple[int, int]) -> Tensor:
    """(3, H, W): y, x from −1 to 1, and r."""
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in shape), indexing="ij")
    return torch.stack([y, x, torch.hypot(y, x)])


def _check(images: np.ndarray, label: np.ndarray) -> None:
    if len(images) < 2 or len(images) != len(label):
        raise ValueError(f"{len(images)} images and {len(label)} labels, expected as many of each and at least two")
    if not np.isin(label, (0, 1)).all():
        raise ValueError("labels other than 0 and 1")
