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
from ..taggers.training import Network

#: Width of the layers, jets of a step, largest rate.
WIDTH, BATCH, RATE = 64, 128, 3e-3


@dataclass(frozen=True)
class Codes:
    """A trained encoder.

    Attributes:
        encode: (N, H, W) images → (N, d) float64 codes, of mean 0 and with variance 1 over all d of them.
        lost: share of the variance of its training images that it cannot decode again.
    """

    encode: Callable[[np.ndarray], np.ndarray]
    lost: float


def codes(images: np.ndarray, size: int, *, steps: int = 2000, seed: int = 0) -> Codes:
    """An autoencoder of images.

    Args:
        images: (N, H, W).
        size: d, numbers of a code.
        steps: of the training.
        seed: of weights and order.
    """
    shares = _shares(images)
    mean = shares.mean(0)
    unit = (shares - mean).square().mean().sqrt()
    rng = torch_rng(seed, "autoencoder")
    encoder, decoder = _network(len(mean), size, rng), _network(size, len(mean), rng)
    lost = _train(encoder, decoder, (shares - mean) / unit, steps, rng)
    with torch.no_grad():
        found = encoder((shares - mean) / unit)
        centre, scale = found.mean(0), found.std()

    @torch.no_grad()
    def encode(images: np.ndarray) -> np.ndarray:
        return ((encoder((_shares(images) - mean) / unit) - centre) / scale).double().numpy()

    return Codes(encode, lost)


def judge(found: np.ndarray, label: np.ndarray, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """What tells classes apart by codes: codes (N, d) float64 → the logit (N,) of the second class.

    Args:
        found: (N, d) codes that it is trained on.
        label: (N,) 0 or 1.
        seed: of weights and order.

    Example:
        ``flows(judge(found, label), torch.from_numpy(others)).losses`` of codes ``found`` and ``others``
    """
    network = Network(lambda shape, logits, rng: _network(shape[0], logits, rng),
                      lambda seen: seen.observables.astype(np.float32), rate=RATE, ramp=True)
    fitted = network(Labelled(Seen(observables=found), label), None, Setting(integer_seed(seed, "judge") % 2**31))
    trained = fitted.network.double().eval()
    return lambda x: trained(x)[:, 0]


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
