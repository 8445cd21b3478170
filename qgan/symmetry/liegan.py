"""LieGAN (Yang et al., arXiv:2302.00236): generators of a symmetry of data, found by two networks that play a game.

One side draws w ~ N(0, 1)ᵏ and moves a point by exp(Σ w_i L_i); all it can learn are the matrices L_i. The other tells
moved points from others. Where it cannot, the data have the symmetry. Two terms keep the answer from being trivial: how
alike a point and its image are counts against the L (else L = 0 wins), and how alike two of the L are.

A game always has a winner, also where there is no symmetry. So what was found is put to a test that it has not seen: a
new network, trained to tell moved points from others, on points that are held out. Its AUC says whether the symmetry is
one: 0.5 within errors if so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Generator, Tensor, nn
from torch.nn.functional import cosine_similarity, softplus

from ..base.seeding import integer_seed, torch_rng
from ..taggers import Labelled, Seen, Setting
from ..taggers.layers import dense
from ..taggers.training import Network

#: Width of the networks, points of a step.
WIDTH, BATCH = 64, 256
#: Largest rates of the generators and of the network; decay of the generators' running average, in a step.
RATES, DECAY = (8e-3, 3e-3), 0.98
#: A point and its image count against the generators while their mean cosine is above this.
ALIKE = 0.8


@dataclass(frozen=True)
class LieGAN:
    """What one game has found.

    Attributes:
        generators: (k, d, d); exp(Σ w_i L_i) with w ~ N(0, 1)ᵏ is what they were tried with.
        auc: of a new network that tells moved points from others, on points that are held out.
        error: what its AUC varies by where it knows nothing.
        moved: how far points went, mean of ‖x' − x‖/‖x‖.
    """

    generators: np.ndarray
    auc: float
    error: float
    moved: float

    @property
    def found(self) -> bool:
        """Whether moved points pass for others, within three errors."""
        return self.auc < 0.5 + 3 * self.error


def liegan(points: np.ndarray, count: int = 1, *, beside: np.ndarray | None = None, steps: int = 600,
           seed: int = 0) -> LieGAN:
    """Generators of a symmetry of points.

    Args:
        points: (N, M, d), M vectors that are moved together, padded with zeros; d numbers of one kind, which are scaled
            by one number and never one by one.
        count: k, how many generators.
        beside: (N, M, c), what does not change when points are moved, of order one.
        steps: of the game.
        seed: of first weights, w, and order; another game for each.

    Example:
        ``liegan(ring[:, None]).generators`` of points (N, 2) on a ring is near a multiple of [[0, −1], [1, 0]].
    """
    x = torch.as_tensor(points, dtype=torch.float32)
    x = x / x.square().mean().sqrt()
    still = torch.zeros(*x.shape[:2], 0) if beside is None else torch.as_tensor(beside, dtype=torch.float32)
    order = torch.randperm(len(x), generator=torch_rng(seed, "halves"))
    played, held_out = order.chunk(2)
    generators = _play(x[played], still[played], count, steps, seed)
    auc, error, far = _tested(generators, x, still, played, held_out, seed)
    return LieGAN(generators.double().numpy(), auc, error, far)


def _play(x: Tensor, still: Tensor, count: int, steps: int, seed: int) -> Tensor:
    """Running average of the generators (k, d, d) at the end of the game."""
    rng = torch_rng(seed, "game")
    generators = (0.3 * torch.randn(count, x.shape[-1], x.shape[-1], generator=rng)).requires_grad_()
    network = _network(_shown(x[:1], still[:1]).shape[1], rng)
    sides = [torch.optim.Adam(side, betas=(0.5, 0.99)) for side in ([generators], network.parameters())]
    rates = [torch.optim.lr_scheduler.OneCycleLR(side, rate, total_steps=steps)
             for side, rate in zip(sides, RATES, strict=True)]
    average = generators.detach().clone()
    for _ in range(steps):
        real, start = (torch.randint(len(x), (BATCH,), generator=rng) for _ in range(2))
        w = torch.randn(BATCH, count, generator=rng)
        moved = move(x[start], generators, w)
        shown = _shown(moved, still[start])
        _step(sides[1], softplus(-network(_shown(x[real], still[real]))).mean()
              + softplus(network(shown.detach())).mean())
        # Non-saturating: it wants to pass for real, not just not to be found out.
        _step(sides[0], softplus(-network(shown)).mean() + _likeness(x[start], moved, generators))
        for rate in rates:
            rate.step()
        average.lerp_(generators.detach(), 1 - DECAY)
    return average


def _step(side: torch.optim.Optimizer, loss: Tensor) -> None:
    side.zero_grad()
    loss.backward()
    side.step()


def _likeness(x: Tensor, moved: Tensor, generators: Tensor) -> Tensor:
    """Of points and their images, above :data:`ALIKE`, and |cos| of every two generators."""
    unit = generators.flatten(1) / generators.flatten(1).norm(dim=1, keepdim=True)
    alike = cosine_similarity(x.flatten(1), moved.flatten(1)).mean()
    return torch.relu(alike - ALIKE) + (unit @ unit.T).triu(1).abs().sum()


def move(x: Tensor, generators: Tensor, w: Tensor) -> Tensor:
    """exp(Σ w_i L_i) x of points (B, M, d), by generators (k, d, d) and w (B, k)."""
    return x @ torch.matrix_exp(torch.einsum("bk,kij->bij", w, generators)).mT


def _tested(generators: Tensor, x: Tensor, still: Tensor, played: Tensor, held_out: Tensor,
            seed: int) -> tuple[float, float, float]:
    """AUC of a new network on held-out points, its error, and how far these were moved."""
    w = torch.randn(len(x), len(generators), generator=torch_rng(seed, "test"))
    moved = move(x, generators, w)
    real, image = (Seen(observables=_shown(side, still).numpy()) for side in (x, moved))
    # No point stands on both sides: an image beside its own point would be told from it, or learned by heart.
    (a, b), (c, d) = (half.numpy().reshape(-1)[:len(half) // 2 * 2].reshape(2, -1) for half in (played, held_out))
    judge = Network(lambda shape, _, rng: _network(shape[0], rng), lambda seen: seen.observables, rate=3e-3, ramp=True)
    fitted = judge(Labelled.of(real[a], image[b]), None, Setting(integer_seed(seed, "judge") % 2**31))
    scores = [fitted.scores(side)[:, 1] for side in (real[c], image[d])]
    auc = roc_auc_score(np.repeat([0, 1], [len(side) for side in scores]), np.fromiter(chain(*scores), float))
    far = ((moved - x).flatten(1).norm(dim=1) / x.flatten(1).norm(dim=1).clamp_min(1e-9)).mean()
    return float(auc), float(np.sqrt((2 * len(c) + 1) / (12 * len(c) ** 2))), float(far)


def _shown(x: Tensor, still: Tensor) -> Tensor:
    """(B, M(d + c)), what a network sees."""
    return torch.cat([x, still], 2).flatten(1)


def _network(inputs: int, rng: Generator) -> nn.Module:
    return nn.Sequential(dense(inputs, WIDTH, rng), nn.LeakyReLU(0.2), dense(WIDTH, WIDTH, rng), nn.LeakyReLU(0.2),
                         dense(WIDTH, 1, rng))
