"""``anomaly matrix``."""

from __future__ import annotations

from collections.abc import Sequence

from qgan.base.kinds import Folder, Jets, Json, Overwrite, Pictures, Positive, Quiet
from qgan.data.reading import Reading

from ..configuration import Embedded
from .compare import Trainings


def main(*, trainings: Trainings, out: Folder, reading: Reading, data: Sequence[Jets] | None = None,
         embedded: Embedded = "quark_gluon", usual: Sequence[str] = (),
         made: Sequence[str] = ("overlaid", "split", "smeared", "merged"), taggers: Sequence[str] = ("trees",),
         seeds: Positive = 3, bootstrap: Positive = 50, json: Json | None = None, plots: Pictures | None = None,
         restart: bool = False, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Train every model on each class and ask it of each other one.

    One matrix, usual × anomaly, of the AUC and of the AUC at equal NNZ, beside scores without training, and taggers
    trained on both classes as the ceiling. Stopped at any moment, the same command goes on.

    Args:
        out: folder that the results are kept in.
        data: files of jets of one class each (default: those that ship).
        embedded: which of the jets that ship.
        usual: classes that are usual in turn (default: all).
        made: kinds of pseudo-anomaly that are scored too.
        taggers: of the ceiling, by name.
        seeds: trainings of each model and tagger.
        bootstrap: samples of the errors.
        restart: drop what an earlier command left in the folder.

    Examples:
        anomaly matrix --configs anomaly_conv anomaly_nae --out runs/matrix --plots plots/
        anomaly matrix --configs anomaly_conv --data quark_jet.h5 gluon_jet.h5 top.h5 --usual quark_jet --out runs/m
        anomaly matrix --configs anomaly_conv --taggers trees resnet --seeds 1 --epochs 3 --out runs/quick
    """
    from qgan.base.io import write_json

    from ..matrix import Plan, matrix

    plan = Plan(tuple(usual), tuple(made), tuple(taggers), seeds, bootstrap)
    found = matrix(trainings, out, plan=plan, data=reading.of(data) if data else None, embedded=embedded,
                   restart=restart, quiet=quiet)
    if json:
        write_json(json, found.to_dict(), overwrite)
    if plots:
        from ..matrix_plot import write_matrix

        write_matrix(found, plots)
    if not quiet:
        sizes = ", ".join(f"{name} {' + '.join(f'{n:,}' for n in counts)}" for name, counts in found.jets.items())
        print(f"Jets to train on, to stop by and to score: {sizes}\n\nAUC\n{found.table()}\n\nAUC at equal NNZ\n"
              f"{found.table('equal_nnz')}")
