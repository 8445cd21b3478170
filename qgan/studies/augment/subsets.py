"""Which jets a generator and a tagger may see: N real ones, copies of them, generated ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from ...base.errors import ConfigError, DataError
from ...base.seeding import numpy_rng
from ...data.jets import JetImages, concatenate
from ...evaluation.sample import measure
from ...models.symmetry import EtaFlip
from ...taggers import Labelled, Seen, join

#: Part of the jets that a tagger stops early on.
VALIDATION = 0.2
REAL, COPIES, GENERATED, MIXED = "real", "real + copies", "generated", "real + generated"
GIVEN, MIXED_GIVEN = "given run", "real + given run"
#: Generators that were trained on other jets too: no measure of what N jets can give.
SAW_MORE = (GIVEN, MIXED_GIVEN)


#: Jets that a tagger is fitted on, and others that decide when to stop.
TaggerJets = tuple[Labelled, Labelled]


def observe(jets: JetImages) -> Labelled:
    """With every observable measured."""
    values = measure(jets, with_flow=False).values
    return Labelled(Seen(jets.grid, jets.units, images=jets.images, observables=values), jets.label)


def draw(pool: JetImages, n: int, seed: int, turn: int) -> np.ndarray:
    """Positions of ``n`` jets, half of each class, ascending; different turns share none while the pool lasts.

    Raises:
        DataError: the pool has fewer.
    """
    each, chosen = n // 2, []
    for label in (0, 1):
        index = np.flatnonzero(pool.label == label)
        if len(index) < each:
            raise DataError(pool.source, "signal", f"holds {len(index)} jets of class {pool.name(label)}, {each} are "
                                                   f"needed for {n} jets")
        order, start = numpy_rng(seed, "subset", label).permutation(index), turn * each
        if start + each > len(index):
            order, start = numpy_rng(seed, "subset", label, turn).permutation(index), 0
        chosen.append(order[start:start + each])
    return np.sort(np.concatenate(chosen))


def overlap(pool: JetImages, n: int, turns: int) -> bool:
    """Whether :func:`draw` has to draw some jets in more than one turn."""
    return turns * (n // 2) > min(int((pool.label == label).sum()) for label in (0, 1))


def flip_of(jets: JetImages) -> EtaFlip | None:
    """The η-flip of these jets; None where their image is not symmetric about Δη = 0."""
    try:
        return EtaFlip.of(("eta",), jets.frame, jets.grid)
    except ConfigError:
        return None


def copies(jets: Labelled, n: int, flip: EtaFlip | None) -> Labelled:
    """``n`` copies, every other pass over the jets mirrored (where there is a flip), the first one to begin with."""
    index = np.arange(n)
    repeated = jets[index % len(jets)]
    if flip is None:
        return repeated
    images, mirrored = repeated.jets.images, (index // len(jets)) % 2 == 0
    images = np.where(mirrored[:, None, None], flip.images(torch.from_numpy(images)).numpy(), images)
    # No observable changes in the mirror.
    return Labelled(Seen(repeated.jets.grid, repeated.jets.units, images=images,
                         observables=repeated.jets.observables), repeated.label)


def deal(jets: Labelled, seed: int, share: float = VALIDATION) -> TaggerJets:
    """The jets dealt at random into those to fit and those to stop on, this share of each class."""
    held_out = np.zeros(len(jets), bool)
    for label in (0, 1):
        index = numpy_rng(seed, "validation", label).permutation(np.flatnonzero(jets.label == label))
        held_out[index[:round(share * len(index))]] = True
    return jets[~held_out], jets[held_out]


def training_sets(real: Labelled, generated: Labelled, given: Labelled | None, seed: int,
                  flip: EtaFlip | None = None) -> Iterator[tuple[str, TaggerJets]]:
    """Every way to train a tagger, by name.

    The same fifth of the real jets stops all trainings that have real jets, and is never copied; as many generated
    ones stop those that have none. The rest is copied a whole number of times, so that no jet counts more than
    another.

    Args:
        real: N jets.
        generated: of the generator that was trained on these.
        given: of a generator that saw more jets, as many.
        seed: of the split.
        flip: that copies are mirrored by.
    """
    train, validation = deal(real, seed)
    yield REAL, (train, validation)
    times = max(1, round(len(generated) / len(train)))
    yield COPIES, (_both(train, copies(train, times * len(train), flip)), validation)
    for alone, mixed, jets in ((GENERATED, MIXED, generated), (GIVEN, MIXED_GIVEN, given)):
        if jets is not None:
            yield alone, deal(jets, seed, len(validation) / len(jets))
            yield mixed, (_both(train, jets), validation)


def mixed_jets(real: JetImages, generated: JetImages) -> JetImages:
    """Real jets followed by generated ones, marked jet by jet."""
    marks = (replace(jets, generated=np.full(len(jets), mark, np.int8)) for mark, jets in ((0, real), (1, generated)))
    return concatenate(list(marks))


def _both(first: Labelled, second: Labelled) -> Labelled:
    return Labelled(join([first.jets, second.jets]), np.concatenate([first.label, second.label]))
