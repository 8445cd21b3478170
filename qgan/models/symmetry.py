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
from dataclasses import dataclass, replace
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
        odd: columns of further conditions that change sign: the centroid's Δη, where rows are reversed.
        centre: the values of these columns, η first, for 0 in physical units; see :meth:`standardised`.
    """

    rows: bool
    column: int | None
    odd: tuple[int, ...] = ()
    centre: tuple[float, ...] = ()

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
        odd = tuple(i for i, name in enumerate(names) if frame == "raw" and name == "centroid_eta")
        return cls(frame == "raw", names.index("eta") if "eta" in names else None, odd)

    def standardised(self, transform: InvertibleConditions, n_conditions: int) -> EtaFlip:
        """The same flip on the ``n_conditions`` conditions after ``transform``, which acts column by column."""
        zero = torch.as_tensor(transform.forward(torch.zeros(1, n_conditions)))
        return replace(self, centre=tuple(float(zero[0, column]) for column in self._columns))

    def images(self, images: Tensor) -> Tensor:
        """Images (..., H, W) of the mirrored jets."""
        return images.flip(-2) if self.rows else images

    def conditions(self, conditions: Tensor) -> Tensor:
        """Conditions (N, C) of the mirrored jets."""
        flipped = conditions.clone()
        for column, centre in zip(self._columns, self.centre or (0.0,) * len(self._columns), strict=True):
            flipped[:, column] = centre - (conditions[:, column] - centre)
        return flipped

    def __call__(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Images and conditions of the mirrored jets."""
        return self.images(images), self.conditions(conditions)

    def both(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """The jets followed by the mirrored jets, (2N, ...): what enters the losses in mode ``average``."""
        flipped_images, flipped_conditions = self(images, conditions)
        return torch.cat((images, flipped_images)), torch.cat((conditions, flipped_conditions))

    def side(self, conditions: Tensor, coin: Tensor) -> Tensor:
        """(N,) bool: whether a jet lies on the mirrored side, η < 0; a negative coin decides for η = 0."""
        if self.column is None:
            return coin < 0
        eta = conditions[:, self.column] - (self.centre[0] if self.centre else 0.0)
        return (eta < 0) | ((eta == 0) & (coin < 0))

    @property
    def _columns(self) -> tuple[int, ...]:
        """Those that change sign."""
        return self.odd if self.column is None else (self.column, *self.odd)


@dataclass(frozen=True)
class Mirroring:
    """Jets seen in mirrors at random, real and generated ones alike: what a discriminator cannot know by heart.

    The columns of an image are reversed, and its rows, with the conditions, where the η-flip reverses rows.

    Attributes:
        flip: on physical conditions.
        columns, rows: (B,) bool, which jets.
    """

    flip: EtaFlip
    columns: Tensor
    rows: Tensor

    @classmethod
    def drawn(cls, flip: EtaFlip, like: Tensor) -> Mirroring:
        """Two fair coins for each of the jets ``like`` (B, ...)."""
        columns, rows = torch.rand(2, len(like), device=like.device) < 0.5
        return cls(flip, columns, rows & flip.rows)

    def images(self, images: Tensor) -> Tensor:
        """Images (B, H, W) of the mirrored jets."""
        images = torch.where(self.columns[:, None, None], images.flip(-1), images)
        return torch.where(self.rows[:, None, None], images.flip(-2), images) if self.flip.rows else images

    def conditions(self, conditions: Tensor) -> Tensor:
        """Conditions (B, C) of the mirrored jets, but for the centroid's Δφ, which no discriminator is given."""
        return torch.where(self.rows[:, None], self.flip.conditions(conditions), conditions)


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

    def forward(self, conditions: Tensor, noise: Tensor,
                change: Callable[[Tensor, Tensor], Tensor] | None = None) -> Tensor:
        """``change`` is applied to the images, given which of them (B,) will be mirrored, before they are."""
        folded, mirrored = self.fold(conditions, noise[:, -1])
        images = self.generator(folded, noise[:, :-1] if self.flip.rows else noise)
        if change is not None:
            images = change(images, mirrored)
        return self.unfold(images, mirrored)

    def fold(self, conditions: Tensor, coin: Tensor) -> tuple[Tensor, Tensor]:
        """Conditions (B, C) on the side where images are made, and which jets (B,) lie on the other."""
        mirrored = self.flip.side(conditions, coin)
        return torch.where(mirrored[:, None], self.flip.conditions(conditions), conditions), mirrored

    def unfold(self, images: Tensor, mirrored: Tensor) -> Tensor:
        """Images (B, H, W) from the side where they are made to that where their jets lie, or back."""
        return torch.where(mirrored[:, None, None], self.flip.images(images), images) if self.flip.rows else images


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
