"""``qgan bench``."""

from __future__ import annotations

from ..base.console import Parser
from .options import add_quiet, positive

EXAMPLES = """\
  qgan bench --quick --threads 2 --json bench.json --plot bench.png
  qgan bench --only gan sampling --data w.h5 qcd.h5
"""
PARTS = ("layer", "capacity", "gan", "sampling", "simulation", "memory")


def build_parser() -> Parser:
    parser = Parser("qgan bench", "Measure, side by side and taking turns: the quantum layer against PennyLane, other "
                                  "simulators and a dense layer; a training step against one with a classical "
                                  "control; sampling against the simulation; memory.", EXAMPLES)
    parser.add_argument("--quick", action="store_true", help="under five minutes on two cores: fewer sizes and "
                                                             "repetitions")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
                        help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--threads", type=positive, metavar="N", help="threads of the arithmetic (default: torch's "
                                                                      "choice)")
    parser.add_argument("--device", default="cpu", help="of the layer, the training and the sampling: cpu, cuda or "
                                                        "auto; PennyLane stays on the CPU (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of circuits, weights and jets (default: %(default)s)")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="jets to train on (default: those that ship)")
    parser.add_argument("--run", metavar="RUN", help="sample from the generator of this run (default: one of a few "
                                                     "steps)")
    parser.add_argument("--json", metavar="FILE", help="write every number here")
    parser.add_argument("--plot", metavar="FILE", help="write a picture of the layer's times here, as PNG")
    parser.add_argument("--overwrite", action="store_true", help="replace the files that exist")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.plot and "layer" not in arguments.only:
        parser.error("--plot: shows the part layer, which --only leaves out")
    from ..base.io import check_output, write_json

    for path in filter(None, (arguments.json, arguments.plot)):
        check_output(path, arguments.overwrite)
    from ..studies.bench import bench, report

    result = bench(quick=arguments.quick, threads=arguments.threads or 0, seed=arguments.seed,
                   device=arguments.device, parts=arguments.only, data=arguments.data, run=arguments.run,
                   quiet=arguments.quiet)
    if not arguments.quiet:
        print(report(result))
    if arguments.json:
        write_json(arguments.json, result, arguments.overwrite)
    if arguments.plot:
        from ..report.plots import save_figure
        from ..studies.bench.plot import bench_plot

        save_figure(bench_plot(result["layer"]["rows"]), arguments.plot, arguments.overwrite)
