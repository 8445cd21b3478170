"""Whether generated jets are nearer to the training jets than other real ones are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...base.seeding import numpy_rng
from ..comparison import Comparison, Task, in_one_piece
from ..neighbours import memorising, nearest_distance
from ..pairing import Pairing
from ..registry import Metric, register
from ..resampling import disjoint_parts, error_from_parts
from ..rows import Row

#: Training jets that the search looks through.
MOST = 20_000
_PARTS = 10


def measure(comparison: Comparison) -> Iterator[Task]:
    """Of each class that there are training jets of; not in a quick evaluation."""
    training, seed = comparison.training, comparison.seed
    if training is None:
        yield Task([], lambda _: ["Memorising is left out: it needs the training jets as reference."])
    elif comparison.effort.costly:
        for pairing in comparison.classes:
            images = training.images[training.label == comparison.real.class_names.index(pairing.name)]
            if len(images):
                yield in_one_piece(rows, pairing, images, numpy_rng(seed, "memorising", pairing.name))


def rows(pairing: Pairing, training: np.ndarray, rng: np.random.Generator) -> Iterator[Row]:
    """Distance generated → training jets over real → training jets, n jets each; 1 between real samples.

    Args:
        training: (M, H, W) images that the generator was trained on, none of them among ``pairing.real``.
    """
    training = training[rng.permutation(len(training))[:MOST]]
    i, j = pairing.pairs[0]
    fake = nearest_distance(pairing.fake.images[j], training)
    real = pairing.once("memorising", lambda: nearest_distance(pairing.real.images[i], training))
    parts = [(fake[p], real[q]) for p, q in zip(disjoint_parts(len(fake), _PARTS, rng),
                                                disjoint_parts(len(real), _PARTS, rng), strict=True)]
    error = float(error_from_parts(np.array([memorising(*part) for part in parts])))
    value = memorising(fake, real)
    yield Row(MEMORISING.name, "", pairing.name, value, error, 1.0, value, (value - 1) / error if error > 0 else None,
              MEMORISING.unit, pairing.n)


MEMORISING = register(Metric("memorising", "distance generated to training over test to training jets", measure,
                             best="floor", place=230, cost=10, costly="memorising"))
