"""``qgan compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from ..base.commands import Configured
from ..base.errors import ConfigError
from ..base.kinds import Folder, IndexRange, Jets, Positive, Quiet, Run, Scheduler, Seed, Workers
from ..data.reading import Reading
from ..runs.configuration import Configuration


def main(*, out: Folder, reading: Reading,
         configurations: Annotated[Mapping[str, Configuration], Configured()] = MappingProxyType({}),
         runs: Sequence[Run] = (), seeds: Positive = 2, workers: Workers = 1, data: Sequence[Jets] | None = None,
         test: Sequence[Jets] | None = None, rows: IndexRange | None = None, columns: IndexRange | None = None,
         n: Positive = 5000, seed: Seed = 0, quick: bool = False, no_controls: bool = False,
         scheduler: Scheduler | None = None, quiet: Quiet = False) -> None:
    """Train and judge several generators and put them into one table.

    Each configuration is trained with several seeds and judged on held-out jets, beside real jets and negative
    controls. Stopped at any moment, the same command goes on from there.

    Args:
        out: for runs, evaluations, comparison.json and comparison.md.
        runs: trained runs, taken as they are (default: none).
        seeds: train with seeds 1 to N.
        workers: trainings side by side, each in a process of one thread.
        data: jets to train on (default: as configured).
        test: held-out jets (default: the test jets that ship).
        rows, columns: compare these pixels alone (default: what all generators make).
        n: most jets per class on each side.
        seed: of the generated jets and the evaluation.
        quick: short evaluations.
        no_controls: leave out real jets and negative controls.

    Examples:
        qgan compare --configs w_qcd w_qcd_classical --seeds 2 --steps 2000 --out compare/
        qgan compare --runs runs/w_qcd-1 runs/w_qcd-2 runs/dense-1 runs/dense-2 --out compare/
        qgan compare --configs w_qcd published --rows 6:22 --columns 5:21 --workers 4 --out crop/
    """
    from ..base.interrupt import kept_if_interrupted
    from ..base.io import write_json, write_text
    from ..studies.compare.run import Judging, compare

    told = {Path(file).stem: configuration for file, configuration in configurations.items()}
    if len(told) < len(configurations):
        raise ConfigError("--configs: two files of one name, expected a name for each")
    with kept_if_interrupted(out):
        found = compare(told, out=out, runs=runs, seeds=range(1, seeds + 1), data=data and reading.of(data),
                        real=test and reading.of(test), rows=rows, columns=columns, judging=Judging(n, seed, quick),
                        with_controls=not no_controls, workers=workers, scheduler=scheduler, quiet=quiet)
    write_json(out / "comparison.json", found.to_dict())
    write_text(out / "comparison.md", found.markdown())
    if not quiet:
        print(found.text())
