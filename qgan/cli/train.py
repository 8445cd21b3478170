"""``qgan train``."""

from __future__ import annotations

from ..console import Parser
from .options import add_quiet

EXAMPLES = """\
  qgan train --out runs/first --steps 200
  qgan train --config configs/w_qcd.yaml --data w.h5 qcd.h5 --out runs/w_qcd --steps 2000 --seed 1
  qgan train --out runs/w_qcd --resume
"""


def build_parser() -> Parser:
    parser = Parser("qgan train", "Train a generator. Ctrl-C leaves a checkpoint that --resume goes on from.", EXAMPLES)
    parser.usage = "qgan train --out RUN [--config FILE] [--data FILE ...] [--resume] [--OPTION VALUE ...]"
    parser.add_argument("--out", required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--config", metavar="FILE", help="YAML file of options")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="files of jets (default: those that ship, see "
                                                                  "--data.jets)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in the folder")
    parser.add_argument("--overwrite", action="store_true", help="replace the run if the folder holds one")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    parser = build_parser()
    if "--help" in argv or "-h" in argv:
        from .configuration import describe

        parser.epilog = f"{parser.epilog}\n\noptions of the configuration, with their defaults:\n{describe()}"
    arguments, options = parser.parse_known_args(argv)
    from ..experiment import train
    from .configuration import read_configuration

    file = arguments.config
    if file is None and arguments.resume:
        file = saved_configuration(arguments.out)
    configuration = read_configuration(file, options)
    train(configuration, data=arguments.data, out=arguments.out, resume=arguments.resume,
          overwrite=arguments.overwrite, quiet=arguments.quiet)
