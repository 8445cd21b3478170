"""Parts of a user's own, as the documentation says what they are called with."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pennylane as qml
import torch
from torch import Tensor, nn

from qgan.data import Grid
from qgan.losses import GeneratorBatch


class Dense(nn.Module):
    """A generator."""

    def __init__(self, n_conditions: int, shape: tuple[int, int]) -> None:
        super().__init__()
        self.noise_features, self.shape = 8, shape
        self.layer = nn.Linear(n_conditions + 8, shape[0] * shape[1])

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        return self.layer(torch.cat((conditions, noise), 1)).reshape(-1, *self.shape)


class Judge(nn.Module):
    """A discriminator."""

    def __init__(self, n_conditions: int, grid: Grid) -> None:
        super().__init__()
        self.layer = nn.Linear(n_conditions + grid.height * grid.width, 1)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return self.layer(torch.cat((images.flatten(1), conditions), 1)).squeeze(1)


class Silent(Dense):
    """A generator that does not say how much noise it takes."""

    def __init__(self, n_conditions: int, shape: tuple[int, int]) -> None:
        super().__init__(n_conditions, shape)
        del self.noise_features


def nothing(*arguments: object) -> None:
    """No network."""


@dataclass(frozen=True)
class HardestPixel:
    """A loss: the mean share of the hardest pixel."""

    name: ClassVar[str] = "hardest"
    needs: ClassVar[tuple[str, ...]] = ("leading_1",)

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        return (batch.fake["leading_1"].mean() - batch.real["leading_1"].mean()).abs()


def ladder(weights: np.ndarray, wires: list[int]) -> None:
    """A circuit of PennyLane gates."""
    for layer in weights:
        for wire, angle in zip(wires, layer, strict=True):
            qml.RY(angle, wires=wire)
        for pair in pairwise(wires):
            qml.CNOT(wires=pair)


def rotated(weights: np.ndarray, wires: list[int]) -> None:
    """Three angles a qubit, in one gate."""
    for layer in weights:
        for i, wire in enumerate(wires):
            qml.Rot(*layer[3 * i:3 * i + 3], wires=wire)


def doubled(weights: np.ndarray, wires: list[int]) -> None:
    """No circuit that a gate list could say."""
    qml.RY(2 * weights[0, 0], wires=0)


def controlled(weights: Tensor, wires: list[int]) -> None:
    """Gates that no list of rotations and CNOTs holds: constant ones, controlled ones, multiples of a weight."""
    for wire in wires:
        qml.Hadamard(wire)
    for layer in weights:
        for wire in wires:
            qml.CRX(layer[wire], wires=[wire, (wire + 1) % len(wires)])
            qml.RY(2 * layer[wire], wires=wire)


def measured(weights: Tensor, wires: list[int]) -> None:
    """A measurement, which is no gate."""
    qml.RY(weights[0, 0], wires=wires[0])
    qml.expval(qml.Z(wires[0]))


def failing(weights: Tensor, wires: list[int]) -> None:
    """Asks for a wire that is not there."""
    qml.RY(weights[0, 0], wires=wires[9])
