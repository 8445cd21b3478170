"""All that rebuilds a generator of jets but its weights: plain values that travel in the checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from ..data.grid import Grid
from ..data.jets import Frame
from .generator import Generator
from .jet_generator import JetGenerator
from .pixels import PixelStatistics
from .published import PublishedGenerator
from .symmetry import EtaFlip, SymmetryMode, symmetrise
from .transforms import ConditionTransform, PixelTransform

#: Options that the published network has; the others of the configuration do not concern it.
_PUBLISHED_OPTIONS = ("n_qubits", "n_layers", "n_rotations", "backend")


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
    """

    network: dict[str, Any]
    conditions: ConditionTransform
    pixels: PixelTransform
    grid: Grid
    scale: float | None
    frame: Frame
    symmetry: SymmetryMode
    seed: int

    def build(self, pixels: PixelStatistics | None = None) -> JetGenerator:
        """The generator, untrained; ``pixels`` is what it starts from.

        Raises:
            ValueError: sizes that do not fit together (the message says which).
        """
        options = {k: v for k, v in self.network.items() if k not in ("architecture", "exact_mass")}
        size = len(self.conditions.names), self.grid.shape
        if self.network["architecture"] == "published":
            chosen = {k: options[k] for k in _PUBLISHED_OPTIONS}
            network: nn.Module = PublishedGenerator(*size, **chosen, seed=self.seed)
        else:
            network = Generator(*size, **options, power=self.pixels.power, pixels=pixels, seed=self.seed)
        flip = EtaFlip.of(self.conditions.names, self.frame, self.grid if self.symmetry == "exact" else None)
        network = symmetrise(network, flip.standardised(self.conditions, size[0]), self.symmetry)
        return JetGenerator(network, self.conditions, self.pixels, self.grid, scale=self.scale,
                            exact_mass=self.network["exact_mass"])

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"network": dict(self.network), "conditions": self.conditions.state_dict(),
                "pixels": self.pixels.state_dict(), "grid": asdict(self.grid), "scale": self.scale,
                "frame": self.frame, "symmetry": self.symmetry, "seed": self.seed}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Blueprint:
        grid = values["grid"]
        return cls(values["network"], ConditionTransform.from_state_dict(values["conditions"]),
                   PixelTransform.from_state_dict(values["pixels"]),
                   Grid(grid["height"], grid["width"], tuple(grid["eta_range"]), tuple(grid["phi_range"])),
                   values["scale"], values["frame"], values["symmetry"], values["seed"])
