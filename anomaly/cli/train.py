"""``anomaly train``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from qgan.base.commands import Configured
from qgan.base.kinds import Jets, Overwrite, Quiet, Run
from qgan.data.reading import Reading
from qgan.runs.folder import saved_configuration

from ..configuration import Configuration


def main(*, out: Run, configuration: Annotated[Configuration, Configured(saved_configuration)],
         reading: Reading, data: Sequence[Jets] | None = None, resume: bool = False, overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Train a model on jets of the usual class alone.

    Ctrl-C leaves a checkpoint that --resume goes on from.

    Args:
        out: folder of the run.
        data: files of usual jets alone (default: those that ship, see --data.jets).
        resume: go on from the last checkpoint in the folder.
        overwrite: replace the run if the folder holds one.

    Examples:
        anomaly train --config anomaly_conv --out runs/cae
        anomaly train --config anomaly_mlp --data quark.h5 --out runs/mlp --seed 1
        anomaly train --data.normal gluon --model.options.latent 4 --out runs/gluon
        anomaly train --out runs/cae --resume
        anomaly train --config anomaly_conv --seed 2 --print-config > mine.yaml
    """
    from ..experiment import train

    train(configuration, data=data and reading.of(data), out=out, resume=resume, overwrite=overwrite, quiet=quiet)
