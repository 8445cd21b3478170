"""Jets as taggers look at them: as images, as particles, as a table of observables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.grid import Grid
from ..data.jets import JetImages
from ..data.units import Units, without_softest
from ..observables.arrays import observables


class Seen:
    """N jets; a way to see them that is not given is made from the images when it is first asked for.

    Args:
        grid: where the pixels lie.
        units: of the pixels.
        ways: arrays by the names of the properties below.

    >>> seen = Seen(Grid.square(2, 0.2), images=np.array([[[0.0, 9.0], [0.0, 3.0]]]))
    >>> seen.momenta[0, :, 0].round(2).tolist()  # energies, GeV
    [9.05, 3.02]
    """

    def __init__(self, grid: Grid | None = None, units: Units = "GeV", **ways: np.ndarray) -> None:
        self.grid, self.units, self._ways = grid, units, ways

    @classmethod
    def of(cls, jets: JetImages) -> Seen:
        """Jets of a file or of a generator, with their particles where they have them."""
        particles = {} if jets.momenta is None else {"momenta": jets.momenta}
        return cls(jets.grid, jets.units, images=jets.images, **particles)

    def __len__(self) -> int:
        return len(next(iter(self._ways.values())))

    def __getitem__(self, index: slice | np.ndarray) -> Seen:
        return Seen(self.grid, self.units, **{name: values[index] for name, values in self._ways.items()})

    @property
    def images(self) -> np.ndarray:
        """(N, H, W) pixel pT in ``units``; (N, C, H, W) of jets with several images, which networks alone see.

        Raises:
            ValueError: they are not known.
        """
        if "images" not in self._ways:
            raise ValueError(f"only the {' and the '.join(self._ways)} of these jets are known, not their images")
        return self._ways["images"]

    @property
    def observables(self) -> np.ndarray:
        """(N, S) observables, those of :func:`qgan.observables.registry.measured` where no others were given."""
        if "observables" not in self._ways:
            cut = without_softest(self.images, self.units)
            self._ways["observables"] = np.stack(list(observables(cut, self._known_grid, units=self.units).values()), 1)
        return self._ways["observables"]

    @property
    def momenta(self) -> np.ndarray:
        """(N, M, 4) E, px, py, pz in ``units``, the largest pT first, rows of zeros where there are no more particles.

        From images each pixel that is not empty is a massless particle in its centre.
        """
        if "momenta" not in self._ways:
            cut = without_softest(self.images, self.units)
            self._ways["momenta"] = pixels_as_particles(cut, self._known_grid)
        return self._ways["momenta"]

    def hardest(self, n: int | None) -> Seen:
        """The same jets, of which at most the ``n`` hardest particles are seen; images are left as they are."""
        return self if n is None else Seen(self.grid, self.units, **self._ways | {"momenta": self.momenta[:, :n]})

    @property
    def _known_grid(self) -> Grid:
        if self.grid is None:
            raise ValueError("where the pixels of these jets lie is not known")
        return self.grid


def join(parts: Sequence[Seen]) -> Seen:
    """All jets in order, seen in the ways that are known of all parts."""
    shared = [name for name in parts[0]._ways if all(name in part._ways for part in parts)]
    longest = max((part._ways["momenta"].shape[1] for part in parts), default=0) if "momenta" in shared else 0
    ways = {name: np.concatenate([_padded(part._ways[name], longest) if name == "momenta" else part._ways[name]
                                  for part in parts]) for name in shared}
    return Seen(parts[0].grid, parts[0].units, **ways)


def pixels_as_particles(images: np.ndarray, grid: Grid) -> np.ndarray:
    """(N, M, 4) massless four-momenta of the pixels of images (N, H, W), M the most that an image has."""
    pt, flat = images.reshape(len(images), -1).astype(np.float64), images.reshape(len(images), -1)
    most = int((flat > 0).sum(1).max(initial=1))
    order = np.argsort(-flat, axis=1, kind="stable")[:, :most]
    eta, phi = (axis.ravel() for axis in np.meshgrid(grid.eta, grid.phi, indexing="ij"))
    direction = np.stack([np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta)], 1)
    return np.take_along_axis(pt, order, 1)[..., None] * direction[order]


def _padded(momenta: np.ndarray, length: int) -> np.ndarray:
    return np.pad(momenta, ((0, 0), (0, length - momenta.shape[1]), (0, 0)))
