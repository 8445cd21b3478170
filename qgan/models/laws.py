"""What an image must obey, made so: its mass, its pT centroid, and the side of its harder half.

Mass and centroid by an exponential tilt,

    p_i → p_i · exp(λ r_i² + α η_i + β φ_i),    then scaled to the old sum,

with three numbers a jet, found by Newton's method. Of all changes that reach the mean r², η and φ that mass and
centroid amount to, this one departs least from the image in relative entropy (Csiszár, doi:10.1214/aop/1176996454):
zeros stay zeros, and an image that is right already does not change.

The canonical frame has its harder half on the right, by definition: an image that has not is mirrored.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ..data.frames import left_heavy
from ..data.grid import Grid
from ..data.jets import Frame
from .blocks import steadily

#: Codings that the tilt alone obeys: the network is not told, so they come last.
CENTROID = ("centroid_eta", "centroid_phi")
_STEPS = 6
#: Largest change of λ, α, β in a step, and of each in all, with η and φ in units of the half-width.
_STEP, _MOST = 4.0, 6.0
#: Errors of ln m² and, in half-widths, of the centroid below which one step more reaches what was asked.
_SCALES = (0.03, 0.002, 0.002)
#: Of these errors, so little that the step more leaves nothing: it squares them.
_ENOUGH = 0.01
#: Keeps the step finite for an image of a single pixel, whose moments nothing changes.
_LEAST = 1e-6


class ExactMoments(nn.Module):
    """Images (B, H, W) of sum 1 → images with the mass over pT and the centroid asked for, differentiable in all.

    The mass is that of :func:`qgan.observables.tensors.mass`, of massless cells. An image that cannot have what was
    asked, such as one of a single pixel, comes as close as it can.

    Args:
        grid: of the images.
        grain: share of the pT, g: the exponent is times s/(s + g) for a pixel of the share s, so that soft pixels keep
            their pT; with 0 all are alike. The gradient takes these weights for fixed.
    """

    eta: Tensor
    phi: Tensor
    basis: Tensor
    scales: Tensor
    least: Tensor
    linear: Tensor
    square: Tensor

    def __init__(self, grid: Grid, grain: float = 0.0) -> None:
        super().__init__()
        self.grain = grain
        eta, phi = (axis.ravel() for axis in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
        y, x = eta / grid.half_width, phi / grid.half_width
        tilts = np.stack((y**2 + x**2, y, x))
        # With Σp = 1 the mass is m² = 2a + a² + 2b − b² − z² − y² of the means of the first four.
        functions = np.stack((2 * np.sinh(eta / 2) ** 2, 2 * np.sin(phi / 2) ** 2, np.sinh(eta), np.sin(phi), y, x))
        products = (functions[:, None] * tilts).reshape(18, -1)
        self.half_width = grid.half_width
        for name, values in (("eta", np.asarray(grid.eta) / grid.half_width),
                             ("phi", np.asarray(grid.phi) / grid.half_width),
                             ("basis", np.concatenate((tilts, functions, products)).T),
                             ("scales", _SCALES), ("least", _LEAST * np.eye(3)),
                             ("linear", (2, 2, 0, 0)), ("square", (1, -1, -1, -1))):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, images: Tensor, mass: Tensor | None = None, centroid: Tensor | None = None,
                power: float = 1.0, radial: bool = False) -> Tensor:
        """``mass`` is (B,), over pT; ``centroid`` (B, 2), η and φ; what is left out stays as it is.

        ``radial``: the tilt is exp(λ r²) about the image's centroid, which goes where that takes it.
        ``power`` below 1: images and result are shares to that power, Σ x^(1/power) = 1.
        """
        return self._solved_for(images, mass, centroid, power, radial)[0]

    def tilted(self, images: Tensor, mass: Tensor | None = None, centroid: Tensor | None = None, power: float = 1.0,
               radial: bool = False) -> tuple[Tensor, Tensor]:
        """The same, and how much it took, (B,): over the pixels that are not zero, the variance of the logarithm of
        the factors by which their pT was changed."""
        made, strength, weight = self._solved_for(images, mass, centroid, power, radial)
        return made, self._spread(strength, weight, images.detach() > 0)

    def _solved_for(self, images: Tensor, mass: Tensor | None, centroid: Tensor | None, power: float,
                    radial: bool) -> tuple[Tensor, Tensor, Tensor | None]:
        """The images asked for, the strengths of their tilts, and the weights of their pixels in it."""
        shares = images if power == 1.0 else images.pow(1 / power)
        weight = (shares / (shares + self.grain)).detach() if self.grain else None
        start = self._moments(shares, images.new_zeros(images.shape[0], 3), weight)
        own = self._asked(start)
        target = torch.cat((own[:, :1] if mass is None else 2 * mass.clamp_min(1e-4).log()[:, None],
                            own[:, 1:] if centroid is None else centroid / self.half_width), 1)
        # Along which the tilt may change: exp(λ |r − c|²) is α = −2 λ c_η and β = −2 λ c_φ.
        way = torch.cat((torch.ones_like(own[:, :1]), -2 * own[:, 1:]), 1).detach() if radial else None
        with torch.no_grad():
            strength, slopes, reached = self._solve(shares.detach(), start.detach(), target.detach(), way, weight)
        # One step more, with the gradient of an exact solution: that of the implicit function. Where nothing was
        # reached the slopes may be singular, and a gradient through them would be NaN.
        slopes = torch.where(reached[:, :, None], slopes, torch.eye(3, dtype=slopes.dtype, device=slopes.device))
        missing = torch.where(reached, target - self._asked(self._moments(shares, strength, weight)), 0.0)
        strength = strength + _solved(slopes, missing, way).clamp(-_STEP, _STEP)
        tilted = self._changed(images, power * strength, weight)
        total = (tilted if power == 1.0 else tilted.pow(1 / power)).sum((1, 2), keepdim=True)
        return tilted * total.clamp_min(1e-12).pow(-power), strength, weight

    def _changed(self, images: Tensor, strength: Tensor, weight: Tensor | None) -> Tensor:
        """The images times the tilt's factors."""
        rows, columns = self._exponents(strength)
        if weight is None:
            return images * rows.exp()[:, :, None] * columns.exp()[:, None, :]
        return images * (weight * (rows[:, :, None] + columns[:, None, :])).exp()

    def _spread(self, strength: Tensor, weight: Tensor | None, lit: Tensor) -> Tensor:
        """(B,): the variance of the tilt's exponent over the pixels ``lit``."""
        rows, columns = self._exponents(strength)
        exponents, weights = rows[:, :, None] + columns[:, None, :], lit / lit.sum((1, 2), keepdim=True).clamp_min(1)
        exponents = exponents if weight is None else weight * exponents
        mean = (weights * exponents).sum((1, 2), keepdim=True)
        return (weights * (exponents - mean).square()).sum((1, 2))

    def _solve(self, shares: Tensor, moments: Tensor, target: Tensor, way: Tensor | None,
               weight: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Strengths (B, 3), the slopes (B, 3, 3) of what they change, and whether it was reached (B, 1).

        Newton's method from the shares as they are, which have these ``moments``, for each image until it is close
        enough; where it does not converge, the nearest that it came to.
        """
        every = torch.compiler.is_compiling()
        strength = best = target.new_zeros(shares.shape[0], 3)
        kept, least = target.new_zeros(shares.shape[0], 3, 3), target.new_full((shares.shape[0], 1), torch.inf)
        found, rows = None, torch.arange(shares.shape[0], device=shares.device)
        for steps_left in reversed(range(_STEPS)):
            missing, slopes = target - self._asked(moments), self._slopes(moments)
            error = (missing / self.scales)[:, :1 if way is not None else 3].abs().amax(1, keepdim=True)
            better = (error < least) & (least > _ENOUGH)
            least, best = torch.where(better, error, least), torch.where(better, strength, best)
            kept = torch.where(better[:, :, None], slopes, kept)
            going = (least > _ENOUGH)[:, 0]
            if not steps_left or not (every or going.any()):
                break
            strength = (strength + _solved(slopes, missing, way).clamp(-_STEP, _STEP)).clamp(-_MOST, _MOST)
            if not every and not going.all():
                # Those that are close enough are left alone.
                found = _put(found, rows, (best, kept, least))
                going = going.nonzero()[:, 0]
                rows, strength, best, kept, least, shares, target = (
                    of[going] for of in (rows, strength, best, kept, least, shares, target))
                way, weight = (None if of is None else of[going] for of in (way, weight))
            moments = self._moments(shares, strength, weight)
        best, kept, least = _put(found, rows, (best, kept, least))
        return best, kept, least < 1

    def _exponents(self, strength: Tensor) -> tuple[Tensor, Tensor]:
        """The two parts of the tilt's exponent, (B, H) and (B, W)."""
        both, eta, phi = strength[:, :, None].unbind(1)
        return both * self.eta.square() + eta * self.eta, both * self.phi.square() + phi * self.phi

    def _moments(self, shares: Tensor, strength: Tensor, weight: Tensor | None) -> Tensor:
        """Means of tilts, functions and products over the tilted image, (B, 27)."""
        weights = self._changed(shares, strength, weight).flatten(1)
        means = steadily(lambda rows: rows @ self.basis, weights)
        if weight is not None:
            # What a strength changes is its tilt times the pixel's weight.
            heavy = steadily(lambda rows: rows @ self.basis, weights * weight.flatten(1))
            means = torch.cat((heavy[:, :3], means[:, 3:9], heavy[:, 9:]), 1)
        return means / weights.sum(1, keepdim=True).clamp_min(1e-12)

    def _asked(self, moments: Tensor) -> Tensor:
        """ln (m/pT)² and the centroid, (B, 3)."""
        return torch.cat((self._mass2(moments[:, 3:7]).log(), moments[:, 7:9]), 1)

    def _slopes(self, moments: Tensor) -> Tensor:
        """Derivatives of :meth:`_asked` in the three strengths, (B, 3, 3)."""
        tilts, means, products = moments.split((3, 6, 18), 1)
        slopes = products.reshape(-1, 6, 3) - means[:, :, None] * tilts[:, None]
        of_mass = (self.linear + 2 * self.square * means[:, :4]) / self._mass2(means[:, :4])
        return torch.cat(((of_mass[:, :, None] * slopes[:, :4]).sum(1, keepdim=True), slopes[:, 4:]), 1) + self.least

    def _mass2(self, means: Tensor) -> Tensor:
        """(m/pT)², (B, 1), of the means of the first four functions."""
        return (means * (self.linear + self.square * means)).sum(1, keepdim=True).clamp_min(1e-12)


def _put(into: tuple[Tensor, ...] | None, rows: Tensor, values: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The values of these rows beside what is there of others; the values alone, where nothing is."""
    if into is None:
        return values
    return tuple(one.index_copy(0, rows, value) for one, value in zip(into, values, strict=True))


def _solved(matrix: Tensor, right: Tensor, way: Tensor | None) -> Tensor:
    """x of matrix (B, 3, 3) · x = right (B, 3) by Cramer's rule: no library call, whose cost is that of large ones.

    Along a ``way`` (B, 3) that x must go, of the first equation alone.
    """
    if way is not None:
        return right[:, :1] / (matrix[:, 0] * way).sum(1, keepdim=True).clamp_min(1e-3) * way
    columns = matrix.mT
    across = torch.linalg.cross(columns.roll(-1, 1), columns.roll(-2, 1))
    determinant = (columns[:, 0] * across[:, 0]).sum(1, keepdim=True)
    return (across * right[:, None]).sum(2) / torch.where(determinant.abs() > 1e-30, determinant, torch.inf)


def harder_half_right(images: Tensor, power: float = 1.0) -> Tensor:
    """Images (B, H, W), of shares to some power, mirrored where the columns below the centre hold more pT."""
    columns = (images if power == 1.0 else images.pow(1 / power)).sum(1)
    half = images.shape[2] // 2
    left = columns[:, :half].sum(1) > columns[:, -half:].sum(1)
    return torch.where(left[:, None, None], images.flip(2), images)


#: Laws of a side, and whether training images (N, H, W) in a frame obey them; a crop may not.
SIDES: dict[str, Callable[[np.ndarray, Frame], bool]] = {
    "harder_half": lambda images, frame: frame == "canonical" and not left_heavy(images).any(),
    "phi_flip": lambda images, frame: frame == "raw"}
