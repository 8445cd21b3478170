"""Four-momenta E, px, py, pz of padded particles in torch: which are real, products, what is measured of each."""

from __future__ import annotations

import torch
from torch import Tensor

#: Minkowski's metric.
MINKOWSKI = ((1.0, 0.0, 0.0, 0.0), (0.0, -1.0, 0.0, 0.0), (0.0, 0.0, -1.0, 0.0), (0.0, 0.0, 0.0, -1.0))


def trimmed(momenta: Tensor) -> tuple[Tensor, Tensor]:
    """Momenta (B, M, 4) without what pads every jet, and which rows are particles, (B, ≤ M).

    Particles come first in a jet, so that nothing depends on the longest jet of the batch.
    """
    there = momenta.ne(0).any(-1)
    longest = max(int(there.sum(1).max()), 1)
    return momenta[:, :longest], there[:, :longest]


def product(p: Tensor, q: Tensor, metric: Tensor) -> Tensor:
    """pᵀJq over the last axis, J a ``metric`` (4, 4)."""
    return ((p @ metric) * q).sum(-1)


def psi(z: Tensor) -> Tensor:
    """sgn z · ln(1 + |z|): squared momenta from MeV² to TeV² become of order one."""
    return z.sign() * torch.log1p(z.abs())


def at_rest_along_z(momenta: Tensor) -> Tensor:
    """Momenta (B, M, 4) of each jet after the boost along z that leaves their sum no pz."""
    energy, _, _, pz = momenta.sum(1, keepdim=True).unbind(-1)
    beta = pz / torch.where(energy > 0, energy, 1.0)
    gamma = (1 - beta**2).rsqrt()
    e, px, py, z = momenta.unbind(-1)
    return torch.stack([gamma * (e - beta * z), px, py, gamma * (z - beta * e)], -1)


def angles(momenta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """pT, η and φ of momenta (…, 4); η = φ = 0 where there is no particle."""
    _, px, py, pz = momenta.unbind(-1)
    there = (px != 0) | (py != 0)
    # The slopes at 0 are no numbers, and no mask behind them would change that.
    px, py = torch.where(there, px, 1.0), torch.where(there, py, 0.0)
    pt = torch.hypot(px, py)
    return torch.where(there, pt, 0.0), torch.asinh(pz / pt), torch.atan2(py, px)


def about_axis(momenta: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates (B, M, 2), η and φ less those of the jet, and seven features (B, M, 7) of each particle.

    The features are Δη, Δφ, ln pT, ln E, ln of the shares of the jet's pT and E, and ΔR (Qu and Gouskos,
    arXiv:1902.08570, table 1). φ is wrapped to ±π; where there is no particle both are 0.
    """
    there = momenta[..., 0] > 0
    pt, eta, phi = angles(momenta)
    jet = momenta.sum(1, keepdim=True)
    jet_pt, jet_eta, jet_phi = angles(jet)
    jet_pt, jet_energy = (torch.where(x > 0, x, 1.0) for x in (jet_pt, jet[..., 0]))
    apart = phi - jet_phi
    place = torch.stack([eta - jet_eta, torch.atan2(apart.sin(), apart.cos())], -1)
    energy = momenta[..., 0]
    logs = [torch.log(torch.where(there, x, 1.0)) for x in (pt, energy, pt / jet_pt, energy / jet_energy)]
    features = torch.stack([*place.unbind(-1), *logs, place.norm(dim=-1)], -1)
    return place * there[..., None], features * there[..., None]
