"""``anomaly score``."""

from __future__ import annotations

from collections.abc import Sequence

from qgan.base.kinds import Device, Folder, Jets, Json, Overwrite, Pictures, Positive, Quiet, Run, Seed
from qgan.data.reading import Reading


def main(runs: Sequence[Run], *, reading: Reading, test: Sequence[Jets] | None = None,
         emd: Positive | None = None, plots: Pictures | None = None, logdir: Folder | None = None,
         allow_shared: bool = False, seed: Seed = 0, device: Device = "auto", json: Json | None = None,
         overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Score jets of both classes with trained models.

    AUC, background rejection and SIC with errors, beside the scores that need no training. Runs of the same model with
    different seeds are averaged.

    Args:
        runs: folders of runs of anomaly train.
        test: jets of both classes (default: the test jets that ship).
        emd: score so many jets per class by the energy mover's distance between image and reconstruction too.
        plots: write ROC curves, scores and reconstructions here, as PNG.
        logdir: write all figures and pictures for TensorBoard here.
        allow_shared: go on where jets are among those that a model was trained on, and say how many.
        seed: of the errors' bootstrap.

    Examples:
        anomaly score runs/cae
        anomaly score runs/cae_1 runs/cae_2 runs/cae_3 runs/qae --json s.json --plots plots/
        anomaly score runs/cae --test test.h5 --emd 1000
    """
    from qgan.base.io import write_json

    from ..evaluation import score

    report = score(runs, test and reading.of(test), emd=emd or 0, seed=seed, device=device, plots=plots, logdir=logdir,
                   overwrite=overwrite, allow_shared=allow_shared)
    if json:
        write_json(json, report.to_dict(), overwrite)
    if not quiet:
        print(f"{report.usual} jets are usual; {report.about['n_usual']:,} of them and "
              f"{report.about['n_unusual']:,} others are scored\n\n{report.table()}")
