"""The networks of the published quantum GAN.

Kept as published: the condition vector is normalised as it is (its length is lost), one random layer, the
real part of the amplitudes alone, no noise but dropout and a multiplicative factor, a sigmoid output.
Mended: the angles enter the circuit and train, and a batch goes through it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize, relu
from torch.nn.utils.parametrizations import spectral_norm

from ...data.grid import Grid
from ...quantum import Backend, QuantumLayer

SLOPE = 0.2
DROPOUT = 0.2
#: Relative size of the noise on the conditions.
CONDITION_NOISE = 0.1
#: Outputs below this share of the largest pixel become zero.
SOFT_THRESHOLD = 0.003


class PublishedGenerator(nn.Module):
    """Conditions (B, n_conditions) and noise (B, n_conditions) → images (B, 16, 16) in [0, 1).

    Pixels are shares of the largest pixel of the training set. The circuit is one of ``RandomLayers`` on the
    amplitude-embedded conditions; transposed convolutions 256→128→64→32→1 follow.

    Args:
        n_conditions: length of the condition vector (nine in the publication).
        shape: must be (16, 16).
        n_qubits, n_layers, n_rotations, backend, seed: of the random layers.

    Raises:
        ValueError: another shape.
    """

    def __init__(self, n_conditions: int, shape: tuple[int, int], *, n_qubits: int = 8, n_layers: int = 1,
                 n_rotations: int = 16, backend: Backend = "torch", seed: int = 0) -> None:
        super().__init__()
        if shape != (16, 16):
            raise ValueError(f"the published generator makes 16 x 16 images, not {shape[0]} x {shape[1]}: "
                             "set data.rows and data.columns")
        self.shape, self.noise_features = shape, n_conditions
        # The layer's own leading 1 is not used: its columns take the whole vector instead.
        self.core = QuantumLayer(in_features=n_conditions - 1, n_qubits=n_qubits, n_layers=n_layers,
                                 n_rotations=n_rotations, backend=backend, seed=seed)
        widths = (2**n_qubits, 128, 64, 32, 1)
        layers: list[nn.Module] = []
        for i in range(4):
            layers.append(nn.ConvTranspose2d(widths[i], widths[i + 1], 4, stride=2, padding=1))
            if i < 3:
                layers += [nn.BatchNorm2d(widths[i + 1]), nn.ReLU(), nn.Dropout(DROPOUT)]
        self.convolutions = nn.Sequential(*layers, nn.Sigmoid())

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        vector = conditions * (1 + CONDITION_NOISE * noise)
        amplitudes = linear(normalize(vector, dim=1), self.core.columns())
        real = amplitudes[:, :amplitudes.shape[1] // 2]
        return relu(self.convolutions(real[:, :, None, None]).squeeze(1) - SOFT_THRESHOLD)


class PublishedDiscriminator(nn.Module):
    """Images (B, 16, 16), the same in GeV (unused), conditions (B, n_conditions) → logits (B,).

    Spectral-norm convolutions 64→128→256 beside a 64→128 network of the conditions, then 256→64→1.
    """

    #: It is shown no observables.
    judged: ClassVar[tuple[str, ...]] = ()

    def __init__(self, n_conditions: int, shape: tuple[int, int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((1, 64), (64, 128), (128, 256)):
            layers += [spectral_norm(nn.Conv2d(before, after, 4, stride=2, padding=1)),
                       nn.LeakyReLU(SLOPE), nn.Dropout(DROPOUT)]
        pixels = (shape[0] // 8) * (shape[1] // 8)
        self.image = nn.Sequential(*layers, nn.Flatten(), nn.Linear(256 * pixels, 128), nn.LeakyReLU(SLOPE))
        self.conditions = nn.Sequential(nn.Linear(n_conditions, 64), nn.LeakyReLU(SLOPE),
                                        nn.Linear(64, 128), nn.LeakyReLU(SLOPE))
        self.joint = nn.Sequential(nn.Linear(256, 64), nn.LeakyReLU(SLOPE), nn.Linear(64, 1))

    @classmethod
    def of(cls, n_conditions: int, grid: Grid, options: Mapping[str, Any], observables: Tensor) -> Self:
        """Of a training; the options, which are our own discriminator's, do not concern it."""
        return cls(n_conditions, grid.shape)

    def seen(self, images: Tensor, gev: Tensor, values: Tensor | None = None) -> tuple[Tensor, ...]:
        """What the convolutions are shown: nothing that would have to be computed."""
        return (images,)

    def forward(self, images: Tensor, gev: Tensor, conditions: Tensor,
                seen: tuple[Tensor, ...] | None = None) -> Tensor:
        shown, = seen or (images,)
        joined = torch.cat((self.image(shown[:, None]), self.conditions(conditions)), 1)
        return self.joint(joined).squeeze(1)
