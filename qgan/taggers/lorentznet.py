"""LorentzNet (Gong et al., arXiv:2201.08187): what it says of a jet does not change under boosts and rotations.

Particle i has a four-momentum x_i and scalars h_i, at first ψ(m_i²) and whether it is a beam. A block makes, with
ψ(z) = sgn z · ln(1 + |z|) and the Minkowski product,

    m_ij = φ_e(h_i, h_j, ψ(‖x_i − x_j‖²), ψ(⟨x_i, x_j⟩))        x_i ← x_i + c Σ_j φ_x(m_ij) x_j
    h_i ← h_i + φ_h(h_i, Σ_j σ(φ_m(m_ij)) m_ij)                  j: all other particles

so that h stays a scalar and x a vector; the mean of h over the particles decides. All sums and means are over real
particles, so that a score does not depend on the other jets of its batch.

Alone, particles do not tell their pT, which no boost leaves as it is. So two beams, massless particles along ±z, are
added to each jet, after a boost along z to where its own rapidity is 0: then boosts along the beam and rotations about
it are what changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from .kinematics import MINKOWSKI, at_rest_along_z, product, psi, trimmed
from .layers import dense
from .particlenet import momenta, spread
from .registry import TAGGERS, Tagger
from .training import Network

#: A layer of so many numbers to as many.
Inner = Callable[[int, torch.Generator], nn.Module]


def _layers(width: int, rng: torch.Generator) -> nn.Module:
    return nn.Sequential(nn.ReLU(), dense(width, width, rng), nn.ReLU())


INNER: dict[str, Inner] = {"e": _layers, "x": lambda *_: nn.ReLU(), "h": lambda *_: nn.ReLU(),
                           "m": lambda *_: nn.Identity()}


class LorentzNet(nn.Module):
    """Momenta (B, M, 4), GeV, padded with zeros → logits (B, logits).

    Args:
        shape: (M, 4).
        logits: how many.
        rng: of the weights, on the CPU.
        blocks: how many.
        width: of the scalars and of the messages.
        step: c above.
        beams: add the two beams to each jet.
        metric: of the products, symmetric (4, 4); what leaves it as it is changes no score.
        inner: of φ_e, φ_x, φ_h, φ_m, by their letters, what stands between the first layer, normalised, and the last;
            those of :data:`INNER` where they are not given.
    """

    metric: Tensor

    def __init__(self, shape: tuple[int, ...], logits: int, rng: torch.Generator, *, blocks: int = 6, width: int = 72,
                 step: float = 1e-3, beams: bool = True, metric: Sequence[Sequence[float]] | None = None,
                 inner: Mapping[str, Inner] | None = None) -> None:
        super().__init__()
        self.beams = beams
        self.register_buffer("metric", torch.tensor(metric or MINKOWSKI, dtype=torch.float64))
        self.start = dense(2, width, rng)
        self.blocks = nn.ModuleList(Block(width, step, rng, INNER | dict(inner or {})) for _ in range(blocks))
        self.hidden, self.last = dense(width, width, rng), dense(width, logits, rng)

    def forward(self, momenta: Tensor) -> Tensor:
        x, there, beam = entering(momenta, self.beams)
        metric = self.metric.to(x.dtype)
        scalars = torch.stack([psi(product(x, x, metric)), beam.to(x.dtype)], -1).to(self.last.weight.dtype)
        h = self.start(scalars) * there[..., None]
        for block in self.blocks:
            x, h = block(x, h, there, metric)
        real = there & ~beam
        mean = (h * real[..., None]).sum(1) / real.sum(1, keepdim=True).clamp_min(1)
        return self.last(torch.relu(self.hidden(mean)))


class Block(nn.Module):
    """Vectors (B, M, 4), scalars (B, M, width) and which are particles (B, M) → vectors and scalars."""

    def __init__(self, width: int, step: float, rng: torch.Generator, inner: Mapping[str, Inner]) -> None:
        super().__init__()
        self.step = step
        # The first layer of (h_i, h_j, ...), applied to each particle once, not to each pair.
        self.own, self.other, self.products = dense(width, width, rng), dense(width, width, rng), dense(2, width, rng)
        self.message = nn.Sequential(nn.BatchNorm1d(width), inner["e"](width, rng))
        self.weight = nn.Sequential(inner["m"](width, rng), dense(width, 1, rng))
        self.pull = nn.Sequential(dense(width, width, rng), inner["x"](width, rng), dense(width, 1, rng))
        self.scalars = nn.Sequential(dense(2 * width, width, rng), nn.BatchNorm1d(width), inner["h"](width, rng),
                                     dense(width, width, rng))

    def forward(self, x: Tensor, h: Tensor, there: Tensor, metric: Tensor) -> tuple[Tensor, Tensor]:
        pairs = there[:, :, None] & there[:, None, :] & ~torch.eye(there.shape[1], dtype=torch.bool, device=x.device)
        jet, i, j = pairs.nonzero(as_tuple=True)
        p, q = x[jet, i], x[jet, j]
        difference = p - q
        seen = psi(torch.stack([product(difference, difference, metric), product(p, q, metric)], -1)).to(h.dtype)
        m = self.message(self.own(h)[jet, i] + self.other(h)[jet, j] + self.products(seen))
        pull = self.pull(m).to(x.dtype) * q
        around = spread(torch.sigmoid(self.weight(m)) * m, pairs).sum(2)
        change = self.scalars(torch.cat([h, around], -1)[there])
        return x + self.step * spread(pull, pairs).sum(2), h + spread(change, there)


def entering(momenta: Tensor, beams: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors (B, m, 4) of momenta (B, M, 4) padded with zeros, which are real and which are beams, (B, m).

    With beams two of them come first, and the jet is at rapidity 0.
    """
    x, there = trimmed(momenta)
    return _with_beams(x, there) if beams else (x, there, torch.zeros_like(there))


def _with_beams(x: Tensor, there: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    x = at_rest_along_z(x)
    both = x.new_tensor([[1, 0, 0, 1], [1, 0, 0, -1]]).expand(len(x), 2, 4)
    two = there.new_ones(len(x), 2)
    beam = torch.cat([two, torch.zeros_like(there)], 1)
    return torch.cat([both, x], 1), torch.cat([two, there], 1), beam


for _name, _build, _title in (("lorentznet", LorentzNet, "LorentzNet"),
                              ("lorentznet-lite", partial(LorentzNet, blocks=3, width=24), "LorentzNet, small"),
                              ("lorentznet-alone", partial(LorentzNet, beams=False), "LorentzNet without beams")):
    TAGGERS.add(_name, Tagger(Network(_build, momenta, part=128, ramp=True), _title, sees="particles"))
