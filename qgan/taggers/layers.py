"""Layers whose first weights come from a generator: torch's own initialisation takes none."""

from __future__ import annotations

from torch import Generator, nn
from torch.nn.utils import skip_init


def dense(before: int, after: int, rng: Generator, bias: bool = True) -> nn.Linear:
    """(…, before) → (…, after)."""
    return drawn(skip_init(nn.Linear, before, after, bias=bias), rng)  # type: ignore[return-value]


def convolution(before: int, after: int, kernel: int, stride: int, rng: Generator) -> nn.Module:
    """(B, before, H, W) → (B, after, H/stride, W/stride), each channel normalised over the batch."""
    layer = skip_init(nn.Conv2d, before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(drawn(layer, rng), nn.BatchNorm2d(after))


def drawn(layer: nn.Module, rng: Generator) -> nn.Module:
    """Gaussian weights that keep the scale, no bias."""
    nn.init.kaiming_normal_(layer.weight, generator=rng)  # type: ignore[arg-type]
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer
