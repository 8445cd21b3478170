"""A small convolutional network that tells two kinds of jet images apart.

It sees the logarithm of every pixel twice: ln(1 + p / 0.01 GeV), in which soft pixels count, and
ln(1 + p / 1 GeV), in which the prongs do. Adam with a one-cycle rate; where validation jets are given, the
epoch with the smallest cross-entropy on them is kept. All random numbers come from generators of its own, so
that networks can be trained side by side in threads. The same seed gives the same network on the same
processor with the same number of threads.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import skip_init

from ..base.seeding import torch_rng

#: Pixels well under these pT (GeV) look empty in the first and in the second logarithm.
SOFT = (0.01, 1.0)
#: Pixels of this pT (GeV) are 1 in both.
HARD = 200.0
#: Images are halved, twice at least, until neither side is longer than this.
SMALLEST_SIDE = 7
DROPOUT = 0.3
LARGEST_BATCH = 256


class ImageClassifier:
    """Labels 0 and 1 of jet images.

    Args:
        seed: of the weights and of the order of the jets.
        epochs: passes over the training jets, at most.
        device: where it computes.
        rate: the largest learning rate.
        patience: epochs without a better validation cross-entropy after which it stops.
        batch: jets of a step (default: a sixteenth of them, 16 to 256).
        period: steps that make an epoch (default: those of one pass), so that trainings on few and on many jets
            can be of one length.
    """

    def __init__(self, seed: int, epochs: int = 12, device: str | torch.device = "cpu", rate: float = 3e-3,
                 patience: int = 4, batch: int | None = None, period: int | None = None) -> None:
        self.seed, self.epochs, self.device = seed, epochs, torch.device(device)
        self.rate, self.patience = rate, patience
        self.batch, self.period = batch, period
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
        x, y = self._inputs(images), self._labels(label)
        held_out = (self._inputs(validation[0]), self._labels(validation[1])) if validation else None
        rng = torch_rng(self.seed, "classifier", device=self.device)
        self.network = _Logit((images.shape[1], images.shape[2]), rng)
        self._train(self.network, x, y, held_out)
        return self

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probability of label 1 for images (N, H, W), (N,) float64.

        Raises:
            RuntimeError: before :meth:`fit`.
        """
        return torch.sigmoid(self._logits(self._inputs(images)).double()).cpu().numpy()

    def _train(self, network: nn.Module, x: Tensor, y: Tensor, held_out: tuple[Tensor, Tensor] | None) -> None:
        best, kept, since = np.inf, None, 0
        for _ in self._epochs(network, x, y):
            if held_out is None:
                continue
            loss = float(binary_cross_entropy_with_logits(self._logits(held_out[0]), held_out[1]))
            since += 1
            if loss < best:
                best, kept, since = loss, copy.deepcopy(network.state_dict()), 0
            if since >= self.patience:
                break
        if kept is not None:
            network.load_state_dict(kept)

    def _epochs(self, network: nn.Module, x: Tensor, y: Tensor) -> Iterator[int]:
        """Yields after each epoch."""
        batch = min(len(x), self.batch or int(np.clip(len(x) // 16, 16, LARGEST_BATCH)))
        steps = self.period or len(x) // batch
        optimiser = torch.optim.AdamW(network.parameters(), lr=self.rate, weight_decay=1e-3)
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
            yield epoch

    def _batches(self, jets: int, batch: int) -> Iterator[Tensor]:
        """Positions of full batches without end, in a new order on every pass."""
        rng = torch_rng(self.seed, "order")
        while True:
            order = torch.randperm(jets, generator=rng).to(self.device)
            yield from order[:jets // batch * batch].split(batch)

    @torch.no_grad()
    def _logits(self, x: Tensor) -> Tensor:
        if self.network is None:
            raise RuntimeError("the classifier has not been fitted")
        self.network.eval()
        return torch.cat([self.network(part) for part in x.split(1024)]) if len(x) else x.new_zeros(0)

    def _inputs(self, images: np.ndarray) -> Tensor:
        pixels = torch.as_tensor(np.ascontiguousarray(images), dtype=torch.float32, device=self.device)
        channels = [torch.log1p(pixels / soft) / float(np.log1p(HARD / soft)) for soft in SOFT]
        return torch.stack(channels, 1).contiguous(memory_format=torch.channels_last)

    def _labels(self, label: np.ndarray) -> Tensor:
        return torch.as_tensor(np.asarray(label, np.float32), device=self.device)


class _Logit(nn.Module):
    """Images (B, 2, H, W) → logits (B,): convolutions, then two dense layers."""

    def __init__(self, shape: tuple[int, int], rng: torch.Generator) -> None:
        super().__init__()
        self.rng = rng
        layers = [*_convolution(len(SOFT), 16, 5, 2, rng), *_convolution(16, 32, 3, 1, rng),
                  *_convolution(32, 32, 3, 2, rng)]
        height, width = ((side + 3) // 4 for side in shape)
        while max(height, width) > SMALLEST_SIDE:
            layers += _convolution(32, 32, 3, 2, rng)
            height, width = (height + 1) // 2, (width + 1) // 2
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.dense = nn.Sequential(_initialised(skip_init(nn.Linear, 32 * height * width, 64, device=rng.device), rng),
                                   nn.ReLU())
        self.last = _initialised(skip_init(nn.Linear, 64, 1, device=rng.device), rng)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        hidden = self._drop(self.dense(self._drop(self.convolutions(x))))
        return self.last(hidden)[:, 0]

    def _drop(self, x: Tensor) -> Tensor:
        """Dropout; torch's own takes no generator."""
        if not self.training:
            return x
        kept = torch.rand(x.shape, generator=self.rng, device=x.device) >= DROPOUT
        return x * kept / (1 - DROPOUT)


def _convolution(before: int, after: int, kernel: int, stride: int, rng: torch.Generator) -> list[nn.Module]:
    layer = skip_init(nn.Conv2d, before, after, kernel, stride, kernel // 2, device=rng.device)
    return [_initialised(layer, rng), nn.ReLU()]


def _initialised(layer: nn.Module, rng: torch.Generator) -> nn.Module:
    """Weights as torch draws them, biases 0: a layer's own initialisation takes no generator."""
    nn.init.kaiming_uniform_(layer.weight, a=5**0.5, generator=rng)  # type: ignore[arg-type]
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def _check(images: np.ndarray, label: np.ndarray) -> None:
    if len(images) < 2 or len(images) != len(label):
        raise ValueError(f"{len(images)} images and {len(label)} labels, expected as many of each and at least two")
    if not np.isin(label, (0, 1)).all():
        raise ValueError("labels other than 0 and 1")
