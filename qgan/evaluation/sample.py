"""Jets with everything that is measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.jets import JetImages
from ..data.units import in_cut_units, without_softest
from ..observables.arrays import observables
from ..observables.broad import broad
from ..observables.energy_flow import GRAPHS, energy_flow

#: Names of the energy-flow polynomials.
FLOW = tuple(f"flow_{graph}" for graph in GRAPHS)


@dataclass(frozen=True)
class Sample:
    """N jets of one class or several.

    Attributes:
        images: (N, H, W) float32, GeV, without pixels under :data:`~qgan.data.units.CUT`.
        names: of the observables.
        values: (N, len(names)) float64.
        flow: (N, 20) energy-flow polynomials, or (N, 0) where they were not asked for.
        further: what referees see beside these, by name, each (N,); empty where only some observables were asked for.
        asked: conditions by name, each (N,); without those in GeV where the images are not.
    """

    images: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    flow: np.ndarray
    further: dict[str, np.ndarray]
    asked: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: np.ndarray) -> Sample:
        return Sample(self.images[index], self.names, self.values[index], self.flow[index],
                      {k: v[index] for k, v in self.further.items()}, {k: v[index] for k, v in self.asked.items()})

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """(N, len(names)) observables."""
        return self.values[:, [self.names.index(name) for name in names]]

    def table(self, names: Sequence[str]) -> np.ndarray:
        """(N, len(names)) of all that :attr:`everything` names."""
        return np.stack([self.further[name] if name in self.further else
                         self.flow[:, FLOW.index(name)] if name in FLOW else
                         self.values[:, self.names.index(name)] for name in names], axis=1)

    @property
    def everything(self) -> tuple[str, ...]:
        """The names of observables, of what referees see beside them, and of energy-flow polynomials."""
        return (*self.names, *self.further, *(FLOW if self.flow.shape[1] else ()))


def measure(jets: JetImages, with_flow: bool = True, names: Sequence[str] | None = None) -> Sample:
    """Observables of jets, by default all there are and what referees see, and energy-flow polynomials."""
    images = without_softest(jets.images, jets.units).astype(np.float32, copy=False)
    values = observables(images, jets.grid, names=names, units=jets.units)
    if jets.units != "GeV":
        values = {name: _steady(x) for name, x in values.items()}
    flow = energy_flow(images, jets.grid) if with_flow else {}
    further = broad(in_cut_units(images, jets.units), jets.grid) if names is None else {}
    return Sample(images, tuple(values), np.stack(list(values.values()), axis=1),
                  np.stack([flow[g] for g in GRAPHS], axis=1) if flow else np.zeros((len(images), 0)),
                  further, {k: np.asarray(v, np.float64) for k, v in jets.conditions.items()
                            if jets.units == "GeV" or k not in ("pt", "mass")})


def _steady(values: np.ndarray) -> np.ndarray:
    """What is the same in all jets, such as a sum of 1, without the rounding that would pass for a spread."""
    if not len(values):
        return values
    middle = np.median(values)
    return np.full_like(values, np.float32(middle)) if np.ptp(values) < 1e-5 * abs(middle) else values


def join(samples: Sequence[Sample]) -> Sample:
    """All jets of several samples, in order; conditions that not every sample has are left out."""
    shared = [k for k in samples[0].asked if all(k in s.asked for s in samples)]
    return Sample(np.concatenate([s.images for s in samples]), samples[0].names,
                  np.concatenate([s.values for s in samples]), np.concatenate([s.flow for s in samples]),
                  {k: np.concatenate([s.further[k] for s in samples]) for k in samples[0].further},
                  {k: np.concatenate([s.asked[k] for s in samples]) for k in shared})


def log_pixels(sample: Sample) -> np.ndarray:
    """ln(pT / GeV) of every pixel that is not empty."""
    return np.log(sample.images[sample.images > 0])
