"""Invertible maps between physical values and what networks see; their constants come from the training jets alone.

Pixels: x = (p / pT of the jet)^power, so that four decades of pT fit into [0, 1]. Conditions: (c − mean) / standard
deviation, the class as ±1. Both work on NumPy arrays and on torch tensors, with gradients in the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from ..base.errors import ConditionError

Array = TypeVar("Array", np.ndarray, torch.Tensor)


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
        names: of the columns; ``label`` becomes −1 to 1, ``eta`` is scaled, everything else is standardised.
        shift, scale: one number a column; forward is (value − shift) / scale.
        classes: that the label counts; of more than two each has a column more at the end, 1 for its jets, else 0.
    """

    names: tuple[str, ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    classes: int = 2

    @classmethod
    def fit(cls, values: np.ndarray, names: Sequence[str]) -> ConditionTransform:
        """Constants from the training jets' conditions (N, C).

        Raises:
            ConditionError: a column is constant or not finite.
        """
        values = np.asarray(values, np.float64)
        if values.ndim != 2 or values.shape[1] != len(names):
            raise ValueError(f"values have shape {values.shape}, expected (N, {len(names)})")
        shift, scale, classes = values.mean(0), values.std(0), 2
        for column, name in enumerate(names):
            if name == "label":
                classes = max(2, 1 + int(values[:, column].max()))
                shift[column] = scale[column] = (classes - 1) / 2
            elif name == "eta":
                # The detector is symmetric, so 0 is the mean; then η and −η stay opposite to the last bit.
                shift[column], scale[column] = 0.0, np.sqrt(np.mean(values[:, column] ** 2))
            elif not np.isfinite(scale[column]):
                raise ConditionError(f"condition {name}: holds NaN or infinite values")
            elif scale[column] <= 1e-7 * abs(shift[column]):
                raise ConditionError(f"condition {name}: the same in all jets, nothing to learn from")
        return cls(tuple(names), tuple(shift.tolist()), tuple(scale.tolist()), classes)

    @property
    def indicators(self) -> int:
        """How many columns say the class."""
        return self.classes if self.classes > 2 else 0

    @property
    def width(self) -> int:
        """How many columns the networks see."""
        return len(self.names) + self.indicators

    def forward(self, values: Array) -> Array:
        """Standardised conditions (N, width), in the type and precision that came."""
        shift, scale = self._constants(values)
        x = (values - shift) / scale
        return self._with_classes(values, x) if self.indicators else x

    def inverse(self, x: Array) -> Array:
        """Physical conditions from standardised ones."""
        x = x[..., :len(self.names)]
        shift, scale = self._constants(x)
        return x * scale + shift

    def state_dict(self) -> dict[str, Any]:
        return {"names": list(self.names), "shift": list(self.shift), "scale": list(self.scale),
                **({"classes": self.classes} if self.indicators else {})}

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> ConditionTransform:
        names, shift, scale = (tuple(state[key]) for key in ("names", "shift", "scale"))
        return cls(names, shift, scale, int(state.get("classes", 2)))

    def _with_classes(self, values: Array, x: Array) -> Array:
        """The columns that say the class, after the others."""
        label = values[..., self.names.index("label"), None]
        if isinstance(values, np.ndarray):
            return np.concatenate((x, label == np.arange(self.classes)), -1, dtype=x.dtype)
        return torch.cat((x, (label == torch.arange(self.classes, device=x.device)).to(x.dtype)), -1)

    def _constants(self, like: Array) -> tuple[Array, Array]:
        if like.shape[-1] != len(self.names):
            raise ValueError(f"{like.shape[-1]} columns, expected {len(self.names)}: {', '.join(self.names)}")
        if isinstance(like, np.ndarray):
            dtype = np.result_type(like.dtype, np.float32)
            return np.array(self.shift, dtype), np.array(self.scale, dtype)
        return like.new_tensor(self.shift), like.new_tensor(self.scale)
