"""What makes the pixels itself, without a decoder: each pixel's share of the jet, given the inputs.

Circuits and their classical rivals stand side by side here, each at any size: a builder gets the number of trained
numbers that it may spend and comes as close to it as its kind allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from ...base.registry import Registry

T = TypeVar("T")


@dataclass(frozen=True)
class ShareSetting:
    """What a network of shares is built for.

    Attributes:
        in_features: length of its input, conditions and noise.
        shape: (H, W) of the image.
        numbers: how many trained numbers it may have.
    """

    in_features: int
    shape: tuple[int, int]
    numbers: int


#: What builds a network of shares: inputs (B, in_features) → log shares (B, H, W), whose exponentials sum to one.
SHARES: Registry[Callable[[ShareSetting], nn.Module]] = Registry("network of shares", "qgan.shares",
                                                                 package="qgan.models.shares")


def trained_numbers(network: nn.Module) -> int:
    """How many numbers of a network are trained."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def nearest(numbers: int, sizes: Iterable[T], count: Callable[[T], int]) -> T:
    """The first of the sizes whose count is nearest to the numbers that are asked for.

    >>> nearest(10, range(1, 9), lambda side: side * side)
    3
    """
    return min(sizes, key=lambda size: abs(count(size) - numbers))
