"""``anomaly score``."""

from __future__ import annotations

from qgan.base.console import Parser

EXAMPLES = """\
  anomaly score runs/cae
  anomaly score runs/cae_1 runs/cae_2 runs/cae_3 runs/qae --json s.json --plots plots/
  anomaly score runs/cae --data test.h5 --emd 1000
"""


def build_parser() -> Parser:
    parser = Parser("anomaly score", "Score jets of both classes with trained models: AUC, background rejection and "
                    "SIC with errors, beside the scores that need no training. Runs of the same model with different "
                    "seeds are averaged.", EXAMPLES)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run of anomaly train")
    parser.add_argument("--data", nargs="+", metavar="FILE",
                        help="jets of both classes (default: the test jets that ship)")
    parser.add_argument("--emd", type=int, default=0, metavar="N", help="score N jets of each class by the energy "
                        "mover's distance between image and reconstruction too (default: %(default)s)")
    parser.add_argument("--plots", metavar="FOLDER", help="write ROC curves, scores and reconstructions here")
    parser.add_argument("--logdir", metavar="FOLDER", help="write all figures and pictures for TensorBoard here")
    parser.add_argument("--seed", type=int, default=0, help="of the errors' bootstrap (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ... (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write all figures here too")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.add_argument("--quiet", action="store_true", help="no table")
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from qgan.base.io import check_output, write_json

    from ..evaluation import score

    if arguments.json:
        check_output(arguments.json, arguments.overwrite)
    report = score(arguments.runs, arguments.data, emd=arguments.emd, seed=arguments.seed, device=arguments.device,
                   plots=arguments.plots, logdir=arguments.logdir, overwrite=arguments.overwrite)
    if not arguments.quiet:
        print(f"{report.usual} jets are usual; {report.about['n_usual']:,} of them and "
              f"{report.about['n_unusual']:,} others are scored\n\n{report.table()}")
    if arguments.json:
        write_json(arguments.json, report.to_dict(), arguments.overwrite)
