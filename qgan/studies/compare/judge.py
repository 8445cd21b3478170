"""Jets of a source against held-out ones: the same evaluation for every generator that is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...base.errors import DataError
from ...data import Grid, JetImages, concatenate, embedded_jets, read_jets
from ...data.convert import crop_to
from ...data.shipped import shipped_set
from ...evaluation import Evaluation, evaluate
from ...sampling.source import JetSource


@dataclass(frozen=True)
class HeldOut:
    """Real jets to be judged by.

    Attributes:
        test: that nothing was chosen on.
        train: that the generators were trained on, or None; for floors and memorising.
    """

    test: JetImages
    train: JetImages | None

    def cropped(self, grid: Grid) -> HeldOut:
        """The part of the images that ``grid`` covers."""
        return HeldOut(crop_to(self.test, grid), self.train and crop_to(self.train, grid))


def held_out(source: JetSource, real: Sequence[str | Path] | None = None,
             reference: Sequence[str | Path] | None = None) -> HeldOut:
    """Real jets of a source's classes and pixels: those of the files, or the test jets that ship.

    Raises:
        DataError: a file that is not what it should be, or no such jets ship with the package.
    """
    train = read_jets(list(reference), frame=source.frame) if reference else None
    if real:
        return HeldOut(read_jets(list(real), frame=source.frame), train).cropped(source.grid)
    name = shipped_set(source.class_names)
    if name is None:
        raise DataError("real jets", "", f"no {' and '.join(source.class_names)} jets ship with the package; give "
                                         "files of held-out ones")
    whole = HeldOut(embedded_jets(name, "test"), train or embedded_jets(name, "train"))
    if whole.test.frame != source.frame:
        raise DataError("real jets", "frame", f"those that ship are {whole.test.frame}, the generator makes "
                                              f"{source.frame} ones; give files of held-out jets")
    return whole.cropped(source.grid)


def some_jets(source: JetSource, n_per_class: int, seed: int, name: str = "generated jets") -> JetImages:
    """``n_per_class`` jets of each class, without subjettiness among their conditions."""
    blocks = [block for label in source.density.classes
              for block in source.jets(n_per_class, seed, label, substructure=False)]
    return replace(concatenate(blocks), origin=source.origin, source=name)


def judge(fake: JetImages, real: HeldOut, *, n_per_class: int, seed: int, quick: bool,
          grid: Grid | None = None, generator: JetSource | None = None) -> Evaluation:
    """The evaluation of generated jets, on the part of the images that ``grid`` covers.

    Args:
        generator: what made them, for its own symmetry.
    """
    grid = grid or fake.grid
    sides = real.cropped(grid)
    return evaluate(sides.test, crop_to(fake, grid), n_per_class=n_per_class, seed=seed, quick=quick,
                    reference=sides.train, generator=generator)
