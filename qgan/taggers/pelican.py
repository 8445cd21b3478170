"""PELICAN (Bogatskiy et al., arXiv:2307.16506), built from the library ``pelican-lite`` (extra ``referees``).

Numbers of pairs of particles, here ψ(⟨p_i, p_j⟩) and ψ(‖p_i − p_j‖²) as in :mod:`.lorentznet`, go through layers that
mix each pair with sums over its row, its column and the whole jet in every way that no order of particles changes.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Generator, Tensor, nn

from ..base.seeding import integer_seed, seeded
from .kinematics import MINKOWSKI, product, psi
from .lorentznet import entering
from .particlenet import momenta
from .registry import TAGGERS, Tagger
from .training import Network


class Pelican(nn.Module):
    """Momenta (B, M, 4), GeV, padded with zeros → logits (B, logits).

    Args:
        shape: (M, 4).
        logits: how many.
        rng: of the weights, on the CPU.
        blocks: how many.
        width: numbers of a pair.
        beams: see :class:`~qgan.taggers.lorentznet.LorentzNet`.
    """

    metric: Tensor

    def __init__(self, shape: tuple[int, ...], logits: int, rng: Generator, *, blocks: int, width: int,
                 beams: bool = True) -> None:
        super().__init__()
        from pelican import PELICAN

        self.beams = beams
        self.register_buffer("metric", torch.tensor(MINKOWSKI, dtype=torch.float64))
        self.start = nn.BatchNorm1d(2)
        with seeded(integer_seed(rng.initial_seed(), "pelican")):
            self.network = PELICAN(in_channels_rank2=2, in_channels_rank1=1, in_channels_rank0=0, out_rank=0,
                                   out_channels=logits, num_blocks=blocks, hidden_channels=width)

    def forward(self, momenta: Tensor) -> Tensor:
        x, there, beam = entering(momenta, self.beams)
        jet, i, j = (there[:, :, None] & there[:, None, :]).nonzero(as_tuple=True)
        p, q, metric = x[jet, i], x[jet, j], self.metric.to(x.dtype)
        seen = psi(torch.stack([product(p, q, metric), product(p - q, p - q, metric)], -1)).to(self.start.weight.dtype)
        # Particles of all jets are counted through.
        node = (there.flatten().cumsum(0) - 1).view_as(there)
        return self.network(torch.stack([node[jet, i], node[jet, j]]), there.nonzero()[:, 0], self.start(seen),
                            beam[there][:, None].to(seen.dtype), num_graphs=len(x))


for _name, _blocks, _width in (("pelican", 4, 38), ("pelican-13k", 4, 14), ("pelican-1k", 2, 5)):
    TAGGERS.add(_name, Tagger(Network(partial(Pelican, blocks=_blocks, width=_width), momenta, part=128, ramp=True),
                              f"PELICAN, {_blocks} blocks of {_width}", sees="particles"),
                needs=("pelican", "referees"))
