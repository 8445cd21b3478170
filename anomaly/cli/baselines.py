"""``anomaly baselines``."""

from __future__ import annotations

from qgan.base.console import Parser

EXAMPLES = """\
  anomaly baselines
  anomaly baselines --usual gluon --json scores.json
  anomaly baselines --data generated.h5
"""


def build_parser() -> Parser:
    parser = Parser("anomaly baselines", "Score jets without a network: by sums and counts of pixels, and by what "
                    "principal components, fitted on the usual jets alone, cannot reconstruct.", EXAMPLES)
    parser.add_argument("--data", nargs="+", metavar="FILE",
                        help="jets of both classes to score (default: the test jets that ship)")
    parser.add_argument("--train", nargs="+", metavar="FILE",
                        help="usual jets to fit on (default: the training jets that ship)")
    parser.add_argument("--usual", choices=("quark", "gluon"), default="quark",
                        help="the class that is no anomaly (default: %(default)s)")
    parser.add_argument("--size", type=int, default=12, metavar="PIXELS",
                        help="resize to this many pixels a side (default: %(default)s)")
    parser.add_argument("--resize", choices=("pool", "area"), default="pool",
                        help="add whole pixels, or share them out by area (default: %(default)s)")
    parser.add_argument("--components", type=int, nargs="+", default=[4, 16], metavar="K",
                        help="how many principal components (default: 4 16)")
    parser.add_argument("--seed", type=int, default=0, help="of the errors' bootstrap (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the scores here too")
    parser.add_argument("--overwrite", action="store_true", help="replace the JSON file if it exists")
    parser.add_argument("--quiet", action="store_true", help="no table")
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from qgan.base.io import check_output, write_json
    from qgan.data import embedded_jets, read_jets

    from ..baselines import baselines, table

    if arguments.json:
        check_output(arguments.json, arguments.overwrite)
    train = read_jets(arguments.train) if arguments.train else embedded_jets(arguments.usual, "train")
    test = read_jets(arguments.data) if arguments.data else embedded_jets("quark_gluon", "test")
    scores = baselines(train, test, arguments.usual, size=arguments.size, method=arguments.resize,
                       components=arguments.components, seed=arguments.seed)
    if not arguments.quiet:
        print(f"{arguments.usual} jets are usual; {scores[0].n_background} of them and "
              f"{scores[0].n_signal} others are scored\n\n{table(scores)}")
    if arguments.json:
        write_json(arguments.json, [s.to_dict() for s in scores], arguments.overwrite)
