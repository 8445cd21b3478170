"""``qgan generate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..base.kinds import Device, NamedWish, Overwrite, Positive, Quiet, Run, Scheduler, Seed, Wish, Workers
from ..base.usage import UsageError
from ..data.stores import NewJets

if TYPE_CHECKING:
    from ..sampling.source import JetSource


@dataclass(frozen=True)
class Source:
    """A trained generator.

    Attributes:
        run: folder of a run, as made by qgan train.
        model: a model that ships (see qgan models), or the .safetensors file of another.
    """

    run: Run | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        if self.run is None and self.model is None:
            raise UsageError("one of --run and --model is required, to name a trained generator")
        if self.run is not None and self.model is not None:
            raise UsageError("--model: not allowed with --run")

    def open(self) -> JetSource:
        """The generator, on the CPU."""
        if self.model is not None:
            from ..sampling.pretrained import load_model

            return load_model(self.model)
        from ..sampling.source import load_source

        assert self.run is not None
        return load_source(self.run)


def main(*, source: Source, out: NewJets, n: Positive | None = None, seed: Seed = 0, label: str | None = None,
         eta: Wish | None = None, pt: Wish | None = None, mass: Wish | None = None, delta_r: Wish | None = None,
         fix: Sequence[NamedWish] | None = None, conditions: Path | None = None,
         outside: Literal["refuse", "clip"] = "refuse", substructure: bool = False, device: Device = "auto",
         workers: Workers = 1, scheduler: Scheduler | None = None, overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Make jets with a trained generator.

    Conditions that are not given are drawn from their joint density in the training jets, given those that are. A
    condition is a value (270), a range (80:82), a Gaussian (normal(80,5)) or a file of values to draw from. It is what
    the training jets have under that name: pt and mass are those of the jet, and the image of a jet has a little more
    of both (as real ones have), for pixels are summed up without their directions. What an image itself is to have is
    image_pt and image_mass: --fix image_pt=270.

    Args:
        out: file to write, .h5, .npz, .parquet or .root.
        n: jets in all (default: 10000, or one for each row of --conditions).
        seed: the same seed gives the same jets.
        label: only this class, by number or name (default: as in training).
        eta: pseudorapidity of the jet.
        pt, mass: of the jet, GeV.
        delta_r: of the two leading subjets.
        fix: any condition or coding of the generator (qgan models lists them).
        conditions: a table with a row for each jet (CSV, Parquet, HDF5, .npz): label and any conditions.
        outside: refuse what is outside the training range, or clip it.
        substructure: measure tau_1, tau_2, tau_3, tau_21 and tau_32 of the images too; it takes half as long again.
        workers: processes, each with one thread; no effect on the jets.

    Examples:
        qgan generate --model w_qcd --n 10000 --out fake.h5
        qgan generate --run runs/w_qcd --n 10000 --seed 1 --out fake.h5
        qgan generate --run runs/w_qcd --n 1000 --label w --pt 270 --mass 80:82 --eta -0.5:0.5 --out w.h5
        qgan generate --model w_qcd --mass 'normal(80,5)' --fix soft_nnz=20:30 --out w.h5
        qgan generate --model w_qcd --conditions mine.csv --out fast.h5
        qgan generate --model w_qcd --n 10000000 --scheduler tcp://host:8786 --out many.h5
    """
    from ..sampling.asked import DEFAULT
    from ..sampling.source import generate

    given = {"eta": eta, "pt": pt, "mass": mass, "delta_r": delta_r}
    fixed = {name: value for name, value in given.items() if value is not None}
    for name, value in fix or ():
        if name in fixed:
            raise UsageError(f"--fix: {name} is given twice")
        fixed[name] = value
    generator = source.open()
    table = None if conditions is None else generator.table(conditions)
    number = n or (DEFAULT if table is None else len(table))
    rate = generate(generator, out, n=number, seed=seed, label=label, fixed=fixed, conditions=table, outside=outside,
                    substructure=substructure, device=device, workers=workers, scheduler=scheduler, overwrite=overwrite,
                    quiet=quiet)
    if not quiet:
        print(f"{out}: {number} jets, {rate:,.0f} a second")
