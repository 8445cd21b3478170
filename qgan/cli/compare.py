"""``qgan compare``."""

from __future__ import annotations

from pathlib import Path

from ..base.console import Parser
from ..base.errors import ConfigError
from .options import add_quiet, index_range, positive

EXAMPLES = """\
  qgan compare --configs configs/w_qcd.yaml configs/w_qcd_classical.yaml --seeds 2 --steps 2000 --out compare/
  qgan compare --runs runs/w_qcd-1 runs/w_qcd-2 runs/dense-1 runs/dense-2 --out compare/
  qgan compare --configs configs/w_qcd.yaml configs/published.yaml --rows 6:22 --columns 5:21 --workers 4 --out c/
"""


def build_parser() -> Parser:
    parser = Parser("qgan compare", "Train configurations with several seeds, judge them on held-out jets and put them "
                                    "into one table, beside real jets and negative controls. Stopped at any moment, "
                                    "the same command goes on from there.", EXAMPLES)
    parser.add_argument("--configs", nargs="+", default=[], metavar="FILE", help="YAML files of options, each trained")
    parser.add_argument("--runs", nargs="+", default=[], metavar="RUN", help="trained runs, taken as they are")
    parser.add_argument("--seeds", type=positive, default=2, metavar="N", help="train with seeds 1 to N (default: 2)")
    parser.add_argument("--steps", type=positive, metavar="N", help="of each training (default: as configured)")
    parser.add_argument("--workers", type=positive, default=1, metavar="N",
                        help="trainings side by side, each in a process of one thread (default: 1)")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="jets to train on (default: as configured)")
    parser.add_argument("--real", nargs="+", metavar="FILE", help="held-out jets (default: the test jets that ship)")
    for side in ("rows", "columns"):
        parser.add_argument(f"--{side}", type=index_range, metavar="FIRST:LAST",
                            help=f"compare these {side} of the pixels alone (default: what all generators make)")
    parser.add_argument("--n", type=positive, default=5000, help="most jets a class on each side (default: 5000)")
    parser.add_argument("--seed", type=int, default=0, help="of the generated jets and the evaluation (default: 0)")
    parser.add_argument("--quick", action="store_true", help="short evaluations")
    parser.add_argument("--no-controls", action="store_true", help="leave out real jets and negative controls")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="for runs, evaluations, comparison.json and "
                                                                       "comparison.md")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..base.io import write_json, write_text
    from ..studies.compare.run import Judging, compare
    from .configuration import read_configuration

    configurations = {Path(file).stem: read_configuration(file) for file in arguments.configs}
    if len(configurations) < len(arguments.configs):
        raise ConfigError("--configs: two files of one name, expected a name for each")
    found = compare(configurations, out=arguments.out, runs=arguments.runs, seeds=range(1, arguments.seeds + 1),
                    steps=arguments.steps, data=arguments.data, real=arguments.real, rows=arguments.rows,
                    columns=arguments.columns, judging=Judging(arguments.n, arguments.seed, arguments.quick),
                    with_controls=not arguments.no_controls, workers=arguments.workers, quiet=arguments.quiet)
    write_json(Path(arguments.out) / "comparison.json", found.to_dict())
    write_text(Path(arguments.out) / "comparison.md", found.markdown())
    if not arguments.quiet:
        print(found.text())
