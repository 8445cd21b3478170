"""A generator during training, on validation jets: cheap metrics often, costly ones now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from ..base.seeding import numpy_rng
from ..data import JetImages, concatenate
from ..data.units import above_cut
from ..sampling.source import JetSource
from .effort import Effort
from .features import FEATURES
from .reference import Reference
from .registry import METRICS
from .result import Evaluation

#: What is looked at often: what costs next to nothing; the pixel mean is pT over again.
WATCHED = ("pt", "mass", "delta_r_mean", "delta_r_std", "width", "sigma_r", "pixel_std", "nnz", "ptd", "leading_1",
           "leading_3")
#: Tag that a log has where all generated images were empty, and nothing could be measured.
EMPTY = "quality/empty images"


@dataclass(frozen=True)
class Watch:
    """Validation jets that a generator is compared with again and again.

    Attributes:
        often, seldom: the yardsticks of metrics that are ``watched`` so; their floors come from validation and training
            jets.
        others: training jets, as many of each class.
        seed: of the generated jets; the same at every look, so that looks can be compared.
    """

    often: Reference
    seldom: Reference
    others: JetImages
    seed: int

    @classmethod
    def of(cls, validation: JetImages, training: JetImages, n_per_class: int, seed: int) -> Watch:
        """By at most ``n_per_class`` validation jets a class, if there are as many training jets."""
        n = int(min([n_per_class, *((jets.label == c).sum() for jets in (validation, training)
                                    for c in validation.classes)]))
        jets = validation.sample(n, seed)
        often, seldom = (Reference.by(jets, training, _effort(n, names), seed) for names in (WATCHED, FEATURES))
        return cls(often, seldom, training.sample(n, seed), seed)

    @property
    def jets(self) -> JetImages:
        """The validation jets, as many of each class."""
        return self.often.side.real

    def look(self, source: JetSource) -> tuple[JetImages, Evaluation | None]:
        """Generated jets, as many of each class, and what is watched often; None where all of them are empty."""
        n = len(self.jets) // len(self.jets.classes)
        blocks = [block for c in self.jets.classes for block in source.jets(n, self.seed, c)]
        fake = concatenate(blocks)
        return fake, _judged(self.often, fake, "often") if above_cut(fake.images, fake.units).any() else None

    def closely(self, fake: JetImages) -> Evaluation:
        """What is watched seldom, on ``fake``."""
        return _judged(self.seldom, fake, "seldom")

    @cached_property
    def floors(self) -> dict[str, float]:
        """Of what is watched often, by tag."""
        return _floors(_judged(self.often, self.others, "often"))

    @cached_property
    def costly_floors(self) -> dict[str, float]:
        """Of what is watched seldom, by tag."""
        return _floors(_judged(self.seldom, self.others, "seldom"))


def tagged(evaluation: Evaluation) -> dict[str, float]:
    """Every number by its tag; those at a glance come first, also in the alphabet, in which TensorBoard shows them."""
    return {f"at a glance/{name}": row.value for name, row in evaluation.at_a_glance().items()} | {
        f"quality/{row.tag}": row.value for row in evaluation.rows}


def subset(jets: JetImages, n: int, seed: int) -> JetImages:
    """``n`` random jets, for pictures."""
    return jets[numpy_rng(seed, "pictures").permutation(len(jets))[:n]]


def _effort(n: int, names: Sequence[str]) -> Effort:
    return Effort(n, parts=0, draws=5, tree_repeats=3, tree_floors=3, costly=False, names=tuple(names), together=False,
                  fewest=1)


def _judged(by: Reference, jets: JetImages, how_often: str) -> Evaluation:
    names = [name for name, metric in METRICS.items() if metric.watched == how_often]
    return by.judge(jets, metrics=names, workers=torch.get_num_threads())


def _floors(evaluation: Evaluation) -> dict[str, float]:
    """What real jets reach in the place of each number; which jets were judged does not matter."""
    rows = [replace(row, value=row.floor) for row in evaluation.rows if row.floor is not None]
    return tagged(replace(evaluation, rows=rows))
