"""One network of shares, fitted by maximum likelihood, and how far its shares are from those of jets."""

from __future__ import annotations

import time
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...base.seeding import seeded
from ...data.jets import JetImages
from ...models.shares import SHARES, ShareSetting, trained_numbers
from ...models.shares.likelihood import cross_entropy, fit
from ...training.preparation import statistics_of

#: What a network is told of a jet: of these, those that there are and that vary.
TOLD = ("mass", "delta_r", "delta_r_mean", "delta_r_std", "pixel_std", "clumps_3", "image_tau_21", "image_tau_32")
_BLOCK = 500


class Told(NamedTuple):
    """Jets of one class as networks of shares see them: inputs (N, k), standardised, and shares (N, H, W)."""

    inputs: Tensor
    shares: Tensor


def told(train: JetImages, *others: JetImages) -> list[Told]:
    """Of training jets and of others, all of one class, by the mean and spread of the training jets."""
    tables = [_table(jets) for jets in (train, *others)]
    names = [name for name, values in tables[0].items() if np.ptp(values) > 0]
    mean, spread = (np.array([f(tables[0][name]) for name in names], np.float32) for f in (np.mean, np.std))
    found = []
    for jets, table in zip((train, *others), tables, strict=True):
        images = torch.from_numpy(jets.images)
        inputs = (np.stack([table[name] for name in names], 1) - mean) / spread
        found.append(Told(torch.from_numpy(inputs.astype(np.float32)), images / images.sum((1, 2), keepdim=True)))
    return found


def _table(jets: JetImages) -> dict[str, np.ndarray]:
    own = [name for name in TOLD if name in jets.conditions]
    made = statistics_of(jets, [name for name in TOLD if name not in jets.conditions and name != "mass"
                                and name != "delta_r"])
    return {name: jets.conditions[name] if name in own else made[name] for name in TOLD if name in own or name in made}


class Fitted(NamedTuple):
    """A network and what it took."""

    network: nn.Module
    seconds: float
    numbers: int


def fitted(family: str, numbers: int, train: Told, *, steps: int, batch_size: int, rate: float, seed: int) -> Fitted:
    """A network of this family and size after so many steps of Adam; the loss is the cross entropy with the shares, or
    the network's own.

    Raises:
        ConfigError: there is no such family.
    """
    shape = (train.shares.shape[1], train.shares.shape[2])
    with seeded(seed, "shares", family):
        network = SHARES[family](ShareSetting(train.inputs.shape[1], shape, numbers))
        # A network that is not to be trained by its likelihood brings a loss of its own.
        loss = partial(_own_loss if getattr(network, "matched", False) else _cross_entropy, network)
        start = time.process_time()
        fit(network.parameters(), lambda rows: loss(Told(train.inputs[rows], train.shares[rows])), len(train.inputs),
            steps=steps, batch_size=batch_size, rate=rate)
    return Fitted(network, time.process_time() - start, trained_numbers(network))


@torch.no_grad()
def divergences(network: nn.Module, jets: Told) -> np.ndarray:
    """KL divergence of each jet's shares from those of the network, (N,), nats."""
    parts = [_cross_entropy(network, Told(inputs, shares)) + torch.xlogy(shares, shares).sum((1, 2))
             for inputs, shares in zip(jets.inputs.split(_BLOCK), jets.shares.split(_BLOCK), strict=True)]
    return torch.cat(parts).numpy()


def _own_loss(network: nn.Module, jets: Told) -> Tensor:
    found: Tensor = network.loss(jets.inputs, jets.shares)  # type: ignore[operator]
    return found


def _cross_entropy(network: nn.Module, jets: Told) -> Tensor:
    return cross_entropy(network(jets.inputs), jets.shares)
