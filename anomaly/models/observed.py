"""The numbers of a jet that physics looks at, in coordinates that are normal among usual jets.

Each is carried to a standard normal distribution by its own distribution among the training jets: what a density, or an
energy, takes for unusual depends on the coordinates, and these are the same whatever monotonous function of a number
one begins with.

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
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from qgan.observables.tensors import count_above

from .interface import require_shares

Coordinates = Literal["normal", "linear"]
NAMES = ("count", "entropy", "ptd", "width", "mass", "prongs", "core")
#: The share above which a pixel counts as lit, the pixels that pairs are made of, and a length below any.
LIT, HARDEST, TINY = 2e-4, 25, 1e-6
#: Training jets that a distribution is kept of, at most.
MOST = 20_000
#: Points at which a distribution among the training jets is kept.
KNOTS = 201


class Observed(nn.Module):
    """Observables of shares of pT (``preprocessing.scaling: sum``).

    Args:
        shape: (H, W) of an image.
        names: of the observables, in order.
        coordinates: ``normal``, or ``linear``, the numbers themselves less their mean, in standard deviations.

    Raises:
        ValueError: one that there is not, or none at all, or no such coordinates.
    """

    knots: Tensor
    moments: Tensor
    places: Tensor

    def __init__(self, shape: tuple[int, int], names: Sequence[str] = NAMES,
                 coordinates: Coordinates = "normal") -> None:
        super().__init__()
        if coordinates not in get_args(Coordinates):
            raise ValueError(f"coordinates: {coordinates!r}, expected one of {', '.join(get_args(Coordinates))}")
        unknown = [name for name in names if name not in NAMES]
        if unknown or not names:
            raise ValueError(f"observables: {unknown[0] if unknown else 'none'!r}, expected some of {', '.join(NAMES)}")
        self.names, self.coordinates = tuple(names), coordinates
        y, x = torch.meshgrid(*(torch.linspace(-1, 1, side + 1)[:-1] + 1 / side for side in shape), indexing="ij")
        self.register_buffer("places", torch.stack([y.ravel(), x.ravel()], 1), persistent=False)
        self.register_buffer("knots", torch.linspace(-1, 1, KNOTS).repeat(len(names), 1))
        self.register_buffer("moments", torch.tensor([0.0, 1.0])[:, None].repeat(1, len(names)))

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        """Keeps how each observable is distributed among the training jets.

        Raises:
            QganError: images are no shares of pT.
        """
        require_shares(x)
        values = torch.cat([self.values(block) for block in x.split(1000)])[:MOST]
        self.moments.copy_(torch.stack([values.mean(0), values.std(0).clamp_min(TINY)]))
        levels = torch.linspace(0, 1, KNOTS, device=x.device)
        self.knots.copy_(torch.quantile(values.double(), levels.double(), dim=0).T)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F) coordinates, of images (B, H, W)."""
        values = self.values(x)
        return self.normal(values) if self.coordinates == "normal" else (values - self.moments[0]) / self.moments[1]

    def values(self, x: Tensor) -> Tensor:
        """(B, F) observables, of images (B, H, W)."""
        shares = x.flatten(1)
        hardest, index = shares.topk(min(HARDEST, shares.shape[1]), dim=1)
        found: dict[str, Tensor] = {name: getattr(self, f"_{name}")(shares) for name in self.names
                                    if name in ("count", "entropy", "ptd", "width")}
        if {"mass", "prongs", "core"} & {*self.names}:
            found |= self._of_hardest(shares, hardest, self.places[index])
        return torch.stack([found[name] for name in self.names], 1)

    def normal(self, values: Tensor) -> Tensor:
        """(B, F): observables carried to a standard normal distribution, beyond the training jets in a straight line.
        """
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

    def _count(self, shares: Tensor) -> Tensor:
        return count_above(shares, None, LIT)

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
