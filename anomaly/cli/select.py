"""``anomaly select``."""

from __future__ import annotations

from collections.abc import Sequence

from qgan.base.kinds import Jets, Json, Overwrite, Positive, Quiet, Seed
from qgan.data.reading import Reading

from .compare import Trainings


def main(*, trainings: Trainings, reading: Reading, data: Sequence[Jets] | None = None, seeds: Positive = 2,
         kinds: Sequence[str] | None = None, seed: Seed = 0, json: Json | None = None,
         overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Rank configurations on usual jets alone.

    Trains each on usual jets and sees how well it tells usual validation jets from pseudo-anomalies made of them, as
    many pixels lit (split, a prong rotated, energy moved, two halves): without looking at an anomaly.

    Args:
        data: files of usual jets alone (default: those that ship).
        seeds: trainings of each model.
        kinds: of pseudo-anomaly that decide (default: those that keep the number of lit pixels).
        seed: of the pseudo-anomalies and of the errors' bootstrap.

    Examples:
        anomaly select --configs anomaly_quantum anomaly_published --seeds 3
        anomaly select --configs a.yaml b.yaml c.yaml --data quark.h5 --n 5000 --epochs 3 --json ranking.json
    """
    from qgan.base.io import write_json

    from ..selection import select

    selection = select(trainings, data=data and reading.of(data), seeds=seeds, seed=seed, kinds=kinds, quiet=quiet)
    if json:
        write_json(json, selection.to_dict(), overwrite)
    if not quiet:
        print(f"{selection.n_jets:,} {selection.usual} validation jets and as many pseudo-anomalies of each kind\n\n"
              f"{selection.table()}")
