"""Jets of a source against held-out ones: the same evaluation for every generator that is compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...base.errors import DataError
from ...data import Grid, JetImages, concatenate, embedded_jets
from ...data.convert import crop_to
from ...data.files import read_in_frame
from ...data.reading import Paths
from ...data.shipped import shipped_set
from ...evaluation import Evaluation, Reference
from ...sampling.source import JetSource

#: Generated jets of each class, in sizes of the comparison: referees are trained on those that it leaves.
JUDGED = 3


@dataclass(frozen=True)
class RealSets:
    """Real jets to be judged by.

    Attributes:
        test: that nothing was chosen on.
        train: that the generators were trained on, or None; for floors and memorising.
    """

    test: JetImages
    train: JetImages | None

    def cropped(self, grid: Grid) -> RealSets:
        """The part of the images that ``grid`` covers."""
        return RealSets(crop_to(self.test, grid), self.train and crop_to(self.train, grid))


def held_out(source: JetSource, real: Paths | None = None, reference: Paths | None = None) -> RealSets:
    """Real jets of a source's classes and pixels: those of the files, or the test jets that ship.

    Raises:
        DataError: a file that is not what it should be, or no such jets ship with the package.
    """
    train = read_in_frame(reference, source.frame) if reference else None
    if real:
        return RealSets(read_in_frame(real, source.frame), train).cropped(source.grid)
    name = shipped_set(source.class_names)
    if name is None:
        raise DataError("real jets", "", f"no {' and '.join(source.class_names)} jets ship with the package; give "
                                         "files of held-out ones")
    whole = RealSets(embedded_jets(name, "test", mixed=False), train or embedded_jets(name, "train", mixed=False))
    if whole.test.frame != source.frame:
        raise DataError("real jets", "frame", f"those that ship are {whole.test.frame}, the generator makes "
                                              f"{source.frame} ones; give files of held-out jets")
    return whole.cropped(source.grid)


def some_jets(source: JetSource, n_per_class: int, seed: int, name: str = "generated jets") -> JetImages:
    """``n_per_class`` jets of each class, without subjettiness among their conditions."""
    blocks = [block for label in source.density.classes
              for block in source.jets(n_per_class, seed, label)]
    return replace(concatenate(blocks), origin=source.origin, source=name)


@dataclass(frozen=True)
class Judge:
    """One evaluation for every generator that is compared: real jets are measured, and floors found, once.

    Attributes:
        reference: what all are judged by.
        grid: the part of the images that is compared.
    """

    reference: Reference
    grid: Grid

    @classmethod
    def of(cls, real: RealSets, grid: Grid, *, n_per_class: int, seed: int, quick: bool) -> Judge:
        """By held-out jets, on the part of the images that ``grid`` covers."""
        sides = real.cropped(grid)
        return cls(Reference.of(sides.test, sides.train, n_per_class=n_per_class, seed=seed, quick=quick), grid)

    def __call__(self, fake: JetImages, generator: JetSource | None = None) -> Evaluation:
        """The evaluation of generated jets; ``generator`` is what made them, for its own symmetry."""
        return self.reference.judge(crop_to(fake, self.grid), generator=generator)
