"""Which jets a generator and a tagger may see: N real ones, copies of them, generated ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from ...base.errors import ConfigError, DataError
from ...base.seeding import numpy_rng
from ...data.jets import JetImages, concatenate
from ...evaluation.sample import measure
from ...models.symmetry import EtaFlip

#: Part of the jets that a tagger stops early on.
VALIDATION = 0.2
REAL, COPIES, GENERATED, MIXED = "real", "real + copies", "generated", "real + generated"
GIVEN, MIXED_GIVEN = "given run", "real + given run"
#: Generators that were trained on other jets too: no measure of what N jets can give.
SAW_MORE = (GIVEN, MIXED_GIVEN)


@dataclass(frozen=True)
class Observed:
    """Jets with what is measured on their images.

    Attributes:
        jets: N of them.
        values: (N, S) in the order of ``observables.registry.measured()``.
    """

    jets: JetImages
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.jets)

    def __getitem__(self, index: np.ndarray) -> Observed:
        return Observed(self.jets[index], self.values[index])


@dataclass(frozen=True)
class TaggerJets:
    """What a tagger is fitted on, and other jets that decide when to stop."""

    train: Observed
    validation: Observed


def observe(jets: JetImages) -> Observed:
    """Measures every observable."""
    return Observed(jets, measure(jets, with_flow=False).values)


def join(first: Observed, second: Observed) -> Observed:
    """The jets of both, in order."""
    return Observed(concatenate([first.jets, second.jets]), np.concatenate([first.values, second.values]))


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


def copies(observed: Observed, n: int) -> Observed:
    """``n`` copies, every other pass over the jets mirrored (where the flip is valid), the first one to begin with."""
    flip, index = flip_of(observed.jets), np.arange(n)
    repeated = observed[index % len(observed)]
    if flip is None:
        return repeated
    mirrored, jets = (index // len(observed)) % 2 == 0, repeated.jets
    images = np.where(mirrored[:, None, None], flip.images(torch.from_numpy(jets.images)).numpy(), jets.images)
    conditions = dict(jets.conditions)
    if "eta" in conditions:
        conditions["eta"] = np.where(mirrored, -conditions["eta"], conditions["eta"])
    # No observable changes in the mirror.
    return Observed(replace(jets, images=images, conditions=conditions), repeated.values)


def deal(observed: Observed, seed: int, share: float = VALIDATION) -> TaggerJets:
    """The jets dealt at random into those to fit and those to stop on, this share of each class."""
    held_out = np.zeros(len(observed), bool)
    for label in (0, 1):
        index = numpy_rng(seed, "validation", label).permutation(np.flatnonzero(observed.jets.label == label))
        held_out[index[:round(share * len(index))]] = True
    return TaggerJets(observed[~held_out], observed[held_out])


def training_sets(real: Observed, generated: Observed, given: Observed | None,
                  seed: int) -> Iterator[tuple[str, TaggerJets]]:
    """Every way to train a tagger, by name.

    The same fifth of the real jets stops all trainings that have real jets, and is never copied; as many generated
    ones stop those that have none. The rest is copied a whole number of times, so that no jet counts more than
    another.

    Args:
        real: N jets.
        generated: of the generator that was trained on these.
        given: of a generator that saw more jets, as many.
        seed: of the split.
    """
    dealt = deal(real, seed)
    yield REAL, dealt
    times = max(1, round(len(generated) / len(dealt.train)))
    yield COPIES, TaggerJets(join(dealt.train, copies(dealt.train, times * len(dealt.train))), dealt.validation)
    for alone, mixed, jets in ((GENERATED, MIXED, generated), (GIVEN, MIXED_GIVEN, given)):
        if jets is not None:
            yield alone, deal(jets, seed, len(dealt.validation) / len(jets))
            yield mixed, TaggerJets(join(dealt.train, jets), dealt.validation)


def mixed_jets(real: JetImages, generated: JetImages) -> JetImages:
    """Real jets followed by generated ones, marked jet by jet."""
    marks = (replace(jets, generated=np.full(len(jets), mark, np.int8)) for mark, jets in ((0, real), (1, generated)))
    return concatenate(list(marks))
