"""ParticleNet (Qu and Gouskos, arXiv:1902.08570): a jet is a cloud of particles, each of which looks at its neighbours.

A block of edge convolutions makes of each particle i, with features x_i, and of its k nearest neighbours j

    x_i' = ReLU( S x_i + mean_j h(x_i, x_j − x_i) ),      h: dense layers, each normalised, then ReLU

where S is a straight connection and "nearest" means in (η, φ) in the first block and in the features of the block
before in later ones. Padding takes part nowhere: not as a neighbour, not in the normalisation, not in a mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from .kinematics import about_axis, trimmed
from .layers import dense
from .registry import TAGGERS, Tagger
from .seen import Seen
from .training import Network


class ParticleNet(nn.Module):
    """Momenta (B, M, 4), GeV, padded with zeros → logits (B, logits).

    Args:
        shape: (M, 4).
        logits: how many.
        rng: of the weights, on the CPU.
        blocks: widths of the layers of each block.
        neighbours: k, fewer in jets of fewer particles.
        hidden: width of the layer before the last.
    """

    def __init__(self, shape: tuple[int, ...], logits: int, rng: torch.Generator, *,
                 blocks: Sequence[Sequence[int]] = ((64,) * 3, (128,) * 3, (256,) * 3), neighbours: int = 16,
                 hidden: int = 256) -> None:
        super().__init__()
        features = [7, *(widths[-1] for widths in blocks)]
        self.start = nn.BatchNorm1d(features[0])
        self.blocks = nn.ModuleList(EdgeConv(before, widths, neighbours, rng)
                                    for before, widths in zip(features, blocks, strict=False))
        self.hidden, self.last = dense(features[-1], hidden, rng), dense(hidden, logits, rng)

    def forward(self, momenta: Tensor) -> Tensor:
        momenta, there = trimmed(momenta)
        place, features = (x.to(self.last.weight.dtype) for x in about_axis(momenta))
        x = spread(self.start(features[there]), there)
        for block in self.blocks:
            x = block(place, x, there)
            place = x
        pooled = x.sum(1) / there.sum(1, keepdim=True).clamp_min(1)
        return self.last(torch.relu(self.hidden(pooled)))


class EdgeConv(nn.Module):
    """Places (B, M, d), features (B, M, before) and which are particles (B, M) → features (B, M, widths[-1])."""

    def __init__(self, before: int, widths: Sequence[int], neighbours: int, rng: torch.Generator) -> None:
        super().__init__()
        self.neighbours = neighbours
        # The first layer of (x_i, x_j − x_i), applied to each particle once, not to each pair.
        self.own, self.other = dense(before, widths[0], rng), dense(before, widths[0], rng)
        self.layers = nn.ModuleList(dense(a, b, rng) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths)
        self.straight, self.norm = dense(before, widths[-1], rng), nn.BatchNorm1d(widths[-1])

    def forward(self, place: Tensor, x: Tensor, there: Tensor) -> Tensor:
        index, near = nearest(place, there, self.neighbours)
        jet, particle, _ = near.nonzero(as_tuple=True)
        own, other = self.own(x), self.other(x)
        edges = torch.relu(self.norms[0](own[jet, particle] + other[jet, index[near]]))
        for layer, norm in zip(self.layers, self.norms[1:], strict=True):
            edges = torch.relu(norm(layer(edges)))
        mean = spread(edges, near).sum(2) / near.sum(2, keepdim=True).clamp_min(1)
        return torch.relu(spread(self.norm(self.straight(x[there])), there) + mean)


def nearest(place: Tensor, there: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest other particles of each: positions (B, M, k), and which of them there are, (B, M, k).

    Args:
        place: (B, M, d).
        there: (B, M), which rows are particles.
    """
    with torch.no_grad():
        distance = torch.cdist(place, place, compute_mode="donot_use_mm_for_euclid_dist")
        itself = torch.eye(place.shape[1], dtype=torch.bool, device=place.device)
        distance = distance.masked_fill(itself | ~there[:, None, :], torch.inf)
        found, index = distance.topk(min(k, place.shape[1]), dim=2, largest=False)
        return index, found.isfinite() & there[..., None]


def spread(values: Tensor, mask: Tensor) -> Tensor:
    """Values (n, C) of the n places where the mask is true, in an array of its shape; 0 elsewhere."""
    out = values.new_zeros(*mask.shape, values.shape[-1])
    out[mask] = values
    return out


def momenta(jets: Seen) -> np.ndarray:
    """(N, M, 4) float64: nearly parallel momenta are told apart by small differences of large products."""
    return np.asarray(jets.momenta, np.float64)


for _name, _build, _title in (
        ("particlenet", ParticleNet, "ParticleNet"),
        ("particlenet-lite", partial(ParticleNet, blocks=((32,) * 3, (64,) * 3), neighbours=7, hidden=128),
         "ParticleNet-lite")):
    TAGGERS.add(_name, Tagger(Network(_build, momenta, part=128, ramp=True), _title, sees="particles"))
