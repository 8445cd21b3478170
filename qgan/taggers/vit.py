"""A small vision transformer: patches of an image look at one another, with an attention of two numbers a patch.

Each patch is a vector h of n numbers, linear in what is seen of its pixels, with its place added. A block makes of it

    h_i ← h_i + Σ_j a_ij v_j        a_ij = exp(−(q_i − k_j)²) / Σ_l exp(−(q_i − k_l)²)
    h_i ← h_i + two dense layers of h_i

where the numbers q_i and k_j and the n numbers v_j come of the normalised h by three maps, here dense ones; in
:mod:`.quantum_vit` they are circuits of as many trained numbers. The mean of h over the patches decides. In the variant
``dot`` q_i and k_j are n numbers each too, and a_ij ~ exp(q_i · k_j / √n), as in other transformers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import pad, unfold

from .layers import dense
from .registry import TAGGERS, Tagger
from .residual import inputs, pixels, views
from .training import Network

#: Numbers of a patch, and qubits of a circuit.
WIDTH = 6
#: An image has so many patches a side, if its pixels can be dealt so.
PATCHES = 4
#: Jets of a step: with larger ones there are too few steps.
BATCH = 16
#: q, k and v (T, n) of normalised patches (T, n); q and k are (T,) for the attention of two numbers.
Maps = Callable[[int, Generator], nn.Module]


class DenseMaps(nn.Module):
    """Patches (T, n) → q (T,), k (T,) and v (T, n), by n² numbers each and scales; with ``dot`` q and k (T, n)."""

    def __init__(self, n: int, rng: Generator, *, dot: bool = False) -> None:
        super().__init__()
        self.dot, self.mixing, self.scales = dot, dense(n, 3 * n, rng, bias=False), Scales(n)

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = torch.tanh(self.mixing(torch.tanh(h))).chunk(3, 1)
        return self.scales(q, k, v) if self.dot else self.scales(q.mean(1), k.mean(1), v)


class Scales(nn.Module):
    """Learned scales of q, of k and of each number of v, which lie between −1 and 1."""

    def __init__(self, n: int, start: float = 2.0) -> None:
        super().__init__()
        self.of_pair, self.of_value = nn.Parameter(torch.full((2,), start)), nn.Parameter(torch.full((n,), start))

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.of_pair[0] * q, self.of_pair[1] * k, self.of_value * v


class ViT(nn.Module):
    """Pixels (B, H, W) or (B, C, H, W), GeV → logits (B, logits).

    Args:
        shape: (H, W) or (C, H, W); rows and columns of empty pixels are added where patches do not fit.
        logits: how many.
        rng: of the weights, on the CPU.
        width: n.
        blocks: how many.
        maps: makes q, k and v.
    """

    def __init__(self, shape: tuple[int, ...], logits: int, rng: Generator, *, width: int = WIDTH, blocks: int = 2,
                 maps: Maps = DenseMaps) -> None:
        super().__init__()
        sides = shape[-2:]
        self.patch = -(-sides[0] // PATCHES), -(-sides[1] // PATCHES)
        self.edge = [-side % patch for side, patch in zip(sides, self.patch, strict=True)]
        count = ((sides[0] + self.edge[0]) // self.patch[0]) * ((sides[1] + self.edge[1]) // self.patch[1])
        self.start = dense(views(shape) * self.patch[0] * self.patch[1], width, rng)
        self.place = nn.Parameter(0.1 * torch.randn(count, width, generator=rng))
        self.blocks = nn.Sequential(*(Block(width, rng, maps) for _ in range(blocks)))
        self.norm, self.last = nn.LayerNorm(width), dense(width, logits, rng)

    def forward(self, x: Tensor) -> Tensor:
        seen = pad(inputs(x), (0, self.edge[1], 0, self.edge[0]))
        patches = unfold(seen, self.patch, stride=self.patch).mT
        return self.last(self.norm(self.blocks(self.start(patches) + self.place)).mean(1))


class Block(nn.Module):
    """Patches (B, T, n) → patches."""

    def __init__(self, width: int, rng: Generator, maps: Maps) -> None:
        super().__init__()
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.maps = maps(width, rng)
        self.layers = nn.Sequential(dense(width, 4 * width, rng), nn.GELU(), dense(4 * width, width, rng))

    def forward(self, h: Tensor) -> Tensor:
        q, k, v = (part.unflatten(0, h.shape[:2]) for part in self.maps(self.before(h).flatten(0, 1)))
        alike = -(q[:, :, None] - k[:, None, :]) ** 2 if q.ndim == 2 else q @ k.mT / q.shape[-1] ** 0.5
        h = h + torch.softmax(alike, 2) @ v
        return h + self.layers(self.after(h))


for _name, _maps, _title in (("vit", DenseMaps, "small vision transformer on images"),
                             ("vit-dot", partial(DenseMaps, dot=True), "the same with the usual attention")):
    TAGGERS.add(_name, Tagger(Network(partial(ViT, maps=_maps), pixels, batch=BATCH, ramp=True), _title))
