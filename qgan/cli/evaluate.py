"""``qgan evaluate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.console import Parser
from ..base.errors import DataError
from ..base.progress import progress
from .options import add_quiet, check_pictures, index_range, positive

if TYPE_CHECKING:
    from ..data.jets import JetImages
    from ..evaluation import Evaluation

EXAMPLES = """\
  qgan evaluate real.h5 fake.h5 --report report/
  qgan evaluate fake.h5 --quick --logdir runs/w_qcd/test
  qgan evaluate real.h5 ours.h5 published.h5 --rows 6:22 --columns 5:21
"""


def build_parser() -> Parser:
    parser = Parser("qgan evaluate", "Compare generated jets with real ones. Every number comes with its error and "
                                     "with its floor: the same number between real jets and real jets.", EXAMPLES)
    parser.usage = "qgan evaluate [REAL] FAKE [FAKE ...] [options]"
    parser.add_argument("files", nargs="+", metavar="FILE", help="held-out real jets and generated jets, of one "
                        "generator or several; if there is one file, it is compared with the test jets that ship")
    parser.add_argument("--reference", nargs="+", metavar="FILE", help="the jets the generator was trained on: they "
                        "improve the floors and show what was memorised (default: what ships, if REAL is left out)")
    for side in ("rows", "columns"):
        parser.add_argument(f"--{side}", type=index_range, metavar="FIRST:LAST",
                            help=f"compare these {side} of the pixels alone (default: those of the generated jets)")
    parser.add_argument("--n", type=positive, default=5000, help="most jets a class on each side (default: 5000)")
    parser.add_argument("--quick", action="store_true", help="fewer jets and draws, and no costly metrics")
    parser.add_argument("--seed", type=int, default=0, help="of the draws and splits (default: %(default)s)")
    parser.add_argument("--report", metavar="FOLDER", help="write report.html, report.json and report.csv here, the "
                                                           "generators side by side")
    parser.add_argument("--logdir", metavar="FOLDER", help="write everything for TensorBoard here, each generator as a "
                                                           "run of its own")
    parser.add_argument("--json", metavar="FILE", help="write every number here")
    parser.add_argument("--plots", metavar="FOLDER", help="write pictures here")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists already")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..base.io import check_output, write_json
    from ..report import check_report, generator_names, table, write_report

    if arguments.json:
        check_output(arguments.json, arguments.overwrite)
    if arguments.plots:
        check_pictures(Path(arguments.plots), arguments.overwrite)
    if arguments.report:
        check_report(arguments.report, arguments.overwrite)
    if arguments.logdir:
        check_logdir(arguments)
    real, generated, reference = load(arguments)
    fakes = dict(zip(generator_names([fake.source for fake in generated]), generated, strict=True))
    evaluations = _evaluate(arguments, real, fakes, reference)
    if not arguments.quiet:
        print(table(*evaluations.values(), names=list(evaluations)))
    if arguments.json:
        found = [evaluation.to_dict() for evaluation in evaluations.values()]
        write_json(arguments.json, found[0] if len(found) == 1 else found, arguments.overwrite)
    if arguments.plots:
        from ..report.plots import save_plots

        save_plots(real, fakes, arguments.plots, overwrite=arguments.overwrite, evaluations=evaluations)
    if arguments.logdir:
        _record(arguments, real, fakes, evaluations)
    if arguments.report:
        path = write_report(arguments.report, real, fakes, evaluations, seed=arguments.seed,
                            overwrite=arguments.overwrite)
        if not arguments.quiet:
            print(f"report: {path}")


def _evaluate(arguments: argparse.Namespace, real: JetImages, fakes: dict[str, JetImages],
              reference: JetImages | None) -> dict[str, Evaluation]:
    from ..evaluation import Reference

    yardstick = Reference.of(real, reference, n_per_class=arguments.n, seed=arguments.seed, quick=arguments.quick)
    found = {}
    with progress(len(fakes), "evaluate", "generators", quiet=arguments.quiet) as bar:
        for name, fake in fakes.items():
            found[name] = yardstick.judge(fake)
            bar.update()
    return found


def _record(arguments: argparse.Namespace, real: JetImages, fakes: dict[str, JetImages],
            evaluations: dict[str, Evaluation]) -> None:
    """TensorBoard's files, a folder a generator."""
    from ..report.recorded import record_evaluation
    from ..report.tensorboard import TensorBoardRecorder, clear_events

    for name, fake in fakes.items():
        folder = Path(arguments.logdir) / name
        clear_events(folder)
        with TensorBoardRecorder(folder) as recorder:
            record_evaluation(recorder, real, fake, evaluations[name], arguments.seed)
    if not arguments.quiet:
        print(f"tensorboard --logdir {arguments.logdir}")


def check_logdir(arguments: argparse.Namespace) -> None:
    """Says before the work, not after it, that there is a record already."""
    from ..report import generator_names
    from ..report.tensorboard import holds_events

    folder = Path(arguments.logdir)
    if folder.exists() and not folder.is_dir():
        raise DataError(folder, "", "is a file, expected a folder for TensorBoard")
    for name in generator_names(arguments.files[min(1, len(arguments.files) - 1):]):
        if holds_events(folder / name) and not arguments.overwrite:
            raise DataError(folder / name, "", "holds a record for TensorBoard already; pass --overwrite to replace it")


def load(arguments: argparse.Namespace) -> tuple[JetImages, list[JetImages], JetImages | None]:
    """Real jets, generated jets by file, and training jets if there are any, all on the same pixels."""
    from ..data import embedded_jets, read_jets
    from ..data.convert import crop, crop_to
    from ..data.shipped import shipped_set

    fakes = [read_jets(file) for file in arguments.files[min(1, len(arguments.files) - 1):]]
    first = fakes[0]
    if arguments.rows or arguments.columns:
        first = crop(first, arguments.rows or (0, first.grid.height), arguments.columns or (0, first.grid.width))
    reference = read_jets(arguments.reference, frame=first.frame) if arguments.reference else None
    if len(arguments.files) > 1:
        real = read_jets(arguments.files[0], frame=first.frame)
    else:
        shipped = shipped_set(first.class_names)
        if shipped is None:
            raise DataError(first.source, "class_names", f"no {' and '.join(first.class_names)} jets ship with the "
                                                         "package; give a file of real ones too")
        real, reference = embedded_jets(shipped, "test"), reference or embedded_jets(shipped, "train")
    grid = first.grid
    return crop_to(real, grid), [crop_to(fake, grid) for fake in fakes], reference and crop_to(reference, grid)
