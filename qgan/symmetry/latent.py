"""A latent space of jet images, and what tells classes apart in it: an oracle for flows (arXiv:2302.00806).

An autoencoder of dense layers makes d numbers of the shares of the pixels, without a look at the classes; they are
standardised by one number. A network on these numbers tells the classes apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor, nn

from ..base.seeding import integer_seed, torch_rng
from ..taggers import Labelled, Seen, Setting
from ..taggers.layers import dense
from ..taggers.training import FittedNetwork, Network

#: Width of the layers, jets of a step, largest rate.
WIDTH, BATCH, RATE = 64, 128, 3e-3


@dataclass(frozen=True)
class Latent:
    """Attributes:
        encode: (N, H, W) images → (N, d) float64 codes.
        lost: share of the variance of what it encodes that it cannot decode again, on its training jets.
        judge: tells classes by codes.
    """

    encode: Callable[[np.ndarray], np.ndarray]
    lost: float
    judge: FittedNetwork

    def logit(self, codes: Tensor) -> Tensor:
        """(N, d) float64 → (N,), of the second class."""
        return self.judge.network.double().eval()(codes)[:, 0]


def latent(images: np.ndarray, label: np.ndarray, size: int, *, steps: int = 2000, seed: int = 0) -> Latent:
    """A latent space and its oracle.

    Args:
        images: (N, H, W).
        label: (N,) 0 or 1.
        size: d, numbers of the latent space.
        steps: of the autoencoder's training.
        seed: of weights and order.

    Example:
        ``flows(space.logit, torch.from_numpy(space.encode(images))).losses`` of ``space = latent(images, label, 6)``
    """
    shares = _shares(images)
    mean = shares.mean(0)
    unit = (shares - mean).square().mean().sqrt()
    rng = torch_rng(seed, "autoencoder")
    encoder, decoder = _network(len(mean), size, rng), _network(size, len(mean), rng)
    lost = _train(encoder, decoder, (shares - mean) / unit, steps, rng)
    with torch.no_grad():
        codes = encoder((shares - mean) / unit)
        centre, scale = codes.mean(0), codes.std()

    @torch.no_grad()
    def encode(images: np.ndarray) -> np.ndarray:
        return ((encoder((_shares(images) - mean) / unit) - centre) / scale).double().numpy()

    judge = Network(lambda shape, logits, rng: _network(shape[0], logits, rng),
                    lambda seen: seen.observables.astype(np.float32), rate=RATE, ramp=True)
    training = Labelled(Seen(observables=encode(images)), label)
    return Latent(encode, lost, judge(training, None, Setting(integer_seed(seed, "judge") % 2**31)))


def _train(encoder: nn.Module, decoder: nn.Module, x: Tensor, steps: int, rng: Generator) -> float:
    """Of x (N, n) of variance one, the share that is lost in the end."""
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(steps):
        some = x[torch.randint(len(x), (BATCH,), generator=rng)]
        loss = (decoder(encoder(some)) - some).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return float((decoder(encoder(x)) - x).square().mean())


def _shares(images: np.ndarray) -> Tensor:
    """(N, H W) √ of the shares of the pixels, of order one: hard and soft ones count."""
    flat = torch.as_tensor(images, dtype=torch.float32).flatten(1)
    return (flat / flat.sum(1, keepdim=True).clamp_min(1e-9)).sqrt()


def _network(inputs: int, outputs: int, rng: Generator) -> nn.Module:
    return nn.Sequential(dense(inputs, WIDTH, rng), nn.Tanh(), dense(WIDTH, WIDTH, rng), nn.Tanh(),
                         dense(WIDTH, outputs, rng))
