"""The image's mass, made what was asked for.

    x_i → x_i · exp(λ r_i²),    then scaled to the old sum,

with r_i the distance from the image's pT centroid and one λ a jet, found by Newton's method. Of all changes that
reach the mean r² that a mass amounts to, this one departs least from the image in relative entropy (Csiszár,
doi:10.1214/aop/1176996454): zeros stay zeros, and a mass that is right already changes nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..data.grid import Grid

_STEPS = 3
#: Largest change of λ in a step, and of λ, in units of 1/half-width²: masses out of reach end there.
_STEP, _MOST = 4.0, 8.0


class ExactMass(nn.Module):
    """Images (B, H, W) with sum 1 and masses over pT (B,) → images with those masses, differentiable in both.

    The mass is that of :func:`qgan.observables.tensors.mass`, of massless cells. An image that cannot have the mass,
    such as one of a single pixel, comes as close as it can.

    Args:
        grid: of the images.
    """

    eta: Tensor
    phi: Tensor
    eta_terms: Tensor
    phi_terms: Tensor

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        eta, phi = np.asarray(grid.eta), np.asarray(grid.phi)
        # m² = (a + b)(2t + a − b) − y² − z² with t = Σp, a = Σp (cosh η − 1), z = Σp sinh η, b = Σp (1 − cos φ),
        # y = Σp sin φ: every weight depends on η or on φ alone, and so does each factor of exp(λ r²).
        for name, values in (("eta", eta), ("phi", phi),
                             ("eta_terms", [np.ones_like(eta), 2 * np.sinh(eta / 2) ** 2, np.sinh(eta)]),
                             ("phi_terms", [np.ones_like(phi), 2 * np.sin(phi / 2) ** 2, np.sin(phi)])):
            self.register_buffer(name, torch.tensor(np.asarray(values), dtype=torch.float32), persistent=False)
        self.scale = grid.half_width**2

    def forward(self, shares: Tensor, mass: Tensor, power: float = 1.0) -> Tensor:
        """``power`` below 1: images and result are shares to that power, Σ x^(1/power) = 1."""
        weights = shares if power == 1.0 else shares.pow(1 / power)
        across, along = self._squares(weights)
        target = 2 * mass.clamp_min(1e-4).log()
        strength = torch.zeros_like(mass)
        for _ in range(_STEPS):
            logarithm, slope = self._log_mass2(weights, across, along, strength)
            step = (target - logarithm) / slope.clamp_min(1e-3)
            strength = (strength + step.clamp(-_STEP, _STEP)).clamp(-_MOST, _MOST)
        rows, columns = ((power * strength[:, None] * squares).exp() for squares in (across, along))
        tilted = shares * rows[:, :, None] * columns[:, None, :]
        total = (tilted if power == 1.0 else tilted.pow(1 / power)).sum((1, 2), keepdim=True)
        return tilted * total.clamp_min(1e-12).pow(-power)

    def _squares(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """(Δη)² and (Δφ)² from each image's centroid, (B, H) and (B, W), in units of half-width²."""
        total = weights.sum((1, 2)).clamp_min(1e-12)[:, None]
        eta, phi = weights.sum(2) @ self.eta[:, None] / total, weights.sum(1) @ self.phi[:, None] / total
        return (self.eta - eta).square() / self.scale, (self.phi - phi).square() / self.scale

    def _log_mass2(self, weights: Tensor, across: Tensor, along: Tensor, strength: Tensor) -> tuple[Tensor, Tensor]:
        """ln (m/pT)² of the tilted image and its slope in λ."""
        rows = (strength[:, None] * across).exp()[:, None] * self.eta_terms
        columns = (strength[:, None] * along).exp()[:, None] * self.phi_terms
        sides = torch.cat((rows, rows * across[:, None]), 1), torch.cat((columns, columns * along[:, None]), 1)
        sums = sides[0] @ weights @ sides[1].mT
        slopes = sums[:, 3:, :3] + sums[:, :3, 3:]
        t, a, z, b, y = (sums[:, i, j] for i, j in ((0, 0), (1, 0), (2, 0), (0, 1), (0, 2)))
        dt, da, dz, db, dy = (slopes[:, i, j] for i, j in ((0, 0), (1, 0), (2, 0), (0, 1), (0, 2)))
        mass2 = (a + b) * (2 * t + a - b) - y**2 - z**2
        slope = (da + db) * (2 * t + a - b) + (a + b) * (2 * dt + da - db) - 2 * (y * dy + z * dz)
        t, mass2 = t.clamp_min(1e-12), mass2.clamp_min(1e-12)
        return (mass2 / t**2).log(), slope / mass2 - 2 * dt / t
