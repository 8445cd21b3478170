"""Transformations of jets that have names, each as two sets of images that are alike where it is a symmetry.

- ``eta_flip``: jets at η > 0 beside those at η < 0, mirrored in η. In the canonical frame the mirror does nothing to an
  image: the frame's own rotation and parity have absorbed it. Without η, any jets beside others, mirrored.
- ``phi_flip``: jets beside others with Δφ → −Δφ.
- ``quarter_turn``: jets beside others turned by 90° about their axis, which moves whole pixels.
- ``boost``: the jets with the smaller |η| beside those with the larger: a boost along the beam takes one to the other
  and leaves Δη, Δφ and pT of massless particles as they are.

The canonical frame breaks ``phi_flip`` and ``quarter_turn`` by what it is: it puts the harder half right and the second
subjet below.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..data.grid import Grid

Images = np.ndarray


def sides(images: Images, grid: Grid, frame: str, eta: np.ndarray | None,
          rng: np.random.Generator) -> Iterator[tuple[str, Images, Images]]:
    """The name of each transformation that these jets allow, and its two sets of images.

    Args:
        images: (N, H, W).
        grid: where the pixels lie; what does not map it onto itself is left out.
        frame: ``raw`` or ``canonical``.
        eta: (N,), or None where it is not known.
        rng: deals the jets where their η does not.

    >>> rng, image = np.random.default_rng(0), np.zeros((2, 3, 3))
    >>> image[:, 0, 1] = 1.0
    >>> found = sides(image, Grid.square(3, 0.3), "raw", None, rng)
    >>> {name: [int(side[0, 0, 1]) for side in both] for name, *both in found}
    {'eta_flip': [1, 0], 'phi_flip': [1, 1], 'quarter_turn': [1, 0]}
    """
    rows, columns = (np.allclose(axis, -axis[::-1], atol=1e-6) for axis in (grid.eta, grid.phi))
    raw, square = frame == "raw", grid.height == grid.width and np.allclose(grid.eta, grid.phi, atol=1e-6)
    one, other = np.array_split(rng.permutation(len(images)), 2)
    if eta is not None and (rows or not raw):
        yield "eta_flip", images[eta > 0], _mirrored(images[eta < 0], raw)
    elif raw and rows:
        yield "eta_flip", images[one], _mirrored(images[other], raw)
    if columns:
        yield "phi_flip", images[one], images[other][:, :, ::-1]
    if square and rows:
        yield "quarter_turn", images[one], np.rot90(images[other], axes=(1, 2))
    if eta is not None:
        far = np.abs(eta) > np.median(np.abs(eta))
        yield "boost", images[~far], images[far]


def _mirrored(images: Images, rows: bool) -> Images:
    return images[:, ::-1] if rows else images
