"""``qgan evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ..base.commands import Word
from ..base.errors import DataError
from ..base.kinds import Device, Folder, IndexRange, Jets, Json, Overwrite, Pictures, Positive, Quiet, Seed, Selected
from ..data.reading import Paths, Reading

if TYPE_CHECKING:
    from ..data.jets import JetImages
    from ..data.selection import Selection
    from ..evaluation import Evaluation


def new_report(folder: Path, overwrite: bool) -> None:
    """Says before the work, not after it, that a report cannot be written."""
    from ..report import check_report

    check_report(folder, overwrite)


def main(files: Sequence[Jets], *, reading: Reading, data: Sequence[Jets] | None = None, rows: IndexRange | None = None,
         columns: IndexRange | None = None, select: Sequence[Selected] | None = None,
         n: Positive = 5000, quick: bool = False, referees: Sequence[str] = (), allow_shared: bool = False,
         seed: Seed = 0, device: Device = "cpu",
         report: Annotated[Path, Word("FOLDER", Path, check=new_report)] | None = None, logdir: Folder | None = None,
         json: Json | None = None, plots: Pictures | None = None, overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Compare generated jets with real ones.

    Every number comes with its error and with its floor: the same number between real jets and real jets.

    Args:
        files: held-out real jets, then generated jets of one generator or several; one file alone is compared with the
            test jets that ship.
        data: the jets the generator was trained on: they improve the floors and show what was memorised (default:
            what ships, if no real jets are given).
        rows, columns: compare these pixels of the real jets alone (default: those of the generated jets).
        select: only jets with this, on all sides: pt=265:275, label=w.
        n: most jets per class on each side.
        quick: fewer jets and draws, and no costly metrics.
        referees: taggers by name that are referees too, such as particlenet-lite; see qgan tag.
        allow_shared: go on where held-out jets are among the training jets, and say how many.
        seed: of the draws and splits.
        device: where networks among the referees are trained; others than cpu round in their own way.
        report: write report.html, report.json and report.csv here, the generators side by side.
        logdir: write everything for TensorBoard here, each generator as a run of its own.

    Examples:
        qgan evaluate real.h5 fake.h5 --report report/
        qgan evaluate fake.h5 --quick --logdir runs/w_qcd/test
        qgan evaluate real.h5 ours.h5 published.h5 --rows 6:22 --columns 5:21
        qgan evaluate w_at_270.h5 --select pt=265:275 label=w
        qgan evaluate real.h5 fake.h5 --referees lorentznet-lite particlenet-lite
    """
    from ..base.io import write_json
    from ..evaluation.effort import effort
    from ..report import generator_names, table, write_report

    effort(n, quick, referees, device)  # says what there is not before the jets are read
    file, made = (reading.of(files[0]), files[1:]) if len(files) > 1 else (None, files)
    names = generator_names([str(one) for one in made])
    if logdir and not overwrite:
        check_logdir(logdir, names)
    fakes_of = dict(zip(names, map(reading.of, made), strict=True))
    real, fakes, training = load(file, fakes_of, data and reading.of(data), rows, columns, dict(select or ()))
    evaluations = _evaluate(real, fakes, training, n, seed, quick, referees, device, allow_shared, quiet)
    said = [table(*evaluations.values(), names=names)]
    if json:
        found = [evaluation.to_dict() for evaluation in evaluations.values()]
        write_json(json, found[0] if len(found) == 1 else found, overwrite)
    if plots:
        from ..report.plots import save_plots

        save_plots(real, fakes, plots, overwrite=overwrite, evaluations=evaluations, quiet=quiet)
    if logdir:
        _record(logdir, real, fakes, evaluations, seed)
        said.append(f"tensorboard --logdir {logdir}")
    if report:
        said.append(f"report: {write_report(report, real, fakes, evaluations, seed=seed, overwrite=overwrite)}")
    if not quiet:
        print("\n".join(said))


def load(real: Paths | None, fakes: Mapping[str, Paths], data: Paths | None = None,
         rows: tuple[int, int] | None = None, columns: tuple[int, int] | None = None,
         selection: Selection | None = None) -> tuple[JetImages, dict[str, JetImages], JetImages | None]:
    """Real jets, generated jets by name, and training jets if there are any, all on the same pixels and selected."""
    from ..data import embedded_jets, read_jets
    from ..data.convert import crop, crop_to
    from ..data.files import read_in_frame
    from ..data.matching import matched
    from ..data.selection import select as choose
    from ..data.shipped import shipped_set

    made = {name: read_jets(file) for name, file in fakes.items()}
    first = next(iter(made.values()))
    training = read_in_frame(data, first.frame) if data else None
    if real is not None:
        held_out = read_in_frame(real, first.frame)
    else:
        shipped = shipped_set(first.class_names)
        if shipped is None:
            raise DataError(first.source, "class_names", f"no {' and '.join(first.class_names)} jets ship with the "
                                                         "package; give a file of real ones too")
        held_out, others = (embedded_jets(shipped, split, mixed=False) for split in ("test", "train"))
        training = training or others
    # Of the real jets, since generated ones may be a part of them already.
    whole = held_out.grid
    grid = first.grid if not (rows or columns) else crop(
        held_out[:1], rows or (0, whole.height), columns or (0, whole.width)).grid

    def prepared(jets: JetImages) -> JetImages:
        return crop_to(choose(jets, selection) if selection else jets, grid)

    # What does not fit is found before the work, and classes have the numbers that pictures go by.
    judged = {name: matched(prepared(held_out), prepared(fake)) for name, fake in made.items()}
    return prepared(held_out), judged, training and prepared(training)


def check_logdir(logdir: Path, names: Sequence[str]) -> None:
    """Says before the work, not after it, that there is a record already."""
    from ..report.tensorboard import holds_events

    if logdir.exists() and not logdir.is_dir():
        raise DataError(logdir, "", "is a file, expected a folder for TensorBoard")
    for name in names:
        if holds_events(logdir / name):
            raise DataError(logdir / name, "", "holds a record for TensorBoard already; pass --overwrite to replace it")


def _evaluate(real: JetImages, fakes: dict[str, JetImages], training: JetImages | None, n: int, seed: int, quick: bool,
              referees: Sequence[str], device: str, allow_shared: bool, quiet: bool) -> dict[str, Evaluation]:
    from ..base.progress import progress
    from ..evaluation import Reference

    yardstick = Reference.of(real, training, n_per_class=n, seed=seed, quick=quick, referees=referees, device=device,
                             allow_shared=allow_shared, fakes=fakes.values())
    found = {}
    with progress(len(fakes), "evaluate", "generators", quiet=quiet) as bar:
        for name, fake in fakes.items():
            found[name] = yardstick.judge(fake)
            bar.update()
    return found


def _record(logdir: Path, real: JetImages, fakes: dict[str, JetImages], evaluations: dict[str, Evaluation],
            seed: int) -> None:
    """TensorBoard's files, a folder a generator."""
    from ..report.recorded import record_evaluation
    from ..report.tensorboard import TensorBoardRecorder, clear_events

    for name, fake in fakes.items():
        clear_events(logdir / name)
        with TensorBoardRecorder(logdir / name) as recorder:
            record_evaluation(recorder, real, fake, evaluations[name], seed)
