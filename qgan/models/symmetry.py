"""The η-flip: a collision seen in a mirror along the beam is as likely as the collision itself.

The flip F acts on a jet's image and conditions together, and F∘F = 1:

- ``raw`` frame: the rows (Δη) are reversed and η → −η;
- ``canonical`` frame: η → −η alone. Mirroring the jet mirrors the subjets that fix the frame's rotation and
  parity along with it, so that the image is the same.

The distribution of jets obeys p(F x | F c) = p(x | c). A generator does in one of three ways: ``none`` (it
has to learn it), ``average`` (jets and their mirror images both enter the losses) and ``exact``
(:class:`SymmetricGenerator`), where it is evaluated at |η| only and the images of jets with η < 0 are
mirrored:

    G'(z, c) = F^[η<0] G(z, |c|),  so that  G'(z, F c) = F G'(z, c)  for every z and every η ≠ 0,

at no cost, and half of the conditions are left to learn. At η = 0 the conditions are their own mirror image,
and an image that is not cannot be equivariant with z held fixed. There only the distribution can be: a fair
coin in the noise, read by nothing else, says which way the image lies, and F turns the coin too. The same
coin serves where η is no condition of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..base.errors import ConfigError
from ..data.grid import Grid
from ..data.jets import Frame

SymmetryMode = Literal["none", "average", "exact"]


class InvertibleConditions(Protocol):
    """Physical conditions (N, C) → those that the network sees."""

    def forward(self, values: Any) -> Any: ...


@dataclass(frozen=True)
class EtaFlip:
    """The flip's action on images (N, H, W), in any pixel space, and on conditions (N, C).

    Attributes:
        rows: whether the image's rows are reversed.
        column: where η stands among the conditions, None where it does not.
        centre: the value of that column for η = 0: 0 in physical units; see :meth:`standardised`.
    """

    rows: bool
    column: int | None
    centre: float = 0.0

    @classmethod
    def of(cls, names: Sequence[str], frame: Frame, grid: Grid | None = None) -> EtaFlip:
        """The flip of jets in that frame with those conditions, in physical units.

        Raises:
            ConfigError: ``grid`` is given and its rows do not lie symmetrically about Δη = 0.
        """
        if frame == "raw" and grid is not None and not np.allclose(grid.eta, -grid.eta[::-1], atol=1e-6):
            low, high = grid.eta_range
            raise ConfigError(f"eta flip: the image covers {low:g} to {high:g} in Δη, expected a range symmetric "
                              "about 0 (crop as many rows on both sides, or set symmetry to none)")
        return cls(frame == "raw", names.index("eta") if "eta" in names else None)

    def standardised(self, transform: InvertibleConditions, n_conditions: int) -> EtaFlip:
        """The same flip on the ``n_conditions`` conditions after ``transform``, which acts column by column."""
        if self.column is None:
            return self
        zero = torch.as_tensor(transform.forward(torch.zeros(1, n_conditions)))
        return EtaFlip(self.rows, self.column, float(zero[0, self.column]))

    def images(self, images: Tensor) -> Tensor:
        """Images (..., H, W) of the mirrored jets."""
        return images.flip(-2) if self.rows else images

    def conditions(self, conditions: Tensor) -> Tensor:
        """Conditions (N, C) of the mirrored jets."""
        return self._with_eta(conditions, self.centre - self._eta(conditions))

    def __call__(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Images and conditions of the mirrored jets."""
        return self.images(images), self.conditions(conditions)

    def both(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """The jets followed by the mirrored jets, (2N, ...): what enters the losses in mode ``average``."""
        flipped_images, flipped_conditions = self(images, conditions)
        return torch.cat((images, flipped_images)), torch.cat((conditions, flipped_conditions))

    def side(self, conditions: Tensor, coin: Tensor) -> Tensor:
        """(N,) bool: whether a jet lies on the mirrored side, η < 0; a negative coin decides for η = 0."""
        eta = self._eta(conditions)
        return (eta < 0) | ((eta == 0) & (coin < 0))

    def fold(self, conditions: Tensor) -> Tensor:
        """The conditions with |η| for η."""
        return self._with_eta(conditions, self.centre + self._eta(conditions).abs())

    def _eta(self, conditions: Tensor) -> Tensor:
        """η in the column's unit, (N,); 0 where it is no condition."""
        if self.column is None:
            return conditions.new_zeros(conditions.shape[0])
        return conditions[:, self.column] - self.centre

    def _with_eta(self, conditions: Tensor, values: Tensor) -> Tensor:
        if self.column is None:
            return conditions
        chosen = torch.arange(conditions.shape[1], device=conditions.device) == self.column
        return torch.where(chosen, values[:, None], conditions)


class SymmetricGenerator(nn.Module):
    """A generator that obeys the flip exactly, around one that need not.

    Conditions (B, C) and noise (B, noise_features) → images (B, H, W). In the ``raw`` frame the last noise
    value is the coin; the rest is the inner generator's.

    Args:
        generator: called as ``generator(conditions, noise)``, with an attribute ``noise_features``.
        flip: acting on the conditions that the generator sees.
    """

    def __init__(self, generator: nn.Module, flip: EtaFlip) -> None:
        super().__init__()
        self.generator, self.flip = generator, flip

    @property
    def noise_features(self) -> int:
        """Length of the noise vector of one image: the inner generator's, and a coin if images are mirrored."""
        return int(self.generator.noise_features) + int(self.flip.rows)  # type: ignore[arg-type]

    def forward(self, conditions: Tensor, noise: Tensor, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """``change`` is applied to the images before some are mirrored."""
        images = self.generator(self.flip.fold(conditions), noise[:, :-1] if self.flip.rows else noise)
        if change is not None:
            images = change(images)
        if not self.flip.rows:
            return images
        mirrored = self.flip.side(conditions, noise[:, -1])
        return torch.where(mirrored[:, None, None], self.flip.images(images), images)


def symmetrise(generator: nn.Module, flip: EtaFlip, mode: SymmetryMode) -> nn.Module:
    """The generator for a mode: wrapped in :class:`SymmetricGenerator` for ``exact``, itself otherwise."""
    return SymmetricGenerator(generator, flip) if mode == "exact" else generator


def asymmetry(images: Tensor, eta: Tensor, flip: EtaFlip) -> float:
    """How far a sample of jets is from obeying the flip: Σ |mean⁺ − F mean⁻| / Σ mean over pixels.

    mean⁺ and mean⁻ are the mean images at η > 0 and η < 0. Finite samples never give 0: compare with the
    value for the same jets after :func:`mirrored_at_random`.

    Args:
        images: (N, H, W).
        eta: (N,), physical or with the flip's ``centre`` subtracted.
    """
    plus, minus = images[eta > 0].double().mean(0), flip.images(images[eta < 0]).double().mean(0)
    return float((plus - minus).abs().sum() / images.double().mean(0).sum())


def mirrored_at_random(images: Tensor, eta: Tensor, flip: EtaFlip, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each jet as it is or mirrored, by a fair coin: a sample that obeys the flip whatever it was drawn from."""
    heads = torch.rand(len(eta), generator=generator, device=generator.device).to(eta.device) < 0.5
    return torch.where(heads[:, None, None], flip.images(images), images), torch.where(heads, -eta, eta)
