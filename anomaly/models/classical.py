"""What the classical autoencoders share: an error per image, and the size that a budget buys.

An encoder e and a decoder d are trained so that x̂ = d(e(x)) is near x, in the squared error Σ(x̂ − x)² or in the
binary cross-entropy −Σ[x log x̂ + (1 − x) log(1 − x̂)] over pixels, for which x lies between 0 and 1. From the latter
the entropy of x itself is taken off in the score: it is no fault of the reconstruction.

Where x is a share of the jet's pT, pixels are of order 0.01, and beside the first layer's biases the network hardly
sees them. A gain g lets it work on g x; errors are then those of g x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from qgan.base.errors import QganError

from .interface import Autoencoder

Loss = Literal["mse", "bce"]
#: A reconstruction that varies less than this share of how the images vary is the same for every jet.
COLLAPSED = 1e-8


class ClassicalAutoencoder(Autoencoder):
    """An encoder and a decoder.

    Attributes:
        encoder: (B, H, W) → (B, latent).
        decoder: (B, latent) → (B, H, W), before the sigmoid where the loss is ``bce``.
    """

    encoder: nn.Module
    decoder: nn.Module

    def __init__(self, loss: Loss, gain: float = 1.0) -> None:
        super().__init__()
        if loss not in ("mse", "bce"):
            raise ValueError(f"loss is {loss!r}, expected 'mse' or 'bce'")
        if gain <= 0 or (loss == "bce" and gain != 1):
            raise ValueError(f"gain: {gain}, expected above 0, and 1 for the loss 'bce'")
        self.kind, self.gain = loss, gain

    def loss(self, x: Tensor) -> Tensor:
        x = self.gain * x
        return self._error(x, self.decoder(self.encoder(x))).mean()

    def encode(self, x: Tensor) -> Tensor:
        """(B, latent), of images (B, H, W)."""
        latent: Tensor = self.encoder(self.gain * x)
        return latent

    def decode(self, latent: Tensor) -> Tensor:
        """(B, H, W) images, of latent numbers (B, latent)."""
        decoded: Tensor = self.decoder(latent)
        return decoded.sigmoid() if self.kind == "bce" else decoded / self.gain

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The feature is the logarithm of the error: its distribution is nearer to a normal one."""
        score = self._judge(x)[0]
        return score, log_error(score)

    def _judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The score (B,) and the latent numbers (B, latent)."""
        x = self.gain * x
        latent = self.encoder(x)
        return self._score(x, self.decoder(latent)), latent

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    @torch.no_grad()
    def check(self, x: Tensor) -> None:
        """Raises QganError where every jet has the same image."""
        made = self.reconstruct(x)
        if float(made.var(0).sum()) < COLLAPSED * float(x.var(0).sum()):
            raise QganError("model: has collapsed: it makes the same image of every jet; train longer, at another "
                            "rate, or with more parameters")

    def _error(self, x: Tensor, decoded: Tensor) -> Tensor:
        if self.kind == "bce":
            return functional.binary_cross_entropy_with_logits(decoded, x, reduction="none").sum((1, 2))
        return ((decoded - x) ** 2).sum((1, 2))

    def _score(self, x: Tensor, decoded: Tensor) -> Tensor:
        error = self._error(x, decoded)
        if self.kind == "bce":
            error = error + (torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum((1, 2))
        return error


def log_error(score: Tensor) -> Tensor:
    """(B, 1)."""
    return score.clamp_min(1e-12).log()[:, None]


def widest(count: Callable[[int], int], budget: int, what: str) -> int:
    """The largest width w with ``count(w)`` ≤ ``budget`` parameters; ``count`` grows with w.

    Raises:
        ValueError: not even a width of 1 fits.
    """
    if count(1) > budget:
        raise ValueError(f"budget: {budget} parameters, {what} needs at least {count(1)}; take a smaller latent space")
    low, high = 1, 2
    while count(high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= budget else (low, middle)
    return low
