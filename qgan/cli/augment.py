"""``qgan augment``."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.console import Parser
from .options import add_quiet, positive

if TYPE_CHECKING:
    from ..data.jets import JetImages
    from ..runs.configuration import Configuration

EXAMPLES = """\
  qgan augment --out runs/augment --sizes 250 1000 --seeds 3 --steps 500 --batch-size 64
  qgan augment --out runs/augment --steps 1500 --workers 4
  qgan augment --out runs/augment --run runs/w_qcd --write mixed.h5
  qgan augment --out runs/power --taggers --sizes 1000
"""
#: Share of a user's jets that is held out where no file of test jets is given.
HELD_OUT = 0.3


def build_parser() -> Parser:
    parser = Parser("qgan augment", "Say whether generated jets help to train a tagger, and how many real jets they "
                                    "are worth. The generator is trained on exactly the real jets that the tagger has. "
                                    "Stopped at any moment, the same command goes on from there.", EXAMPLES)
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where generators and scores are kept, and "
                                                                       "report.json and pictures are written")
    _add_jets(parser)
    _add_plan(parser)
    _add_training(parser)
    parser.add_argument("--workers", type=positive, default=1, metavar="N",
                        help="generators and their taggers side by side, each in a process of one thread (default: 1)")
    parser.add_argument("--json", metavar="FILE", help="write every number here too")
    parser.add_argument("--write", metavar="FILE", help="write the real and the generated jets of the largest size "
                                                        "here, marked by 'generated'")
    parser.add_argument("--restart", action="store_true", help="drop what an earlier study left in the folder")
    parser.add_argument("--overwrite", action="store_true", help="replace the files of --json and --write")
    add_quiet(parser)
    return parser


def _add_jets(parser: Parser) -> None:
    parser.add_argument("--data", nargs="+", metavar="FILE", help="real jets to draw from (default: the training jets "
                                                                  "that ship)")
    parser.add_argument("--test", nargs="+", metavar="FILE", help="held-out real jets (default: the test jets that "
                                                                  "ship, or 30 %% of --data)")
    parser.add_argument("--run", metavar="RUN", help="a trained generator to try too; it saw more jets, which the "
                                                     "table says")


def _add_plan(parser: Parser) -> None:
    parser.add_argument("--sizes", nargs="+", type=positive, default=[250, 1000, 4000], metavar="N",
                        help="numbers of real jets, half of each class (default: 250 1000 4000)")
    parser.add_argument("--seeds", type=positive, default=3, metavar="K",
                        help="so many times with other jets, another generator and other taggers (default: 3)")
    parser.add_argument("--seed", type=int, default=0, help="the first of them (default: %(default)s)")
    parser.add_argument("--generated-per-real", type=positive, default=5, metavar="G",
                        help="generated jets for each real one (default: %(default)s)")
    parser.add_argument("--taggers", nargs="*", choices=("trees", "cnn"), default=["trees", "cnn"], metavar="TAGGER",
                        help="some of trees, cnn; nothing to leave them out")
    parser.add_argument("--no-amplification", action="store_true", help="leave out the statistical power")
    parser.add_argument("--observables", nargs="+", metavar="NAME", help="whose histograms are filled (default: mass "
                                                                         "pt width nnz ptd leading_1 tau_21 c2)")
    parser.add_argument("--bins", type=positive, default=10, help="of a histogram, quantiles (default: %(default)s)")


def _add_training(parser: Parser) -> None:
    parser.add_argument("--config", metavar="FILE", help="YAML file of options of the generators' training")
    parser.add_argument("--steps", type=positive, help="of each generator (default: that of the configuration)")
    parser.add_argument("--batch-size", type=positive, help="of each generator (default: that of the configuration)")
    parser.add_argument("--device", help="auto, cpu, cuda, ... (default: that of the configuration, auto)")
    parser.add_argument("--threads", type=positive, metavar="N", help="of the arithmetic (default: torch's choice)")


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..base.io import check_output, write_json

    for path in filter(None, (arguments.json, arguments.write)):
        check_output(path, arguments.overwrite)
    from ..studies.augment import Plan, report, study, summarise
    from ..studies.augment.plan import WATCHED

    names = () if arguments.no_amplification else tuple(arguments.observables or WATCHED)
    plan = Plan(tuple(sorted(set(arguments.sizes))), arguments.seeds, arguments.seed, arguments.generated_per_real,
                tuple(dict.fromkeys(arguments.taggers)), names, arguments.bins)
    configuration = configure(arguments)
    pool, test = load(arguments, configuration)
    results = study(pool, test, configuration, plan, arguments.out, run=arguments.run, mixed=arguments.write,
                    restart=arguments.restart, overwrite=arguments.overwrite, workers=arguments.workers,
                    quiet=arguments.quiet)
    result = summarise(results, plan, configuration, pool)
    for path in filter(None, (Path(arguments.out) / "report.json", arguments.json)):
        write_json(path, result)
    draw(result, Path(arguments.out))
    if not arguments.quiet:
        print(report(result))


def configure(arguments: Namespace) -> Configuration:
    """The generators' configuration from the file and from the options given."""
    from .configuration import read_configuration

    given = {name: value for name in ("steps", "batch_size", "device", "threads")
             if (value := getattr(arguments, name)) is not None}
    return replace(read_configuration(arguments.config), **given)


def load(arguments: Namespace, configuration: Configuration) -> tuple[JetImages, JetImages]:
    """Jets to draw from and jets to test on."""
    from ..data import embedded_jets, read_jets
    from ..training.preparation import cropped

    if arguments.data:
        pool = read_jets(arguments.data)
        if not arguments.test:
            pool, test = pool.split(arguments.seed, (1 - HELD_OUT, HELD_OUT))
    else:
        pool, test = (embedded_jets(configuration.data.jets, split) for split in ("train", "test"))
    if arguments.test:
        test = read_jets(arguments.test, frame=pool.frame)
    return cropped(configuration.data, pool), cropped(configuration.data, test)


def draw(result: dict[str, object], folder: Path) -> None:
    """The pictures of what was measured."""
    from ..report.plots import save_figure
    from ..studies.augment.plot import amplification_plot, tagger_plot

    for name, rows, figure in (("taggers", "taggers", tagger_plot), ("amplification", "amplification",
                                                                     amplification_plot)):
        if result[rows]:
            save_figure(figure(result), folder / f"{name}.png")
