"""The pixels of a jet image: how many, and where they lie in Δη and Δφ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Grid:
    """Rows are Δη, columns Δφ, both growing with the index; the frame's origin is (0, 0).

    Attributes:
        height, width: number of rows and of columns.
        eta_range, phi_range: outer edges, radians; symmetric unless the image was cropped off-centre.

    >>> grid = Grid.square(25, half_width=1.25)
    >>> grid.shape, grid.delta_r.shape, float(grid.eta[0].round(3))
    ((25, 25), (25, 25), -1.2)
    >>> grid.crop((5, 20), (5, 20)).eta_range
    (-0.75, 0.75)
    """

    height: int
    width: int
    eta_range: tuple[float, float]
    phi_range: tuple[float, float]

    @classmethod
    def square(cls, size: int, half_width: float) -> Grid:
        """``size`` × ``size`` pixels that cover ±``half_width`` in both directions."""
        return cls.centred((size, size), half_width)

    @classmethod
    def centred(cls, shape: tuple[int, int], half_width: float) -> Grid:
        """(rows, columns) of pixels that cover ±``half_width`` in both directions."""
        edges = (-float(half_width), float(half_width))
        return cls(shape[0], shape[1], edges, edges)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.height, self.width

    @property
    def half_width(self) -> float:
        """Half of the extent in Δη, radians."""
        return (self.eta_range[1] - self.eta_range[0]) / 2

    @cached_property
    def eta(self) -> np.ndarray:
        """Centres of the rows, (height,), float64."""
        return _centres(self.eta_range, self.height)

    @cached_property
    def phi(self) -> np.ndarray:
        """Centres of the columns, (width,), float64."""
        return _centres(self.phi_range, self.width)

    @cached_property
    def delta_r(self) -> np.ndarray:
        """Distance of each pixel's centre to the frame's origin, (height, width), float64."""
        return np.hypot(self.eta[:, None], self.phi[None, :])

    def crop(self, rows: tuple[int, int], columns: tuple[int, int]) -> Grid:
        """The grid of ``image[rows[0]:rows[1], columns[0]:columns[1]]``."""
        eta_edges = np.linspace(*self.eta_range, self.height + 1)
        phi_edges = np.linspace(*self.phi_range, self.width + 1)
        return Grid(rows[1] - rows[0], columns[1] - columns[0],
                    (float(eta_edges[rows[0]]), float(eta_edges[rows[1]])),
                    (float(phi_edges[columns[0]]), float(phi_edges[columns[1]])))


def _centres(edges: tuple[float, float], n: int) -> np.ndarray:
    step = (edges[1] - edges[0]) / n
    return edges[0] + step * (np.arange(n) + 0.5)
