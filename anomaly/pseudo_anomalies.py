"""Unusual jets made from usual ones: what a model can be chosen on while no real anomaly has been looked at.

Four changes, each of which leaves a jet its pT and makes it something that the training jets are not:

- ``overlaid``: the mean of the jet and of another one, both as shares of pT: two showers in one jet.
- ``smeared``: a pixel gives, with probability 0.3, half of its pT to one of its eight neighbours: more collinear
  splittings.
- ``soft``: Poisson(4) pixels more, anywhere in the circle that the image holds, with 0.2 % of the pT on average:
  radiation that does not follow the jet.
- ``split``: each pixel belongs, with probability 0.3, to a second subjet, which is moved by 0.3 of the image's half
  width: as many particles, otherwise arranged.

The first three make a jet more active than it was. That what is unusual is more active is an assumption; a choice made
with these jets inherits it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qgan.base.errors import DataError
from qgan.base.seeding import numpy_rng
from qgan.data.jets import JetImages

SPLITTINGS, SOFT_PIXELS, SOFT_SHARE, MOVED, DISTANCE = 0.3, 4.0, 0.002, 0.3, 0.3
_AROUND = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j])


def pseudo_anomalies(jets: JetImages, seed: int = 0) -> dict[str, JetImages]:
    """Every kind of pseudo-anomaly by name; the i-th one of each is made from the i-th jet and keeps its label.

    Raises:
        DataError: fewer than two jets, or one without pT.
    """
    total = jets.images.sum((1, 2), dtype=np.float64)[:, None, None]
    if len(jets) < 2 or not (total > 0).all():
        raise DataError(jets.source, "image", f"{len(jets)} jets, expected at least 2, all with pT above 0")
    shares = jets.images / total
    made = {}
    for name, change in KINDS.items():
        images = change(shares, numpy_rng(seed, "pseudo-anomalies", name))
        images *= total / images.sum((1, 2))[:, None, None]
        made[name] = replace(jets, images=images.astype(np.float32), conditions={}, generated=None,
                             source=f"{jets.source}, {name}")
    return made


def overlaid(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each jet with another one, none with itself."""
    order = rng.permutation(len(shares))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)
    return (shares + shares[other]) / 2


def smeared(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pixels that give half of their pT to a neighbour; what would leave the image is lost."""
    jet, row, column = np.nonzero(shares)
    gives = np.where(rng.random(len(jet)) < SPLITTINGS, shares[jet, row, column] / 2, 0.0)
    steps = _AROUND[rng.integers(len(_AROUND), size=len(jet))]
    rest = shares.copy()
    rest[jet, row, column] -= gives
    return rest + _painted(shares.shape, jet, row + steps[:, 0], column + steps[:, 1], gives)


def soft(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """More pixels, uniform in the circle about the centre."""
    n, height, width = shares.shape
    jet = np.repeat(np.arange(n), rng.poisson(SOFT_PIXELS, n))
    radius, angle = np.sqrt(rng.random(len(jet))), rng.uniform(0, 2 * np.pi, len(jet))
    row, column = (np.floor(side * (1 + radius * turn(angle)) / 2).astype(int)
                   for side, turn in ((height, np.sin), (width, np.cos)))
    return shares + _painted(shares.shape, jet, row, column, rng.exponential(SOFT_SHARE, len(jet)))


def split(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some pixels moved together in one direction; what leaves the image is lost."""
    n, height, width = shares.shape
    jet, row, column = np.nonzero(shares)
    moves = rng.random(len(jet)) < MOVED
    # The hardest pixel stays: a jet that has moved as a whole is not split.
    moves &= shares[jet, row, column] < shares.max((1, 2))[jet]
    angle = rng.uniform(0, 2 * np.pi, n)
    down, right = (np.round(DISTANCE * side / 2 * turn(angle)).astype(int)[jet]
                   for side, turn in ((height, np.sin), (width, np.cos)))
    return _painted(shares.shape, jet, row + moves * down, column + moves * right, shares[jet, row, column])


#: Every kind by name: of shares of pT (N, H, W), float64, and a random generator.
KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "overlaid": overlaid, "smeared": smeared, "soft": soft, "split": split}


def _painted(shape: tuple[int, ...], jet: np.ndarray, row: np.ndarray, column: np.ndarray,
             share: np.ndarray) -> np.ndarray:
    """An image a jet from its pixels; those that lie outside are dropped."""
    inside = (row >= 0) & (row < shape[1]) & (column >= 0) & (column < shape[2])
    images = np.zeros(shape)
    np.add.at(images, (jet[inside], row[inside], column[inside]), share[inside])
    return images
