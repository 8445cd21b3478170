"""Images as particles without mass: each pixel that is lit is one, at its centre."""

from __future__ import annotations

import numpy as np

from .grid import Grid


def lit_pixels(images: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels that are lit, the hardest first: pT in the images' unit, Δη, Δφ, each (N, M) float32.

    pT = 0 pads; M is the number of lit pixels of the jet that has most.

    >>> pt, eta, phi = lit_pixels(np.array([[[0, 3.0], [0, 4.0]]]), Grid.square(2, 1.0))
    >>> pt.tolist(), eta.tolist(), phi.tolist()
    ([[4.0, 3.0]], [[0.5, -0.5]], [[0.5, 0.5]])
    """
    flat = images.reshape(len(images), grid.height * grid.width)
    most = int((flat > 0).sum(1).max(initial=0))
    order = np.argsort(-flat, axis=1, kind="stable")[:, :most]
    pt = np.take_along_axis(flat, order, axis=1).astype(np.float32)
    where = np.meshgrid(grid.eta, grid.phi, indexing="ij")
    eta, phi = (np.where(pt > 0, x.astype(np.float32).ravel()[order], np.float32(0)) for x in where)
    return pt, eta, phi


def images_of(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, grid: Grid) -> np.ndarray:
    """The images whose lit pixels these are, (N, H, W) float32: the inverse of :func:`lit_pixels`."""
    images = np.zeros((len(pt), *grid.shape), np.float32)
    pt = pt + 0 * eta + 0 * phi  # what lies nowhere is NaN, and is refused with the image
    jets, slots = np.nonzero(pt)
    rows, columns = (np.abs(centres - where[jets, slots, None]).argmin(1)
                     for centres, where in ((grid.eta, eta), (grid.phi, phi)))
    images[jets, rows, columns] = pt[jets, slots]
    return images


def image_mass(images: np.ndarray, grid: Grid) -> np.ndarray:
    """Mass of all pixels together, (N,) float64."""
    eta, phi = np.meshgrid(grid.eta, grid.phi, indexing="ij")
    energy, *momentum = (np.einsum("nhw,hw->n", images.astype(np.float64), f)
                         for f in (np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta)))
    return np.sqrt(np.maximum(energy**2 - sum(p**2 for p in momentum), 0))
