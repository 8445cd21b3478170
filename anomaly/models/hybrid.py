"""A hybrid autoencoder: convolutions, a circuit whose ⟨Z⟩ are the latent space, and a classical decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qgan.quantum.reuploading import Reuploading
from qgan.quantum.states import z_expectations

from .circuit import n_patches, patches
from .classical import ClassicalAutoencoder, Loss, log_error, widest
from .registry import MODELS


class CircuitExpectations(nn.Module):
    """(B, C, h, w) maps -> (B, n) ⟨Z⟩: each qubit takes the pixels of its patch of all C maps."""

    def __init__(self, circuit: Reuploading, patch: int) -> None:
        super().__init__()
        self.circuit, self.patch = circuit, patch

    def forward(self, maps: Tensor) -> Tensor:
        cut = patches(maps.flatten(0, 1), self.patch).unflatten(0, maps.shape[:2])
        return z_expectations(self.circuit(cut.transpose(1, 2).flatten(2)))


@MODELS.register("hybrid")
class HybridAutoencoder(ClassicalAutoencoder):
    """Two 3×3 convolutions, the first of stride 2, PReLU; patches of the maps on qubits, ⟨Z⟩ of each; a dense layer
    and two transposed convolutions.

    Args:
        shape: (H, W) of an image, multiples of 4.
        patch: pixels a side, after the first convolution, of the patch of one qubit: 12×12 pixels and 2 make 9 qubits.
        uploads, entangler, shift: see :class:`~qgan.quantum.reuploading.Reuploading`.
        channels: of the convolutions.
        budget: at most so many parameters: as many channels as it buys. 0 takes ``channels``.
        loss: ``mse`` or ``bce``.
    """

    def __init__(self, shape: tuple[int, int], patch: int = 2, uploads: int = 2, *, entangler: str = "ring",
                 shift: bool = True, channels: int = 6, budget: int = 0, loss: Loss = "mse") -> None:
        super().__init__(loss)
        height, width = shape
        if height % 4 or width % 4:
            raise ValueError(f"an image of {height} x {width} pixels, expected multiples of 4")
        if channels < 1:
            raise ValueError(f"channels: {channels}, expected at least 1")
        n, small = n_patches((height // 2, width // 2), patch), (height // 4, width // 4)
        if budget:
            channels = widest(lambda c: _count(n, small, patch, uploads, c), budget, "a hybrid autoencoder")
        circuit = Reuploading(n, channels * patch**2, uploads=uploads, entangler=entangler, shift=shift, spread=0.5)
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, height)), nn.Conv2d(1, channels, 3, stride=2, padding=1), nn.PReLU(),
            nn.Conv2d(channels, channels, 3, padding=1), nn.PReLU(), CircuitExpectations(circuit, patch))
        self.decoder = nn.Sequential(
            nn.Linear(n, channels * small[0] * small[1]), nn.PReLU(), nn.Unflatten(1, (channels, *small)),
            nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1), nn.PReLU(),
            nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1), nn.Flatten(1, 2))

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features are ⟨Z⟩ of every qubit and the logarithm of the error."""
        score, latent = self._judge(x)
        return score, torch.cat((latent, log_error(score)), dim=1)


def _count(n: int, small: tuple[int, int], patch: int, uploads: int, channels: int) -> int:
    """Weights, biases and PReLU slopes of all."""
    convolutions = 9 * channels + channels + 9 * channels**2 + channels + 2
    circuit = 2 * uploads * n * channels * patch**2
    dense = (n + 1) * channels * small[0] * small[1] + 1
    return convolutions + circuit + dense + 16 * channels**2 + channels + 1 + 16 * channels + 1
