"""The density of a few numbers that physics looks at, in place of pixels.

−log p of usual jets, where p is a product of conditional densities p(z₁) p(z₂|z₁) p(z₃|z₁, z₂) ..., each a mixture of
normal distributions whose weights, means and widths a small network makes of the numbers before it. z are the numbers,
each carried to a standard normal distribution by its own distribution among the training jets: what a density takes for
unusual depends on the coordinates, and these are the same whatever monotonous function of a number one begins with.

Without the factors of the first numbers, ``given``, it is the density of the others given these: with the count of lit
pixels first, what a jet has of it says nothing by itself.

Distances are in units of the image's half width, shares s of the pT:

- ``count``: pixels with s above 2·10⁻⁴ (0.1 GeV of 500), soft on a logarithmic scale.
- ``entropy``: −Σ s log s.
- ``ptd``: √Σ s².
- ``width``: Σ s r about the centroid.
- ``mass``: √(Σ s_i s_j d_ij² / 2) of the hardest pixels: for narrow jets the mass over the pT.
- ``prongs``: e₃/e₂³ of the same pixels, e₂ = Σ s_i s_j d_ij and e₃ = Σ s_i s_j s_k d_ij d_jk d_ki, small for a jet of
  two prongs (D₂ of arXiv:1409.6298 with β = 1).
- ``core``: the share within a quarter of the half width from the hardest pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .interface import Autoencoder, require_shares
from .registry import MODELS

NAMES = ("count", "entropy", "ptd", "width", "mass", "prongs", "core")
#: The share above which a pixel counts as lit, the pixels that pairs are made of, and a length below any.
LIT, HARDEST, TINY = 2e-4, 25, 1e-6
#: Points at which a distribution among the training jets is kept.
KNOTS = 201


@MODELS.register("observables")
class ObservableDensity(Autoencoder):
    """Conditional densities of observables of shares of pT (``preprocessing.scaling: sum``).

    Args:
        shape: (H, W) of an image.
        names: of the observables, in order.
        given: how many of them, the first ones, are conditions alone.
        components: normal distributions of a mixture.
        hidden: width of the networks' hidden layer.
    """

    knots: Tensor

    def __init__(self, shape: tuple[int, int], names: Sequence[str] = NAMES, given: int = 0, components: int = 3,
                 hidden: int = 16) -> None:
        super().__init__()
        for name in names:
            if name not in NAMES:
                raise ValueError(f"names: {name!r}, expected some of {', '.join(NAMES)}")
        if not 0 <= given < len(names) or min(components, hidden) < 1:
            raise ValueError(f"given: {given} of {len(names)} names, expected fewer; components and hidden at least 1")
        self.names, self.given = tuple(names), given
        self.networks = nn.ModuleList(
            nn.Sequential(nn.Linear(max(i, 1), hidden), nn.Tanh(), nn.Linear(hidden, 3 * components))
            for i in range(given, len(names)))
        y, x = torch.meshgrid(*(torch.linspace(-1, 1, side + 1)[:-1] + 1 / side for side in shape), indexing="ij")
        self.register_buffer("places", torch.stack([y.ravel(), x.ravel()], 1), persistent=False)
        self.register_buffer("knots", torch.linspace(-1, 1, KNOTS).repeat(len(names), 1))

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        """Keeps how each observable is distributed."""
        require_shares(x)
        values = torch.cat([self.observables(block) for block in x.split(1000)])
        levels = torch.linspace(0, 1, KNOTS, device=x.device)
        knots = torch.quantile(values[:20_000].double(), levels.double(), dim=0).T
        self.knots.copy_(knots)

    def observables(self, x: Tensor) -> Tensor:
        """(B, F), of images (B, H, W)."""
        shares = x.flatten(1)
        hardest, index = shares.topk(min(HARDEST, shares.shape[1]), dim=1)
        found = {name: getattr(self, f"_{name}")(shares) for name in ("count", "entropy", "ptd", "width")
                 if name in self.names}
        if {"mass", "prongs", "core"} & {*self.names}:
            found |= self._of_hardest(shares, hardest, self.places[index])
        return torch.stack([found[name] for name in self.names], 1)

    def normal(self, values: Tensor) -> Tensor:
        """(B, F): observables carried to a standard normal distribution; beyond the training jets in a straight line."""
        knots = self.knots
        place = torch.searchsorted(knots, values.T.contiguous(), right=True).clamp(1, KNOTS - 1)
        low, high = knots.gather(1, place - 1), knots.gather(1, place)
        # Of values that many jets have, knots coincide.
        part = ((values.T - low) / (high - low).clamp_min(TINY**2)).clamp(0, 1)
        level = (place - 1 + part).T / (KNOTS - 1)
        edge = 0.5 / (KNOTS - 1)
        inside = level.clamp(edge, 1 - edge)
        spread = (knots[:, -1] - knots[:, 0]).clamp_min(TINY)
        beyond = ((values - knots[:, -1]).clamp_min(0) - (knots[:, 0] - values).clamp_min(0)) / spread
        return torch.special.ndtri(inside) + 5 * beyond

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.normal(self.observables(x))
        return -self._log_density(z), z

    def loss(self, x: Tensor) -> Tensor:
        return self.score(x).mean()

    def _log_density(self, z: Tensor) -> Tensor:
        total = z.new_zeros(len(z))
        for i, network in enumerate(self.networks, self.given):
            weight, mean, log_width = network(z[:, :i] if i else z.new_zeros(len(z), 1)).chunk(3, 1)
            log_width = log_width.clamp(-4, 3)
            parts = weight.log_softmax(1) - log_width - 0.5 * ((z[:, i:i + 1] - mean) / log_width.exp()).square()
            total = total + parts.logsumexp(1)
        return total - 0.5 * len(self.networks) * torch.log(z.new_tensor(2 * torch.pi))

    def _count(self, shares: Tensor) -> Tensor:
        fourth = shares.square().square()
        return (fourth / (fourth + LIT**4)).sum(1)

    def _entropy(self, shares: Tensor) -> Tensor:
        return -torch.xlogy(shares, shares).sum(1)

    def _ptd(self, shares: Tensor) -> Tensor:
        return shares.square().sum(1).sqrt()

    def _width(self, shares: Tensor) -> Tensor:
        return (shares * (self.places - (shares @ self.places)[:, None]).norm(dim=2)).sum(1)

    def _of_hardest(self, shares: Tensor, hardest: Tensor, places: Tensor) -> dict[str, Tensor]:
        distance = torch.cdist(places, places)
        pairs = hardest[:, :, None] * hardest[:, None] * distance
        root = hardest.sqrt()
        triangles = root[:, :, None] * root[:, None] * distance
        e2 = pairs.sum((1, 2)) / 2 + TINY
        e3 = torch.einsum("bij,bjk,bki->b", triangles, triangles, triangles) / 6
        near = (self.places - places[:, :1]).norm(dim=2) < 0.25
        return {"mass": ((pairs * distance).sum((1, 2)) / 2).sqrt(), "prongs": torch.log(e3 + TINY) - 3 * torch.log(e2),
                "core": (shares * near).sum(1)}
