"""A training step of circuits that make the pixels themselves, against a classical network of equal size.

A step is the cross entropy with the shares of a batch, forward and backward; each takes turns with the perceptron of
coordinates that trains as many numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ...base.seeding import seeded
from ...models.shares import SHARES, ShareSetting, trained_numbers
from ...models.shares.born import Born
from .timing import CPU, Timing, estimate, median, take_turns

BORN, RIVAL = "born, 10 layers", "coordinates"
#: Families beside it, at about so many numbers.
_FAMILIES, _NUMBERS = ("tree", "tree_fed", "bits"), 550
_BATCH, _INPUTS, _SHAPE = 64, 8, (25, 25)


def share_rows(seconds: float, seed: int = 0, device: torch.device = CPU) -> Iterator[Timing]:
    """For each network the time of a step, and its ratio to that of coordinates of equal size; ``seconds`` for each."""
    with seeded(seed, "bench", "shares"):
        networks: dict[str, nn.Module] = {BORN: Born(_INPUTS, _SHAPE, 10, 2)}
        networks |= {family: SHARES[family](ShareSetting(_INPUTS, _SHAPE, _NUMBERS)) for family in _FAMILIES}
        inputs = torch.randn(_BATCH, _INPUTS, device=device)
        shares = torch.rand(_BATCH, *_SHAPE, device=device)
        shares = shares / shares.sum((1, 2), keepdim=True)
        for name, network in networks.items():
            numbers = trained_numbers(network)
            rival = SHARES[RIVAL](ShareSetting(_INPUTS, _SHAPE, numbers))
            times = take_turns({what: _step(one.to(device), inputs, shares)
                                for what, one in ((name, network), (RIVAL, rival))}, seconds, device=device)
            mine, its = times[name], times[RIVAL]
            yield {"what": name, "numbers": numbers, "batch": _BATCH, **estimate(mine.own).named("seconds"),
                   "wall": median(mine.wall), **estimate(mine.own, its.own).named("over"),
                   "over_wall": median(mine.wall, its.wall), "turns": len(mine.own)}


def _step(network: nn.Module, inputs: Tensor, shares: Tensor) -> Callable[[], object]:
    def step() -> None:
        network.zero_grad()
        (-(shares * network(inputs)).sum((1, 2))).mean().backward()

    return step
