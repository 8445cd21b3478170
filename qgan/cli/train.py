"""``qgan train``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

from ..base.commands import Configured
from ..base.kinds import Jets, Overwrite, Quiet, Run
from ..data.reading import Reading
from ..runs.configuration import Configuration
from ..runs.folder import RunFolder, saved_configuration


def main(*, out: Run, configuration: Annotated[Configuration, Configured(saved_configuration)],
         reading: Reading, data: Sequence[Jets] | None = None, resume: bool = False, overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Train a generator on jets.

    Ctrl-C leaves a checkpoint that --resume goes on from.

    Args:
        out: folder of the run.
        data: files of jets (default: those that ship, see --data.jets).
        resume: go on from the last checkpoint in the folder.
        overwrite: replace the run if the folder holds one.

    Examples:
        qgan train --out runs/first --steps 200
        qgan train --config w_qcd --data w.h5 qcd.h5 --out runs/w_qcd --steps 6000 --seed 1
        qgan train --out runs/w_qcd --resume
        qgan train --config w_qcd --steps 6000 --print-config > mine.yaml
    """
    if not resume and os.environ.get("RANK", "0") == "0":
        RunFolder.check(out, overwrite)  # before libraries and jets are loaded
    from ..training.experiment import train

    train(configuration, data=data and reading.of(data), out=out, resume=resume, overwrite=overwrite, quiet=quiet)
