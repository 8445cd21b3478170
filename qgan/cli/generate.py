"""``qgan generate``."""

from __future__ import annotations

from ..base.console import Parser
from .options import Fixed, add_output, add_quiet, add_source, open_source, positive, value_or_range

EXAMPLES = """\
  qgan generate --model w_qcd --n 10000 --out fake.h5
  qgan generate --run runs/w_qcd --n 10000 --seed 1 --out fake.h5
  qgan generate --run runs/w_qcd --n 1000 --label w --pt 270 --mass 80:82 --eta -0.5:0.5 --out w.h5
"""
#: Conditions that can be fixed, and their units.
CONDITIONS = {"eta": "", "pt": " in GeV", "mass": " in GeV", "delta_r": " of the two leading subjets"}


def build_parser() -> Parser:
    parser = Parser("qgan generate", "Make jets with a trained generator. Conditions that are not fixed are drawn "
                                     "from their joint density in the training jets.", EXAMPLES)
    add_source(parser)
    parser.add_argument("--n", type=positive, default=10000, help="how many jets (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same jets (default: %(default)s)")
    parser.add_argument("--label", metavar="CLASS", help="only this class: 0, 1, or its name (default: as in training)")
    for name, unit in CONDITIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=value_or_range, metavar="VALUE|LOW:HIGH",
                            help=f"fix {name}{unit}, or draw it within a range")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ... (default: %(default)s)")
    parser.add_argument("--workers", type=positive, default=1, help="processes, each with one thread; no effect on the "
                                                                    "jets (default: 1)")
    add_output(parser, "HDF5 file to write, in the layout of the training jets")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    fixed: dict[str, Fixed] = {name: value for name in CONDITIONS if (value := getattr(arguments, name)) is not None}
    label = int(arguments.label) if arguments.label in ("0", "1") else arguments.label
    from ..base.io import check_output
    from ..sampling.source import generate

    check_output(arguments.out, arguments.overwrite)
    rate = generate(open_source(arguments), arguments.out, n=arguments.n, seed=arguments.seed, label=label, fixed=fixed,
                    device=arguments.device, workers=arguments.workers, overwrite=arguments.overwrite,
                    quiet=arguments.quiet)
    if not arguments.quiet:
        print(f"{arguments.out}: {arguments.n} jets, {rate:,.0f} a second")
