"""``qgan simulate``."""

from __future__ import annotations

from typing import Annotated, Literal

from ..base.commands import Word
from ..base.kinds import Overwrite, Positive, Quiet, Scheduler, Seed, Workers
from ..data.stores import NewJets


def main(*, process: Literal["w", "qcd", "quark", "gluon", "top", "qcd_jet", "w_jet", "quark_jet", "gluon_jet"],
         n: Positive, out: NewJets, seed: Seed = 0, workers: Workers = 1, scheduler: Scheduler | None = None,
         size: Positive = 25, half_width: Annotated[float, Word("RADIANS")] | None = None,
         frame: Literal["raw", "canonical"] | None = None, light_quarks: bool = False, restart: bool = False,
         overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Make jets with Pythia 8 and FastJet.

    They come with pip install 'qgan[simulate]'. Killed at any moment, the same command goes on from there.

    Args:
        process: which kind of jet.
        n: jets in all.
        out: file to write, .h5, .npz, .parquet or .root.
        seed: the same seed gives the same jets.
        workers: processes; no effect on the jets.
        size: pixels a side.
        half_width: half of the image's extent (default: by process).
        frame: of the main images (default: by process); the file holds the other one too.
        light_quarks: u, d and s quarks only, for the process quark.
        restart: drop what an interrupted simulation left.

    Examples:
        qgan simulate --process w --n 2000 --seed 1 --workers 4 --out w.h5
        qgan simulate --process w --n 1000000 --scheduler tcp://host:8786 --out many.h5
        qgan simulate --process quark --light-quarks --n 10000 --size 40 --out quark.h5
    """
    from ..simulation import simulate

    made = simulate(process, n, out, seed=seed, workers=workers, size=size, half_width=half_width, frame=frame,
                    light_quarks=light_quarks, scheduler=scheduler, resume=not restart, overwrite=overwrite,
                    quiet=quiet)
    if not quiet:
        print(f"{made}: {n} {process} jets")
