"""A generator network with all that turns it into a source of jets: transforms and the scale of the pixels.

The network knows standardised conditions and network-space images. Around it stand the physical table of
conditions (GeV, radians, label) on the one side and pixels in GeV on the other. The sum of an image is not
left to the network where the pixel mean is among its codings: it is that number times the pixels. Nor are its mass
and centroid where these are, and the side of its harder half where the frame says it (see :mod:`qgan.models.laws`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from ..data.grid import Grid
from .direct import DirectGenerator
from .generator import Generator
from .laws import CENTROID, ExactMoments, harder_half_right
from .pixels import normalise
from .spectrum import SpectrumMap
from .symmetry import SymmetricGenerator
from .transforms import ConditionTransform, PixelTransform

#: Of the law of hard pixels, see :class:`~qgan.models.laws.ExactMoments`; 0.3 % of the pT are 1.6 GeV of 525 GeV.
GRAIN = 0.003


class JetGenerator(nn.Module):
    """Table of physical conditions (B, C) and noise (B, F) → network-space images and images in GeV, (B, H, W).

    Args:
        network: standardised conditions and noise → network-space images.
        conditions: transform of the table; its ``names`` are the columns.
        pixels: transform of the images.
        grid: of the images.
        scale: GeV that a network-space pixel of 1 stands for; left out, it is the image's sum as the
            ``pixel_mean`` coding gives it.
        exact: which of ``mass`` (of the ``image_mass`` coding), ``centroid`` (of ``centroid_eta`` and ``centroid_phi``;
            without these codings it stays where it is, and without this law the mass moves it), ``hard_pixels`` (which
            change for mass and centroid before soft ones do), ``harder_half`` (on the right), ``softest`` (no pixel
            that the tilt has made softer than all real ones) and ``phi_flip`` (a fair coin says which way an image lies
            along φ) images are given; a coding that is missing gives none.
        spectrum: knots of a :class:`~qgan.models.spectrum.SpectrumMap` of the network's pixels, if there is one.

    Raises:
        ValueError: neither a scale nor ``pixel_mean`` among the conditions.
    """

    def __init__(self, network: nn.Module, conditions: ConditionTransform, pixels: PixelTransform, grid: Grid, *,
                 scale: float | None = None, exact: Collection[str] = (),
                 spectrum: Sequence[Sequence[float]] | None = None) -> None:
        super().__init__()
        if scale is None and "pixel_mean" not in conditions.names:
            raise ValueError("data.codings: pixel_mean must be among them, since it sets the sum of the image")
        self.network, self.conditions, self.pixels, self.grid = network, conditions, pixels, grid
        self.fixed_scale = scale
        given = {"mass": ("image_mass",), "centroid": CENTROID}
        columns = {law: [conditions.names.index(name) for name in codings] for law, codings in given.items()
                   if law in exact and scale is None and set(codings) <= set(conditions.names)}
        self.mass, self.centroid = columns.get("mass"), columns.get("centroid")
        self.moments, self.radial = ExactMoments(grid) if columns else None, "centroid" not in exact
        self.hard_first = ExactMoments(grid, GRAIN) if columns and "hard_pixels" in exact else None
        self.spectrum = None if spectrum is None else SpectrumMap(spectrum)
        self.harder_half, self.phi_flip, self.softest = (law in exact for law in ("harder_half", "phi_flip", "softest"))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the table."""
        return self.conditions.names

    @property
    def inner(self) -> nn.Module:
        """The network that makes images of one side, without what mirrors them."""
        return self.network.generator if isinstance(self.network, SymmetricGenerator) else self.network

    @property
    def noise_features(self) -> int:
        return int(self.network.noise_features) + int(self.phi_flip)  # type: ignore[arg-type]

    def scale(self, table: Tensor) -> Tensor:
        """GeV of a network-space pixel of 1 for each row, (B,)."""
        if self.fixed_scale is not None:
            return table.new_full((table.shape[0],), self.fixed_scale)
        return table[:, self.names.index("pixel_mean")] * math.prod(self.grid.shape)

    def forward(self, table: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Images in network space and in GeV."""
        scale = self.scale(table)
        images = self._images(table, noise, scale, None)
        return images, self.pixels.to_gev(images, scale)

    def with_tilt(self, table: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same, and how far the tilt has changed each image, (B,); see
        :meth:`~qgan.models.laws.ExactMoments.tilted`."""
        scale, tilts = self.scale(table), list[Tensor]()
        images = self._images(table, noise, scale, tilts)
        took = torch.stack(tilts).sum(0) if tilts else torch.zeros_like(scale)
        return images, self.pixels.to_gev(images, scale), took

    def _images(self, table: Tensor, noise: Tensor, scale: Tensor, tilts: list[Tensor] | None) -> Tensor:
        return (self._either_way if self.phi_flip else self._made)(table, noise, scale, tilts)

    def _either_way(self, table: Tensor, noise: Tensor, scale: Tensor, tilts: list[Tensor] | None) -> Tensor:
        """Images of which the last noise value's sign says whether they are seen in a mirror across φ."""
        mirrored = noise[:, -1] < 0
        if "centroid_phi" in self.names:
            odd = torch.arange(table.shape[1], device=table.device) == self.names.index("centroid_phi")
            table = torch.where(mirrored[:, None] & odd, -table, table)
        images = self._made(table, noise[:, :-1], scale, tilts)
        return torch.where(mirrored[:, None, None], images.flip(2), images)

    def _made(self, table: Tensor, noise: Tensor, scale: Tensor, tilts: list[Tensor] | None) -> Tensor:
        seen = self.conditions.forward(table)
        if isinstance(self.network, SymmetricGenerator):
            # Before images are mirrored, so that the symmetry stays exact to the last bit.
            return self.network(seen, noise, lambda made, mirrored: self._lawful(made, table, scale, mirrored, tilts))
        return self._lawful(self.network(seen, noise), table, scale, None, tilts)

    def _lawful(self, images: Tensor, table: Tensor, scale: Tensor, mirrored: Tensor | None,
                tilts: list[Tensor] | None) -> Tensor:
        """The images with the moments asked for, of which those ``mirrored`` (B,) will be seen the other way up.

        What that took is added to ``tilts``, where that is a list.
        """
        power = self.pixels.power
        if self.spectrum is not None:
            images = normalise(self.spectrum(images), power)
        inner = self.inner
        if self.harder_half:
            images = harder_half_right(images, power)
        if isinstance(inner, DirectGenerator):
            images = normalise(images * self._reach(inner), power)
        if self.moments is None:
            return images
        mass = None if self.mass is None else table[:, self.mass[0]] / scale
        centroid = None if self.centroid is None else table[:, self.centroid]
        if centroid is not None and mirrored is not None and self.network.flip.rows:  # type: ignore[union-attr]
            centroid = centroid * torch.stack((1 - 2 * mirrored.to(centroid), torch.ones_like(centroid[:, 0])), 1)
        if self.hard_first is not None:
            images = self._tilted(self.hard_first, images, mass, centroid, tilts)
        images = self._tilted(self.moments, images, mass, centroid, tilts)
        if self.softest and isinstance(inner, (Generator, DirectGenerator)):
            images = inner.cut(images)
        return harder_half_right(images, power) if self.harder_half else images

    def _reach(self, inner: DirectGenerator) -> Tensor:
        """Pixels (H, W) that jets reach whichever way they are mirrored: a grain of noise knows no side."""
        reach = inner.reached
        if self.phi_flip:
            reach = reach * reach.flip(1)
        if isinstance(self.network, SymmetricGenerator) and self.network.flip.rows:
            reach = reach * reach.flip(0)
        return reach

    def _tilted(self, law: ExactMoments, images: Tensor, mass: Tensor | None, centroid: Tensor | None,
                tilts: list[Tensor] | None) -> Tensor:
        """The images under a law; what it took is added to ``tilts``."""
        if tilts is None:
            return law(images, mass, centroid, self.pixels.power, self.radial)
        images, took = law.tilted(images, mass, centroid, self.pixels.power, self.radial)
        tilts.append(took)
        return images
