"""All that rebuilds a generator of jets but its weights: plain values that travel in the checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from torch import nn

from ..base.errors import ConfigError
from ..base.plugins import load_plugins
from ..data.grid import Grid
from ..data.jets import Frame
from .direct import ALONE, DIRECT, DirectGenerator
from .generator import Generator
from .jet_generator import JetGenerator
from .laws import CENTROID, SIDES
from .own import OwnGenerator, is_own
from .pixels import PixelStatistics
from .shares import SHARES
from .symmetry import EtaFlip, SymmetryMode, symmetrise
from .transforms import ConditionTransform, PixelTransform


@dataclass(frozen=True)
class Blueprint:
    """A generator of jets without weights.

    Attributes:
        network: ``architecture`` and the keyword arguments of the network.
        conditions, pixels: the transforms, fitted on the training jets.
        grid: of the images.
        scale: see :class:`~qgan.models.jet_generator.JetGenerator`.
        frame: that the η-flip acts in.
        symmetry: ``exact`` for a generator that obeys the flip by construction.
        seed: of the random layers.
        plugins: files and modules that register what the network is made of.
        spectrum: see :class:`~qgan.models.jet_generator.JetGenerator`.
    """

    network: dict[str, Any]
    conditions: ConditionTransform
    pixels: PixelTransform
    grid: Grid
    scale: float | None
    frame: Frame
    symmetry: SymmetryMode
    seed: int
    plugins: tuple[str, ...] = ()
    spectrum: list[list[float]] | None = None

    @classmethod
    def fit(cls, network: Mapping[str, Any], images: np.ndarray, table: np.ndarray, names: Sequence[str], grid: Grid, *,
            power: float, frame: Frame, symmetry: SymmetryMode, seed: int, plugins: Sequence[str] = ()) -> Self:
        """For training jets.

        Args:
            network, grid, symmetry, seed, plugins: see above.
            images: (N, H, W) GeV; without ``pixel_mean`` among the conditions all add up to the same.
            table: (N, C) physical conditions, columns ``names``.
            power: of network space.
            frame: of the jets.

        Raises:
            ConditionError: a condition that is constant or not finite.
            ConfigError: ``pixel_mean`` is not among them, though sums differ.
        """
        total = images.sum((1, 2), dtype=np.float64)
        if "pixel_mean" not in names and np.ptp(total) > 1e-5 * total.max():
            raise ConfigError("data.codings: pixel_mean must be among them, since it sets the sum of the image")
        laws = [law for law in network["exact"] if law not in SIDES or SIDES[law](images, frame)]
        return cls({**network, "exact": laws}, ConditionTransform.fit(table, names), PixelTransform(power), grid,
                   None if "pixel_mean" in names else float(total[0]), frame, symmetry, seed, tuple(plugins))

    @staticmethod
    def without(network: Mapping[str, Any]) -> Collection[str]:
        """Of the options in ``network``, those that such a network has no use for."""
        if is_own(network["architecture"]):
            return network.keys() - {"architecture", "exact"}
        if network["core"] in SHARES.names():
            return network.keys() - {"architecture", "exact", *DIRECT}
        return ALONE

    def flip(self) -> EtaFlip:
        """The η-flip of its jets and their physical conditions.

        Raises:
            ConfigError: the rows of the images do not lie symmetrically about Δη = 0.
        """
        return EtaFlip.of(self.conditions.names, self.frame, self.grid)

    def build(self, pixels: PixelStatistics | None = None) -> JetGenerator:
        """The generator, untrained; ``pixels`` is what it starts from.

        Raises:
            ConfigError: a plugin, or what the network is made of, is not there.
            ValueError: sizes that do not fit together (the message says which).
        """
        load_plugins(self.plugins)
        network = self._network(pixels)
        if self.symmetry == "exact":
            # Whatever the recipe: what is exact needs rows that have mirror images.
            flip = EtaFlip.of(self.conditions.names, self.frame, self.grid)
            network = symmetrise(network, flip.standardised(self.conditions, len(self.conditions.names)), self.symmetry)
        return JetGenerator(network, self.conditions, self.pixels, self.grid, scale=self.scale,
                            exact=self.network["exact"], spectrum=self.spectrum)

    def _network(self, pixels: PixelStatistics | None) -> nn.Module:
        if is_own(name := self.network["architecture"]):
            return OwnGenerator(name, self.conditions.width, self.grid.shape, self.pixels.power)
        unused = {"architecture", "exact", *self.without(self.network)}
        options = {k: v for k, v in self.network.items() if k not in unused}
        if self.network["core"] in SHARES.names():
            return DirectGenerator(self._shown, self.grid.shape, **options, power=self.pixels.power, pixels=pixels)
        return Generator(self._shown, self.grid.shape, **options, power=self.pixels.power,
                         pixels=pixels, seed=self.seed)

    @property
    def _shown(self) -> int:
        """How many of the standardised conditions the network sees, the first: it need not know what the tilt sets."""
        lawful = CENTROID if "centroid" in self.network["exact"] and self.scale is None else ()
        if self.conditions.indicators:  # which come after all else
            return self.conditions.width
        names = [name for name in self.conditions.names if name in lawful]
        if names != list(self.conditions.names[len(self.conditions.names) - len(names):]):
            raise ConfigError(f"data.codings: {', '.join(CENTROID)} must come last")
        return self.conditions.width - len(names)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"network": dict(self.network), "conditions": self.conditions.state_dict(),
                "pixels": self.pixels.state_dict(), "grid": asdict(self.grid), "scale": self.scale,
                "frame": self.frame, "symmetry": self.symmetry, "seed": self.seed, "plugins": list(self.plugins),
                **({} if self.spectrum is None else {"spectrum": self.spectrum})}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        grid, network = values["grid"], dict(values["network"])
        # Until version 0.1.0 the mass was the only law.
        network.setdefault("exact", ["mass"] if network.pop("exact_mass", False) else [])
        return cls(network, ConditionTransform.from_state_dict(values["conditions"]),
                   PixelTransform.from_state_dict(values["pixels"]),
                   Grid(grid["height"], grid["width"], tuple(grid["eta_range"]), tuple(grid["phi_range"])),
                   values["scale"], values["frame"], values["symmetry"], values["seed"],
                   tuple(values.get("plugins", ())), values.get("spectrum"))
