"""The score of any model as an energy, and a training that makes exp(−E(x)/T) the density of usual jets.

A reconstruction error, or 1 − fidelity, is trained to be small for usual jets and says nothing of others: simpler jets
may have a smaller one. Here E is lowered for jets and raised for samples of what the model itself takes for usual, its
*negatives*, until both are alike:

- ``nae``: the gradient of −log p(x), which is that of (E(jets) − E(negatives))/T, with negatives from Langevin's walk
  (:mod:`.langevin`). An autoencoder's walk begins on its manifold, in the latent space with the energy E(d(z)), and
  goes on in the pixels (arXiv:2105.05735; for jets arXiv:2206.14225, SciPost Core 6, 074). A circuit has no decoder:
  walkers begin at images of independent pixels, each from another jet, and are kept from step to step.
- ``wnae``: the Wasserstein distance between negatives and jets, whose gradient goes through the last step of the walk
  (arXiv:2510.02168). It has a scale, and no minimum where energies run away.
- ``made``: negatives are pseudo-anomalies made of the jets (:mod:`anomaly.pseudo_anomalies`), and E is found by telling
  them from jets, as noise-contrastive estimation does (Gutmann and Hyvärinen 2010): at the minimum exp(−E/T) is the
  density of usual jets over that of the negatives. There is nothing to walk, but what E means depends on the kinds.

The walk is in the space that the model sees, not in GeV: preprocessing and contrast come before it, and with
``observables`` the model sees these numbers in place of pixels, an image of one row: there are few, walkers get
everywhere, and everything that they are is a jet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from qgan.base.errors import QganError
from qgan.base.seeding import numpy_rng

from ..pseudo_anomalies import KINDS
from .circuit import contrasted
from .classical import ClassicalAutoencoder
from .interface import Autoencoder, require_shares
from .langevin import walk
from .observed import Coordinates, Observed
from .registry import MODELS, construct, grouped
from .transport import transport

Method = Literal["nae", "wnae", "made"]
#: Latent numbers of walkers lie within so many standard deviations of those of the jets.
WIDEST = 3.0
#: Standard deviations of an observable that the box reaches to, on either side.
FURTHEST = 4.0
#: Jets that are looked at at once.
BLOCK = 1000
#: Jets and negatives of a Wasserstein distance that is only looked at.
WATCHED = 500
#: Negatives that vary less than this share of how jets vary are one and the same image.
COLLAPSED = 1e-3


@dataclass(frozen=True)
class Negatives:
    """How negatives are made.

    Attributes:
        steps, noise: of the walk in the pixels, and its σ.
        latent_steps, latent_noise: of the walk in the latent space, in standard deviations of the jets' latent
            numbers; models without one, or 0 steps, begin at images of independent pixels.
        kept: walkers that are kept from step to step.
        fresh: share of the walkers that begin anew in each step.
        kinds: of pseudo-anomalies, for ``made``.

    Raises:
        ValueError: a number that cannot be.
    """

    steps: int = 10
    noise: float = 0.02
    latent_steps: int = 10
    latent_noise: float = 0.2
    kept: int = 1000
    fresh: float = 0.1
    kinds: Sequence[str] = ("split", "rotated", "moved", "halves")

    def __post_init__(self) -> None:
        if min(self.steps, self.kept) < 1 or self.latent_steps < 0 or min(self.noise, self.latent_noise) <= 0:
            raise ValueError("negatives: expected at least 1 step and 1 walker that is kept, and noise above 0")
        if not 0 <= self.fresh <= 1:
            raise ValueError(f"negatives.fresh: {self.fresh}, expected 0 to 1")
        for kind in self.kinds:
            KINDS[kind]


@MODELS.register("normalised")
class Normalised(Autoencoder):
    """A model of this registry whose score is trained as an energy.

    Args:
        shape: (H, W) of an image.
        model: ``name`` and ``options`` of the model; its score must have a gradient in the pixels before it is trained.
        method: ``nae``, ``wnae`` or ``made``.
        temperature: T, in units of the model's score.
        warm: so many batches are trained with the model's own loss first.
        restrain: weight of (E/T)² of jets and negatives in ``nae``, which keeps energies from running away together.
        observables: names of :mod:`.observed` numbers that the model sees in place of pixels; none for the pixels.
        coordinates: of these, see :class:`~.observed.Observed`.
        contrast: see :func:`~.circuit.contrasted`; with it shares of pT are seen on a logarithmic scale.
        negatives: options of the :class:`Negatives`.
    """

    chains: Tensor
    begun: Tensor
    batches: Tensor

    def __init__(self, shape: tuple[int, int], model: Mapping[str, Any] | None = None, method: Method = "nae", *,
                 temperature: float = 1e-3, warm: int = 0, restrain: float = 0.0, contrast: float = 0.0,
                 observables: Sequence[str] = (), coordinates: Coordinates = "normal",
                 negatives: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        if method not in get_args(Method):
            raise ValueError(f"method: {method!r}, expected one of {', '.join(get_args(Method))}")
        if temperature <= 0 or min(warm, restrain, contrast) < 0:
            raise ValueError("temperature, warm, restrain or contrast: expected above 0, and 0 or more")
        self.method, self.temperature, self.warm, self.restrain = method, temperature, warm, restrain
        self.contrast, self.options = contrast, grouped("negatives", Negatives(), negatives)
        self.observed = Observed(shape, observables, coordinates) if observables else None
        shape = (1, len(observables)) if observables else shape
        self.inner = construct("model.options.model", model or {"name": "conv"}, shape)
        self._check_energy(shape)
        #: What is added to the energy for ``made``: the logarithm of a ratio of integrals.
        self.offset = nn.Parameter(torch.zeros(()), requires_grad=method == "made")
        kept = self.options.kept if method != "made" else 0
        self.register_buffer("chains", torch.zeros(kept, *shape))
        self.register_buffer("begun", torch.zeros(kept, dtype=torch.bool))
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    def energy(self, seen: Tensor) -> Tensor:
        """(B,), of what the model sees."""
        return self.inner.score(seen)

    def seen(self, x: Tensor) -> Tensor:
        """What the model sees of images (B, H, W), in the box from 0 to 1: pixels with contrast, or observables."""
        if self.observed is None:
            return contrasted(x, self.contrast)
        return (0.5 + self.observed(x) / (2 * FURTHEST)).clamp(0, 1)[:, None]

    def begin(self, x: Tensor) -> None:
        if self.observed is not None:
            self.observed.begin(x)
        self.inner.begin(torch.cat([self.seen(block) for block in x.split(BLOCK)]))

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.inner.judge(self.seen(x))

    def loss(self, x: Tensor) -> Tensor:
        seen = self.seen(x)
        self.batches += 1
        if not self.settled:
            return self.inner.loss(seen)
        if self.method == "made":
            return self._told_apart(x)
        chosen = torch.randint(len(self.chains), (len(x),), device=x.device)
        negatives = self._walked(seen, chosen)
        self.chains[chosen], self.begun[chosen] = negatives.detach(), True
        if self.method == "wnae":
            return transport(negatives, seen)
        low, high = (self.energy(images) / self.temperature for images in (seen, negatives))
        loss = low.mean() - high.mean()
        return loss + self.restrain * (low.square().mean() + high.square().mean()) if self.restrain else loss

    def validation(self, x: Tensor) -> Tensor:
        """How far negatives are from jets, which falls as they become alike; for ``made`` how well they are told
        apart."""
        if self.method == "made":
            return self._told_apart(x)
        seen = self.seen(x)
        return transport(self._walked(seen, self._some(len(x))), seen)

    @property
    def settled(self) -> bool:
        return bool(self.batches > self.warm)

    def watch(self, x: Tensor) -> dict[str, float]:
        """Energies of jets and of negatives, which run apart where a training diverges; their Wasserstein distance
        beside that of two halves of the jets; how much negatives vary and how bright they are, as shares of the jets.
        """
        x = x[:WATCHED]
        seen = self.seen(x)
        negatives = self.seen(self._made(x)) if self.method == "made" else self._walked(seen, self._some(len(x)))
        usual, others = self.energy(seen), self.energy(negatives)
        figures = {"energy/usual": usual.mean(), "energy/negatives": others.mean(),
                   "energy/gap over T": (others.mean() - usual.mean()) / self.temperature,
                   "negatives/variance over jets": negatives.var(0).sum() / seen.var(0).sum(),
                   "negatives/brightness over jets": negatives.sum() / len(negatives) / (seen.sum() / len(seen))}
        n = len(x) // 2
        if n:
            figures |= {"negatives/distance": transport(negatives[:n], seen[:n]),
                        "negatives/distance of jets": transport(seen[n:2 * n], seen[:n])}
        return {name: float(value) for name, value in figures.items()}

    def reconstruct(self, x: Tensor) -> Tensor | None:
        """What the model makes of images, where it sees them as they are."""
        return self.inner.reconstruct(x) if self.reconstructs else None

    @property
    def reconstructs(self) -> bool:
        return self.inner.reconstructs and not self.contrast and self.observed is None

    def calibrate(self, x: Tensor) -> None:
        self.inner.calibrate(self.seen(x))

    @torch.no_grad()
    def check(self, x: Tensor) -> None:
        """Raises QganError where the model has collapsed, or its negatives have."""
        self.inner.check(self.seen(x))
        if self.method != "made" and self.watch(x)["negatives/variance over jets"] < COLLAPSED:
            raise QganError("model: has collapsed: all its negatives are the same image; take a higher "
                            "model.options.temperature or a smaller training.rate")

    def _told_apart(self, x: Tensor) -> Tensor:
        """The logistic loss of telling pseudo-anomalies from the jets."""
        jets, made = (self.energy(self.seen(images)) / self.temperature - self.offset
                      for images in (x, self._made(x)))
        return softplus(jets).mean() + softplus(-made).mean()

    def _made(self, x: Tensor) -> Tensor:
        """(B, H, W): each jet changed, all kinds in turn."""
        require_shares(x)
        shares = x.detach().double().cpu().numpy()
        rng = numpy_rng(int(torch.randint(2**62, ())), "negatives")
        made, kinds = torch.empty_like(x), self.options.kinds
        order = torch.randperm(len(x))
        for kind, part in zip(kinds, order.tensor_split(len(kinds)), strict=True):
            if len(part):
                changed = torch.from_numpy(KINDS[kind].change(shares[part.numpy()], rng))
                made[part.to(x.device)] = (changed / changed.sum((1, 2), keepdim=True)).to(x)
        return made

    def _some(self, n: int) -> Tensor:
        return torch.arange(n, device=self.chains.device) % len(self.chains)

    def _walked(self, seen: Tensor, chosen: Tensor) -> Tensor:
        """(B, H, W) negatives: walkers that are kept, or fresh ones, some steps on."""
        options = self.options
        fresh = (torch.rand(len(chosen), device=seen.device) < options.fresh) | ~self.begun[chosen]
        start = torch.where(fresh[:, None, None], self._fresh(seen), self.chains[chosen])
        return walk(self.energy, start, options.steps, temperature=self.temperature, noise=options.noise,
                    through=self.method == "wnae" and torch.is_grad_enabled())

    @torch.no_grad()
    def _fresh(self, seen: Tensor) -> Tensor:
        """Images on the model's manifold, or images of independent pixels."""
        inner, options = self.inner, self.options
        if not isinstance(inner, ClassicalAutoencoder) or not options.latent_steps:
            order = torch.rand(seen.flatten(1).shape, device=seen.device).argsort(0)
            return seen.flatten(1).gather(0, order).reshape(seen.shape)
        codes = inner.encode(seen)
        centre, scale = codes.mean(0), codes.std(0).clamp_min(1e-6)

        def image(u: Tensor) -> Tensor:
            return inner.decode(centre + scale * u).clamp(0, 1)

        u = walk(lambda u: self.energy(image(u)), torch.randn_like(codes).clamp(-WIDEST, WIDEST), options.latent_steps,
                 temperature=self.temperature, noise=options.latent_noise, box=(-WIDEST, WIDEST))
        return image(u)

    def _check_energy(self, shape: tuple[int, int]) -> None:
        x = torch.rand(2, *shape, requires_grad=True)
        energy = self.inner.score(x).sum()
        slope = torch.autograd.grad(energy, x, allow_unused=True)[0] if energy.requires_grad else None
        if slope is None or not slope.any():
            raise ValueError(f"model: the score of {type(self.inner).__name__} has no gradient in the pixels: it is no "
                             "energy")
