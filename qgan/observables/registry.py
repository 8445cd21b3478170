"""What can be measured on an image, by name: a number for each jet, in NumPy and, where a loss may use it, in torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..base.registry import Registry
from ..data.grid import Grid
from ..data.jets import KEYS

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Observable:
    """A number for each jet.

    Attributes:
        arrays: images (N, H, W) of pixel pT in GeV, float64, and their grid → (N,); what evaluations and plots show.
        tensors: the same for torch tensors, with a gradient; what codings, losses and the discriminator can use.
        unit: of the number, empty for a pure one.
        cuts: whether it knows a pT in GeV, such as a threshold: of images in other units it is shown the same jets at
            a pT of :data:`~qgan.data.units.NOMINAL_PT`.
    """

    arrays: Callable[[np.ndarray, Grid], np.ndarray] | None = None
    tensors: Callable[[Tensor, Grid], Tensor] | None = None
    unit: str = ""
    cuts: bool = False


#: The observables of this package stand in :mod:`.table`.
OBSERVABLES: Registry[Observable] = Registry("observable", "qgan.observables", package="qgan.observables",
                                             of=Observable)


def measured() -> list[str]:
    """Those that evaluations measure, in order."""
    return [name for name, observable in OBSERVABLES.items() if observable.arrays is not None]


def codable() -> list[str]:
    """Statistics of the image that codings and losses can name; a jet's own pT and mass are no such statistics."""
    return [name for name, observable in OBSERVABLES.items() if observable.tensors is not None and name not in KEYS]


def unit(name: str) -> str:
    """The unit of an observable; empty for a pure number, and for what is none."""
    return OBSERVABLES[name].unit if name in OBSERVABLES else ""
