"""Invertible maps between physical values and what networks see; their constants come from the training jets alone.

Pixels: x = (p / pT of the jet)^power, so that four decades of pT fit into [0, 1]. Conditions: (c − mean) / standard
deviation, the class as ±1. Both work on NumPy arrays and on torch tensors, with gradients in the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..base.errors import ConditionError

if TYPE_CHECKING:
    import torch

Array = TypeVar("Array", np.ndarray, "torch.Tensor")


@dataclass(frozen=True)
class PixelTransform:
    """Pixels in GeV to network space and back.

    Attributes:
        power: of the pixel's fraction of the jet's pT; 0.5 by default.
    """

    power: float = 0.5

    def __post_init__(self) -> None:
        if not self.power > 0:
            raise ValueError(f"power must be positive, got {self.power}")

    def to_network(self, images: Array, pt: Array) -> Array:
        """(images / pT)^power for images (N, H, W) in GeV and pT (N,) in GeV.

        For a power below 1 the gradient at an empty pixel is infinite: transform data, not what is trained on.
        """
        return (images / pt[:, None, None]) ** self.power

    def to_gev(self, x: Array, pt: Array) -> Array:
        """The inverse of :meth:`to_network`; negative values count as empty pixels."""
        return x.clip(0, None) ** (1 / self.power) * pt[:, None, None]

    def state_dict(self) -> dict[str, Any]:
        return {"power": self.power}

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> PixelTransform:
        return cls(float(state["power"]))


@dataclass(frozen=True)
class ConditionTransform:
    """Conditions (N, C) to network space and back.

    Attributes:
        names: of the columns; ``label`` becomes ±1, ``eta`` is scaled, everything else is standardised.
        shift, scale: one number a column; forward is (value − shift) / scale.
    """

    names: tuple[str, ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def fit(cls, values: np.ndarray, names: Sequence[str]) -> ConditionTransform:
        """Constants from the training jets' conditions (N, C).

        Raises:
            ConditionError: a column is constant or not finite.
        """
        values = np.asarray(values, np.float64)
        if values.ndim != 2 or values.shape[1] != len(names):
            raise ValueError(f"values have shape {values.shape}, expected (N, {len(names)})")
        shift, scale = values.mean(0), values.std(0)
        for column, name in enumerate(names):
            if name == "label":
                shift[column] = scale[column] = 0.5
            elif name == "eta":
                # The detector is symmetric, so 0 is the mean; then η and −η stay opposite to the last bit.
                shift[column], scale[column] = 0.0, np.sqrt(np.mean(values[:, column] ** 2))
            elif not np.isfinite(scale[column]):
                raise ConditionError(f"condition {name}: holds NaN or infinite values")
            elif scale[column] <= 1e-7 * abs(shift[column]):
                raise ConditionError(f"condition {name}: the same in all jets, nothing to learn from")
        return cls(tuple(names), tuple(shift.tolist()), tuple(scale.tolist()))

    def forward(self, values: Array) -> Array:
        """Standardised conditions, in the type and precision that came."""
        shift, scale = self._constants(values)
        return (values - shift) / scale

    def inverse(self, x: Array) -> Array:
        """Physical conditions from standardised ones."""
        shift, scale = self._constants(x)
        return x * scale + shift

    def state_dict(self) -> dict[str, Any]:
        return {"names": list(self.names), "shift": list(self.shift), "scale": list(self.scale)}

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> ConditionTransform:
        return cls(*(tuple(state[key]) for key in ("names", "shift", "scale")))

    def _constants(self, like: Array) -> tuple[Array, Array]:
        if like.shape[-1] != len(self.names):
            raise ValueError(f"{like.shape[-1]} columns, expected {len(self.names)}: {', '.join(self.names)}")
        if isinstance(like, np.ndarray):
            dtype = np.result_type(like.dtype, np.float32)
            return np.array(self.shift, dtype), np.array(self.scale, dtype)
        return like.new_tensor(self.shift), like.new_tensor(self.scale)
