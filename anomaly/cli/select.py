"""``anomaly select``."""

from __future__ import annotations

from qgan.base.console import Parser

from .configurations import add_configurations, read_configurations

EXAMPLES = """\
  anomaly select --configs configs/anomaly_quantum.yaml configs/anomaly_published.yaml --seeds 3
  anomaly select --configs a.yaml b.yaml c.yaml --data quark.h5 --jets 5000 --epochs 3 --json ranking.json
"""


def build_parser() -> Parser:
    parser = Parser("anomaly select", "Rank configurations without looking at an anomaly: train each on usual jets, "
                    "and see how well it tells usual validation jets from pseudo-anomalies made of them, as many "
                    "pixels lit (split, a prong rotated, energy moved, two halves).", EXAMPLES)
    add_configurations(parser, seeds=2)
    parser.add_argument("--data", nargs="+", metavar="FILE",
                        help="files of usual jets alone (default: those that ship)")
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="kinds of pseudo-anomaly that decide (default: "
                        "those that keep the number of lit pixels)")
    parser.add_argument("--seed", type=int, default=0,
                        help="of the pseudo-anomalies and of the errors' bootstrap (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write all figures here too")
    parser.add_argument("--overwrite", action="store_true", help="replace the JSON file if it exists")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no table")
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from qgan.base.io import check_output, write_json

    from ..selection import select

    if arguments.json:
        check_output(arguments.json, arguments.overwrite)
    selection = select(read_configurations(arguments), data=arguments.data, seeds=arguments.seeds,
                       seed=arguments.seed, kinds=arguments.kinds, quiet=arguments.quiet)
    if not arguments.quiet:
        print(f"{selection.n_jets:,} {selection.usual} validation jets and as many pseudo-anomalies of each kind\n\n"
              f"{selection.table()}")
    if arguments.json:
        write_json(arguments.json, selection.to_dict(), arguments.overwrite)
