"""``qgan generate``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.kinds import Device, Fixed, Overwrite, Positive, Quiet, Run, Seed, Workers
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


def main(*, source: Source, out: NewJets, n: Positive = 10000, seed: Seed = 0, label: str | None = None,
         eta: Fixed | None = None, pt: Fixed | None = None, mass: Fixed | None = None, delta_r: Fixed | None = None,
         device: Device = "auto", workers: Workers = 1, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Make jets with a trained generator.

    Conditions that are not fixed are drawn from their joint density in the training jets.

    Args:
        out: file to write, .h5, .npz, .parquet or .root.
        n: jets in all.
        seed: the same seed gives the same jets.
        label: only this class: 0, 1, or its name (default: as in training).
        eta: fix it, or draw it within a range.
        pt, mass: fix it in GeV, or draw it within a range.
        delta_r: fix that of the two leading subjets, or draw it within a range.
        workers: processes, each with one thread; no effect on the jets.

    Examples:
        qgan generate --model w_qcd --n 10000 --out fake.h5
        qgan generate --run runs/w_qcd --n 10000 --seed 1 --out fake.h5
        qgan generate --run runs/w_qcd --n 1000 --label w --pt 270 --mass 80:82 --eta -0.5:0.5 --out w.h5
    """
    from ..sampling.source import generate

    given = {"eta": eta, "pt": pt, "mass": mass, "delta_r": delta_r}
    rate = generate(source.open(), out, n=n, seed=seed, label=int(label) if label in ("0", "1") else label,
                    fixed={name: value for name, value in given.items() if value is not None}, device=device,
                    workers=workers, overwrite=overwrite, quiet=quiet)
    if not quiet:
        print(f"{out}: {n} jets, {rate:,.0f} a second")
