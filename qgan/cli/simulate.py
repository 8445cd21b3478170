"""``qgan simulate``."""

from __future__ import annotations

from ..base.console import Parser
from .options import add_output, add_quiet, positive

EXAMPLES = """\
  qgan simulate --process w --n 2000 --seed 1 --workers 4 --out w.h5
  qgan simulate --process w --n 1000000 --scheduler tcp://host:8786 --out many.h5
  qgan simulate --process quark --light-quarks --n 10000 --size 40 --out quark.h5
"""
PROCESSES = ("w", "qcd", "quark", "gluon", "top", "qcd_jet")


def build_parser() -> Parser:
    parser = Parser("qgan simulate", "Make jets with Pythia 8 and FastJet (pip install 'qgan[simulate]'). Killed at "
                                     "any moment, the same command goes on from there.", EXAMPLES)
    parser.add_argument("--process", required=True, choices=PROCESSES, help="which kind of jet")
    parser.add_argument("--n", type=positive, required=True, help="how many jets")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same jets (default: %(default)s)")
    parser.add_argument("--workers", type=positive, default=1, help="processes; no effect on the jets (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="have the workers of this Dask scheduler make the jets, "
                                                               "tcp://host:8786 (pip install 'qgan[dask]')")
    parser.add_argument("--size", type=positive, default=25, help="pixels a side (default: %(default)s)")
    parser.add_argument("--half-width", type=float, metavar="RADIANS", help="half of the image's extent (default: by "
                                                                            "process)")
    parser.add_argument("--frame", choices=("raw", "canonical"), help="frame of the main images (default: by process); "
                                                                      "the file holds the other one too")
    parser.add_argument("--light-quarks", action="store_true", help="u, d and s quarks only, for the process quark")
    parser.add_argument("--restart", action="store_true", help="drop what an interrupted simulation left")
    add_output(parser, "HDF5 file to write")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..simulation import simulate

    out = simulate(arguments.process, arguments.n, arguments.out, seed=arguments.seed, workers=arguments.workers,
                   size=arguments.size, half_width=arguments.half_width, frame=arguments.frame,
                   light_quarks=arguments.light_quarks, scheduler=arguments.scheduler,
                   resume=not arguments.restart, overwrite=arguments.overwrite,
                   quiet=arguments.quiet)
    if not arguments.quiet:
        print(f"{out}: {arguments.n} {arguments.process} jets")
