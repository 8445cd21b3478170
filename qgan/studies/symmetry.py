"""Symmetries of jets: which named ones they have, and which a game finds in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ..base.seeding import numpy_rng
from ..data.jets import JetImages
from ..data.units import without_softest
from ..evaluation.moved import Broken, broken
from ..symmetry import InvariantMetric, LieGAN, invariant_metric, liegan
from ..symmetry.latent import codes
from ..taggers import Seen

#: What generators act on: four-momenta of the particles, places of the lit pixels in the plane of the image, or the
#: numbers that an autoencoder makes of an image.
On = Literal["particles", "pixels", "codes"]
#: The hardest particles or pixels of a jet that a game looks at.
HARDEST = 10


@dataclass(frozen=True)
class Found:
    """What a game found in the jets of a class.

    Attributes:
        jets: of which file or set.
        group: name of the class.
        seed: of the game.
        game: its generators, and their test.
        metric: that the generators leave as it is.
    """

    jets: str
    group: str
    seed: int
    game: LieGAN
    metric: InvariantMetric

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        game = {**asdict(self.game), "generators": self.game.generators.tolist(), "found": self.game.found}
        metric = {name: value.tolist() if isinstance(value, np.ndarray) else value
                  for name, value in asdict(self.metric).items()}
        return {"jets": self.jets, "class": self.group, "seed": self.seed, **game,
                "metric": {**metric, "gap": self.metric.gap}}


def named(jets: JetImages, n: int, tagger: str = "trees", seed: int = 0) -> Iterator[tuple[str, dict[str, Broken]]]:
    """Of each class how far its jets break the named symmetries.

    Args:
        jets: real or generated.
        n: jets of a class, at most.
        tagger: what tells jets from transformed jets.
        seed: of the draws and the taggers.
    """
    for label in jets.classes:
        some = some_of(jets, label, n, seed)
        images = without_softest(some.images, some.units)
        yield jets.name(label), broken(images, some.grid, some.frame, some.conditions.get("eta"), seed=seed,
                                       units=some.units, tagger=tagger)


def games(jets: JetImages, on: On, count: int, n: int, seeds: range, steps: int = 600,
          size: int = 6) -> Iterator[Found]:
    """What games find in jets, class by class and seed by seed.

    Args:
        jets: with their particles where they have them; else pixels count as massless ones.
        on: what generators act on.
        count: generators of a game.
        n: jets of a class, at most.
        seeds: of the games.
        steps: of a game.
        size: numbers of a code.
    """
    for label in jets.classes:
        points, beside = _points(Seen.of(some_of(jets, label, n, seeds.start)), on, size)
        for seed in seeds:
            game = liegan(points, count, beside=beside, steps=steps, seed=seed)
            yield Found(jets.source, jets.name(label), seed, game, invariant_metric(game.generators))


def _points(jets: Seen, on: On, size: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Vectors (N, M, d) of the hardest, and what of them does not move: the pixels' shares of the pT."""
    if on == "codes":
        return codes(jets.images, size).encode(jets.images)[:, None], None
    momenta = jets.momenta[:, :HARDEST].astype(np.float64)
    if on == "particles":
        return momenta, None
    # Pixels are massless: η from px, py, pz, and the jet's own axis is the origin.
    pt = np.hypot(momenta[..., 1], momenta[..., 2])
    there = pt > 0
    place = np.stack([np.arcsinh(momenta[..., 3] / np.where(there, pt, np.inf)),
                      np.arctan2(momenta[..., 2], momenta[..., 1])], -1)
    return place, np.sqrt(pt / pt.sum(1, keepdims=True))[..., None]


def some_of(jets: JetImages, label: int, n: int, seed: int) -> JetImages:
    """At most ``n`` jets of a class, drawn with the seed."""
    index = np.flatnonzero(jets.label == label)
    return jets[np.sort(numpy_rng(seed, "jets", label).permutation(index)[:n])]
