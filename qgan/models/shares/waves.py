"""A circuit that knows the geometry: wave packets on the grid of pixels.

The registers number positions from −1 to 1. Each layer multiplies by a phase that is a polynomial of the position,
goes to momenta by the quantum Fourier transform of both registers, multiplies by a phase that is a polynomial of the
momentum, and comes back; linear phases move the packet, quadratic ones focus and spread it, higher ones shape it (as
split-operator steps of a Schrödinger equation do). A polynomial of degree four of the bits is made of ZZZZ rotations
at most, so that a layer is a circuit of known depth.

Measured qubits beside it choose one of several packets, which their outcome displaces and reshapes: prongs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...quantum.registers import bits_for
from .qubits import Pixels
from .registry import SHARES, ShareSetting, nearest

#: Degrees in row and column of the terms of a phase.
_TERMS = ((1, 0), (0, 1), (2, 0), (0, 2), (1, 1), (3, 0), (0, 3), (4, 0), (0, 4), (2, 2))


class Waves(nn.Module):
    """Inputs (B, in_features) → log shares (B, H, W).

    Args:
        in_features: k.
        shape: (H, W).
        layers: of the circuit.
        mixed: length of z, what the inputs are mixed to.
        branches: packets, of which measured qubits choose one.
    """

    position: Tensor
    momentum: Tensor
    start: Tensor

    def __init__(self, in_features: int, shape: tuple[int, int], layers: int, mixed: int, branches: int) -> None:
        super().__init__()
        self.branches, self.pixels, self.circuit = branches, Pixels(shape, coded=False, least=1e-3), True
        sides = [2 ** bits_for(side) for side in shape]
        self.mix = nn.Linear(in_features, mixed, bias=False)
        nn.init.normal_(self.mix.weight, 0.0, in_features**-0.5)
        # Of each layer: position, momentum.
        self.coefficients = nn.Parameter(0.1 * torch.randn(layers, 2, len(_TERMS), 1 + mixed))
        self.displaced = nn.Parameter(0.5 * torch.randn(branches, layers, 2, 2, 1 + mixed)) if branches > 1 else None
        self.chosen = nn.Parameter(0.1 * torch.randn(branches, 1 + mixed)) if branches > 1 else None
        # Pixels lie in the middle of the registers, whose ends meet.
        places = [(torch.arange(side) - (side - pixels) // 2 - (pixels - 1) / 2) / (pixels / 2)
                  for side, pixels in zip(sides, shape, strict=True)]
        momenta = [2 * math.pi * torch.fft.fftfreq(side) for side in sides]
        self.register_buffer("position", terms(*places), persistent=False)
        self.register_buffer("momentum", terms(*momenta), persistent=False)
        packet = torch.exp(-(places[0][:, None] ** 2 + places[1] ** 2) / 0.1)
        self.register_buffer("start", packet / packet.norm(), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        mixed = torch.cat((torch.ones_like(inputs[:, :1]), self.mix(inputs)), 1)
        state = self.start.to(torch.complex64).expand(len(inputs), self.branches, *self.start.shape)
        for layer, coefficients in enumerate(self.coefficients @ mixed.T):
            state = self._phase(self.position, coefficients[0], layer, 0, mixed) * state
            moving = self._phase(self.momentum, coefficients[1], layer, 1, mixed)
            state = torch.fft.ifft2(moving * torch.fft.fft2(state))
        probability = state.real.square() + state.imag.square()
        if self.chosen is not None:
            probability = (mixed @ self.chosen.T).softmax(1)[:, :, None, None] * probability
        return self.pixels(probability.sum(1))

    def _phase(self, polynomials: Tensor, coefficients: Tensor, layer: int, kind: int, mixed: Tensor) -> Tensor:
        """(B, branches, R, C): of a polynomial that all branches share, and of one that displaces each."""
        angles = (coefficients.T @ polynomials.flatten(1))[:, None]
        if self.displaced is not None:
            apart = torch.einsum("btm,nm->nbt", self.displaced[:, layer, kind], mixed)
            angles = angles + apart @ polynomials[:2].flatten(1)
        return torch.polar(torch.ones(()), angles).unflatten(2, polynomials.shape[1:])


def terms(rows: Tensor, columns: Tensor) -> Tensor:
    """(terms, R, C): monomials of two coordinates."""
    return torch.stack([rows[:, None] ** i * columns**j for i, j in _TERMS])


@SHARES.register("waves")
def _waves(setting: ShareSetting) -> nn.Module:
    def count(size: tuple[int, int, int]) -> int:
        layers, mixed, branches = size
        of_branches = branches * (4 * layers + 1) if branches > 1 else 0
        return mixed * setting.in_features + (2 * layers * len(_TERMS) + of_branches) * (1 + mixed)

    sizes = [(layers, mixed, branches) for layers in range(1, 9) for mixed in range(1, 25)
             for branches in (1, 2, 4) if branches <= layers and mixed <= 2 * layers]
    return Waves(setting.in_features, setting.shape, *nearest(setting.numbers, sizes, count))
