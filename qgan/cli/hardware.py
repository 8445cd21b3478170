"""``qgan hardware``."""

from __future__ import annotations

import argparse

from ..base.console import Parser
from .options import add_quiet, add_source, open_source, positive

EXAMPLES = """\
  qgan hardware --run runs/w_qcd_probs --shots 100 1000 10000 100000 --noise 0 0.001 0.01 --plot hardware.png
"""


def build_parser() -> Parser:
    parser = Parser("qgan hardware", "Say what finite shots and depolarising noise do to the jets of a generator with "
                                     "probs or expval readout: figures at every combination, and the exact ones.",
                    EXAMPLES)
    add_source(parser)
    parser.add_argument("--shots", nargs="+", type=positive, default=[100, 1000, 10000, 100000], metavar="N",
                        help="measurements a jet (default: 100 1000 10000 100000)")
    parser.add_argument("--noise", nargs="+", type=_probability, default=[0.0, 0.001, 0.01], metavar="P",
                        help="depolarising probability after each gate on each of its wires (default: 0 0.001 0.01)")
    parser.add_argument("--n", type=positive, default=1000, help="jets a class at each point (default: %(default)s)")
    parser.add_argument("--real", nargs="+", metavar="FILE", help="held-out jets (default: the test jets that ship)")
    parser.add_argument("--reference", nargs="+", metavar="FILE", help="training jets, for the floors")
    parser.add_argument("--full", action="store_true", help="full evaluations, for more than 1,000 jets a class")
    parser.add_argument("--seed", type=int, default=0, help="of jets, shots and evaluation (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write every number here")
    parser.add_argument("--plot", metavar="FILE", help="write a picture here, as PNG")
    parser.add_argument("--overwrite", action="store_true", help="replace the files that exist")
    add_quiet(parser)
    return parser


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 0.75:
        raise argparse.ArgumentTypeError(f"{text!r} is no depolarising probability, 0 to 0.75")
    return value


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..base.io import check_output, write_json

    for path in filter(None, (arguments.json, arguments.plot)):
        check_output(path, arguments.overwrite)
    from ..studies.compare.judge import held_out
    from ..studies.hardware import study

    source = open_source(arguments)
    found = study(source, held_out(source, arguments.real, arguments.reference), shots=arguments.shots,
                  noise=arguments.noise, n_per_class=arguments.n, seed=arguments.seed, quick=not arguments.full,
                  quiet=arguments.quiet)
    if arguments.json:
        write_json(arguments.json, found.to_dict(), arguments.overwrite)
    if arguments.plot:
        from ..report.plots import save_figure
        from ..studies.hardware_plot import hardware_plot

        save_figure(hardware_plot(found.to_dict()), arguments.plot, arguments.overwrite)
    if not arguments.quiet:
        from ..studies.compare.figures import followed

        print(f"{'shots':>10} {'noise':>8}" + "".join(f"{headline.title:>16}" for headline in followed().values()))
        for point in found.points:
            shots = "exact" if point.shots is None else f"{point.shots:,}"
            print(f"{shots:>10} {point.noise:>8g}"
                  + "".join(f"{point.figures[name].value:>16.3g}" for name in followed()))
        print("", *found.sentences(), sep="\n")
