"""Unusual jets made from usual ones: what a model can be chosen on while no real anomaly has been looked at.

Each kind leaves a jet its pT and makes it something that the training jets are not. Three make it more active, and a
score that counts pixels finds them:

- ``overlaid``: the mean of the jet and of another one, both as shares of pT: two showers in one jet.
- ``smeared``: a pixel gives, with probability 0.3, half of its pT to one of its eight neighbours: more collinear
  splittings.
- ``soft``: Poisson(4) pixels more, anywhere in the circle that the image holds, with 0.2 % of the pT on average:
  radiation that does not follow the jet.

Three make it less active, and a score that counts takes them for the most usual jets:

- ``merged``: a pixel gives, with probability 0.3, all of its pT to the hardest of its eight neighbours, if that is
  harder: fewer collinear splittings.
- ``thinned``: each pixel but the hardest is dropped with probability 0.5: half a jet, as two overlaid are a double one.
- ``groomed``: the softest lit pixels are dropped, 10 to 50 % of them.

The others keep the number of lit pixels, so that counting them says nothing:

- ``split``: each pixel but the hardest belongs, with probability 0.3, to a second subjet, which is moved by 0.3 of the
  image's half width.
- ``rotated``: the pixels that are nearer to the hardest one outside the core than to the hardest of all, a prong, are
  turned about the axis by a quarter to three quarters of a turn.
- ``moved``: half of the hardest pixel's pT goes to another pixel, of at least 0.1 % of the pT.
- ``halves``: the left half of the jet with the right half of another one that has as many lit pixels there.

Pixels are moved to places where nothing was; one that finds none stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from qgan.base.errors import DataError
from qgan.base.registry import Registry
from qgan.base.seeding import numpy_rng
from qgan.data.jets import JetImages

SPLITTINGS, SOFT_PIXELS, SOFT_SHARE, MOVED, DISTANCE = 0.3, 4.0, 0.002, 0.3, 0.3
#: The probability with which a pixel is kept, and the share of the lit pixels that are dropped.
THINNED, GROOMED = 0.5, (0.1, 0.5)
#: The core of a jet, about its hardest pixel, as a share of the image's half width; the least share of pT of a pixel
#: that counts as lit whatever the jet's pT.
CORE, LEAST_SHARE = 0.25, 1e-3
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
_AROUND = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j])

@dataclass(frozen=True)
class Kind:
    """A way to make a jet unusual.

    Attributes:
        change: of shares of pT (N, H, W), float64, with a random generator.
        keeps_nnz: whether as many pixels are lit as before.
    """

    change: Change
    keeps_nnz: bool


#: Every kind by name; another package's module is an entry point of this group.
KINDS: Registry[Kind] = Registry("kind of pseudo-anomaly", "anomaly.pseudo_anomalies", of=Kind)


def kind(name: str, *, keeps_nnz: bool) -> Callable[[Change], Change]:
    """A decorator that registers a change under ``name``."""
    def register(change: Change) -> Change:
        KINDS.add(name, Kind(change, keeps_nnz))
        return change

    return register


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
    for name, one in KINDS.items():
        images = one.change(shares, numpy_rng(seed, "pseudo-anomalies", name))
        images *= total / images.sum((1, 2))[:, None, None]
        made[name] = replace(jets, images=images.astype(np.float32), conditions={}, generated=None,
                             source=f"{jets.source}, {name}")
    return made


@kind("overlaid", keeps_nnz=False)
def overlaid(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each jet with another one, none with itself."""
    order = rng.permutation(len(shares))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)
    return (shares + shares[other]) / 2


@kind("smeared", keeps_nnz=False)
def smeared(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pixels that give half of their pT to a neighbour; what would leave the image is lost."""
    jet, row, column = np.nonzero(shares)
    gives = np.where(rng.random(len(jet)) < SPLITTINGS, shares[jet, row, column] / 2, 0.0)
    steps = _AROUND[rng.integers(len(_AROUND), size=len(jet))]
    rest = shares.copy()
    rest[jet, row, column] -= gives
    return rest + _painted(shares.shape, jet, row + steps[:, 0], column + steps[:, 1], gives)


@kind("soft", keeps_nnz=False)
def soft(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """More pixels, uniform in the circle about the centre."""
    n, height, width = shares.shape
    jet = np.repeat(np.arange(n), rng.poisson(SOFT_PIXELS, n))
    radius, angle = np.sqrt(rng.random(len(jet))), rng.uniform(0, 2 * np.pi, len(jet))
    row, column = (np.floor(side * (1 + radius * turn(angle)) / 2).astype(int)
                   for side, turn in ((height, np.sin), (width, np.cos)))
    return shares + _painted(shares.shape, jet, row, column, rng.exponential(SOFT_SHARE, len(jet)))


@kind("merged", keeps_nnz=False)
def merged(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pixels that give all of their pT to a harder neighbour."""
    height, width = shares.shape[1:]
    walled = np.pad(shares, ((0, 0), (1, 1), (1, 1)))
    around = np.stack([walled[:, 1 + i:1 + i + height, 1 + j:1 + j + width] for i, j in _AROUND])
    jet, row, column = np.nonzero((shares > 0) & (around.max(0) > shares) & (rng.random(shares.shape) < SPLITTINGS))
    steps = _AROUND[around[:, jet, row, column].argmax(0)]
    gives = shares[jet, row, column]
    rest = shares.copy()
    rest[jet, row, column] = 0
    return rest + _painted(shares.shape, jet, row + steps[:, 0], column + steps[:, 1], gives)


@kind("thinned", keeps_nnz=False)
def thinned(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the pixels, the hardest one among them."""
    kept = (rng.random(shares.shape) < THINNED) | (shares == shares.max((1, 2), keepdims=True))
    return shares * kept


@kind("groomed", keeps_nnz=False)
def groomed(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The softest pixels dropped, never all."""
    flat = shares.reshape(len(shares), -1)
    lit = np.count_nonzero(flat, axis=1)
    dropped = (lit * rng.uniform(*GROOMED, len(flat))).astype(int)
    rank = flat.argsort(1).argsort(1) - (flat.shape[1] - lit)[:, None]
    return np.where(rank < dropped[:, None], 0.0, flat).reshape(shares.shape)


@kind("split", keeps_nnz=True)
def split(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some pixels moved together in one direction."""
    n, height, width = shares.shape
    jet, row, column = np.nonzero(shares)
    moves = rng.random(len(jet)) < MOVED
    # The hardest pixel stays: a jet that has moved as a whole is not split.
    moves &= shares[jet, row, column] < shares.max((1, 2))[jet]
    angle = rng.uniform(0, 2 * np.pi, n)
    down, right = (np.round(DISTANCE * side / 2 * turn(angle)).astype(int)[jet]
                   for side, turn in ((height, np.sin), (width, np.cos)))
    return _carried(shares, jet, row, column, row + moves * down, column + moves * right)


@kind("rotated", keeps_nnz=True)
def rotated(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The second prong turned about the axis."""
    n, height, width = shares.shape
    rows, columns = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    places = np.stack([rows.ravel(), columns.ravel()], 1)
    flat = shares.reshape(n, -1)
    first = places[flat.argmax(1)]
    from_first = np.linalg.norm(places - first[:, None], axis=2)
    second = places[np.where(from_first > CORE * min(height, width) / 2, flat, -1.0).argmax(1)]
    prong = np.linalg.norm(places - second[:, None], axis=2) < from_first
    jet, place = np.nonzero(flat)
    angles = np.asarray(rng.uniform(np.pi / 2, 3 * np.pi / 2, n))
    angle = angles[jet] * prong[jet, place]
    y, x = places[place].T
    row = np.round(y * np.cos(angle) + x * np.sin(angle) + (height - 1) / 2).astype(int)
    column = np.round(x * np.cos(angle) - y * np.sin(angle) + (width - 1) / 2).astype(int)
    return _carried(shares, jet, place // width, place % width, row, column)


@kind("moved", keeps_nnz=True)
def moved(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the hardest pixel given to another one; a jet without another one keeps it."""
    flat = shares.reshape(len(shares), -1).copy()
    jets, hardest = np.arange(len(flat)), flat.argmax(1)
    lots = np.where(flat >= LEAST_SHARE, rng.random(flat.shape), -1.0)
    lots[jets, hardest] = -0.5
    taker = lots.argmax(1)
    given = np.where(taker == hardest, 0.0, flat[jets, hardest] / 2)
    flat[jets, hardest] -= given
    flat[jets, taker] += given
    return flat.reshape(shares.shape)


@kind("halves", keeps_nnz=True)
def halves(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each jet with the right half of the next one among those with as many lit pixels there, in random order."""
    middle = shares.shape[2] // 2 + 1
    lit = np.count_nonzero(shares[:, :, middle:], axis=(1, 2))
    order = np.lexsort((rng.random(len(shares)), lit))
    other = np.empty_like(order)
    for group in np.split(order, np.flatnonzero(np.diff(lit[order])) + 1):
        other[group] = np.roll(group, 1)
    made = shares.copy()
    made[:, :, middle:] = shares[other][:, :, middle:]
    return made


def _carried(shares: np.ndarray, jet: np.ndarray, row: np.ndarray, column: np.ndarray, to_row: np.ndarray,
             to_column: np.ndarray) -> np.ndarray:
    """Lit pixels brought to other places, each to one where nothing was and nothing else goes, or left where they are.
    """
    _, height, width = shares.shape
    place = (jet * height + row) * width + column
    goal = (jet * height + to_row.clip(0, height - 1)) * width + to_column.clip(0, width - 1)
    goes = (to_row >= 0) & (to_row < height) & (to_column >= 0) & (to_column < width) & (shares.ravel()[goal] == 0)
    _, first = np.unique(np.where(goes, goal, -1), return_index=True)
    goes &= np.isin(np.arange(len(goal)), first)
    images = np.zeros(shares.size)
    images[np.where(goes, goal, place)] = shares[jet, row, column]
    return images.reshape(shares.shape)


def _painted(shape: tuple[int, ...], jet: np.ndarray, row: np.ndarray, column: np.ndarray,
             share: np.ndarray) -> np.ndarray:
    """An image a jet from its pixels; those that lie outside are dropped."""
    inside = (row >= 0) & (row < shape[1]) & (column >= 0) & (column < shape[2])
    images = np.zeros(shape)
    np.add.at(images, (jet[inside], row[inside], column[inside]), share[inside])
    return images
