"""L-GATr-slim (Petitjean et al., arXiv:2512.17011), built from the library ``lgatr`` (extra ``referees``).

A transformer whose particles carry vectors and scalars: a vector is a linear combination of vectors, attention weighs
by their Minkowski products, and products alone turn vectors into what scales them.
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

#: GeV that count as 1 in the vectors: one number for all components.
UNIT = 20.0


class LGATr(nn.Module):
    """Momenta (B, M, 4), GeV, padded with zeros → logits (B, logits).

    Args:
        shape: (M, 4).
        logits: how many.
        rng: of the weights, on the CPU.
        blocks: how many.
        vectors, scalars: of a particle.
        heads: of the attention.
        ratio: hidden vectors and scalars of a block's last layers, as multiples of a particle's.
        beams: see :class:`~qgan.taggers.lorentznet.LorentzNet`.
    """

    metric: Tensor

    def __init__(self, shape: tuple[int, ...], logits: int, rng: Generator, *, blocks: int, vectors: int, scalars: int,
                 heads: int, ratio: int = 2, beams: bool = True) -> None:
        super().__init__()
        from lgatr import LGATrSlim

        self.beams = beams
        self.register_buffer("metric", torch.tensor(MINKOWSKI, dtype=torch.float64))
        with seeded(integer_seed(rng.initial_seed(), "lgatr")):
            self.network = LGATrSlim(num_blocks=blocks, in_v_channels=1, out_v_channels=0, hidden_v_channels=vectors,
                                     in_s_channels=2, out_s_channels=logits, hidden_s_channels=scalars,
                                     num_heads=heads, mlp_ratio=ratio)

    def forward(self, momenta: Tensor) -> Tensor:
        x, there, beam = entering(momenta, self.beams)
        dtype = self.network.linear_in.weight_v.dtype
        scalars = torch.stack([psi(product(x, x, self.metric.to(x.dtype))), beam.to(x.dtype)], -1).to(dtype)
        # A jet of no particle looks at its padding, for lack of anything else.
        seen = there | ~there.any(1, keepdim=True)
        _, found = self.network((x / UNIT).to(dtype)[:, :, None], scalars, attn_mask=seen[:, None, None])
        real = there & ~beam
        return (found * real[..., None]).sum(1) / real.sum(1, keepdim=True).clamp_min(1)


for _name, _blocks, _vectors, _scalars, _heads, _ratio in (("lgatr", 4, 16, 46, 2, 2), ("lgatr-13k", 4, 8, 16, 2, 2),
                                                           ("lgatr-1k", 2, 2, 8, 1, 1)):
    TAGGERS.add(_name, Tagger(Network(partial(LGATr, blocks=_blocks, vectors=_vectors, scalars=_scalars, heads=_heads,
                                              ratio=_ratio), momenta, part=128, ramp=True),
                              f"L-GATr-slim, {_blocks} blocks of {_vectors} vectors and {_scalars} scalars",
                              sees="particles"), needs=("lgatr", "referees"))
