"""Makes the jets that ship with the package, from nothing but seeds:

    python -m qgan.simulation.embedded --work FOLDER --workers 4 [--processes w qcd quark gluon]

Each process is one simulation of ``N_JETS`` jets, what ``qgan simulate --process w --n … --seed 1 --out FOLDER/w.h5``
makes, cut into splits by the jet's index. The files hold the process's own frame only, and pixels with 12 of
float32's 23 bits of mantissa (a relative error below 1.3e-4), so that all of them stay small. Interrupted, the same
command goes on from there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..data.files import read_jets
from ..data.shipped import FOLDER
from ..data.writer import write_jets
from . import simulate

SEED = 1
N_JETS = 17_500
#: First and last jet of each split.
SPLITS = {"test": (0, 5_000), "validation": (5_000, 7_500), "train": (7_500, N_JETS)}
PROCESSES = ("w", "qcd", "quark", "gluon")
MANTISSA_BITS = 12


def make_embedded(process: str, work: Path, folder: Path, workers: int = 1) -> None:
    """Simulates one process into ``work`` (unless it is there) and writes its splits below ``folder``."""
    whole = work / f"{process}.h5"
    if not whole.exists():
        simulate(process, N_JETS, whole, seed=SEED, workers=workers)
    for split, (start, stop) in SPLITS.items():
        jets = read_jets(whole, start=start, stop=stop)
        origin = {**jets.origin, "split": split, "first_jet": start, "pixel_mantissa_bits": MANTISSA_BITS}
        path = folder / split / f"{process}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_jets(path, replace(jets, origin=origin), overwrite=True, mantissa_bits=MANTISSA_BITS)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make the jets that ship with the package.")
    parser.add_argument("--work", type=Path, required=True, help="folder for the whole simulations")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where <split>/<process>.h5 go")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--processes", nargs="+", choices=PROCESSES, default=PROCESSES)
    options = parser.parse_args(arguments)
    for process in options.processes:
        make_embedded(process, options.work, options.out, options.workers)


if __name__ == "__main__":
    main()
