"""``anomaly curve``."""

from __future__ import annotations

from collections.abc import Sequence

from qgan.base.kinds import Folder, Json, Overwrite, Pictures, Positive, Quiet, Threads

from ..configuration import Embedded


def main(*, out: Folder, families: Sequence[str] = ("quantum", "unentangled", "one_particle", "filter", "conv"),
         usual: str = "quark", embedded: Embedded = "quark_gluon", n: Positive | None = None, seeds: Positive = 3,
         bootstrap: Positive = 50, threads: Threads | None = None, json: Json | None = None,
         plots: Pictures | None = None, restart: bool = False, overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Say what models find against how many numbers they train.

    Families of models in several sizes, on the jets that ship: the quantum autoencoder, the same without CNOTs, one
    particle on one qubit, the matched filter and the convolutional autoencoder, and counting, which trains nothing.
    Stopped at any moment, the same command goes on.

    Args:
        out: folder that the results are kept in.
        families: which of quantum, unentangled, one_particle, filter, conv, overlap, overlap_product and
            overlap_free.
        usual: the class that is trained on.
        embedded: which of the jets that ship.
        n: training jets at most (default: all).
        seeds: trainings of each size.
        bootstrap: samples of the errors.
        restart: drop what an earlier command left in the folder.

    Examples:
        anomaly curve --out runs/curve --plots plots/
        anomaly curve --families quantum filter --n 1000 --seeds 1 --out runs/quick
        anomaly curve --embedded w_qcd --usual qcd --out runs/curve_qcd --json curve.json
    """
    from qgan.base.io import write_json

    from ..curve import curve

    found = curve(families, out, usual=usual, seeds=seeds, n=n or 0, embedded=embedded, n_bootstrap=bootstrap,
                  threads=threads or 0, restart=restart, quiet=quiet)
    if json:
        write_json(json, found.to_dict(), overwrite)
    if plots:
        from ..curve_plot import write_curve

        write_curve(found, plots, overwrite)
    if not quiet:
        print(f"{found.usual} jets are usual, {found.anomaly} jets are not\n{found.table()}")
        for failure in found.failures:
            print(failure)
