"""The terms of the generator's loss by name, and what each is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..base.registry import Registry
from ..runs.configuration import LossOptions
from .total import Term


@dataclass(frozen=True)
class Setting:
    """The training that a term is built for.

    Attributes:
        options: the losses of its configuration.
        scales: standard deviation over the training jets of each coding that is a statistic of the image, by name.
        shares: (N, pixels) share of the image's pT in each pixel, of the training jets.
        label: (N,) 0 or 1.
        scale: GeV of a network-space pixel of 1 where it is the same for all jets, else None.
        device: of the batches.
    """

    options: LossOptions
    scales: Mapping[str, float]
    shares: Tensor
    label: Tensor
    scale: float | None = None
    device: torch.device | str = "cpu"


Build = Callable[[Setting], Term | None]


@dataclass(frozen=True)
class TermKind:
    """How a term is built, None where the training has nothing for it to look at; and its usual weight.

    The weights of the package's own terms are options of the configuration, where their defaults stand.
    """

    build: Build
    weight: float = 1.0


TERMS: Registry[TermKind] = Registry("loss term", "qgan.losses", package="qgan.losses", of=TermKind)


def term(name: str, weight: float = 1.0) -> Callable[[Build], Build]:
    """A decorator that registers what builds a term; ``weight`` is used where a configuration gives none."""
    def register(build: Build) -> Build:
        TERMS.add(name, TermKind(build, weight))
        return build

    return register
