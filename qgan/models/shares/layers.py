"""Random layers before thin transposed convolutions: the generator that the package is named for, made small.

The inputs are embedded as amplitudes of five qubits, turned by random layers, and the amplitudes are the coarsest
feature maps (see :mod:`~qgan.quantum.layer`). A linear map that keeps lengths is all that the circuit can be here, so
what the shares are like is a matter of the convolutions; ``thin`` has a dense layer in its place.
"""

from __future__ import annotations

import torch
from torch import nn

from ...quantum import QuantumLayer
from .classical import Thin
from .registry import SHARES, ShareSetting, nearest, trained_numbers

_QUBITS, _LAYERS, _SIDE = 5, 2, 4


class _Amplified(QuantumLayer):
    """Amplitudes of order one."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gain * super().forward(x)


class Layers(Thin):
    """Inputs (B, in_features) → log shares (B, H, W).

    Args:
        in_features: k, at most 31.
        shape: (H, W).
        channels: of all feature maps but the first.
    """

    def __init__(self, in_features: int, shape: tuple[int, int], channels: int) -> None:
        super().__init__(in_features, shape, channels, _SIDE)
        maps = 2 * 2**_QUBITS // _SIDE**2
        layer = _Amplified(in_features=in_features, n_qubits=_QUBITS, n_layers=_LAYERS,
                           seed=int(torch.randint(2**31, ())))
        self.start = nn.Sequential(layer, nn.Unflatten(1, (maps, _SIDE, _SIDE)), nn.Conv2d(maps, channels, 1),
                                   nn.Flatten())


@SHARES.register("random_layers")
def _random_layers(setting: ShareSetting) -> nn.Module:
    def of(channels: int) -> Layers:
        return Layers(setting.in_features, setting.shape, channels)

    with torch.random.fork_rng(devices=[]):
        channels = nearest(setting.numbers, range(1, 60), lambda channels: trained_numbers(of(channels)))
    return of(channels)
