"""``qgan train``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.console import Parser
from .options import add_quiet

if TYPE_CHECKING:
    from ..runs.configuration import Configuration

EXAMPLES = """\
  qgan train --out runs/first --steps 200
  qgan train --config configs/w_qcd.yaml --data w.h5 qcd.h5 --out runs/w_qcd --steps 6000 --seed 1
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


def parse(argv: list[str]) -> tuple[Namespace, Configuration]:
    """The command's own options, and the configuration from the file and from all others."""
    from ..runs.folder import RunFolder
    from .configuration import describe, read_configuration

    parser = build_parser()
    if "--help" in argv or "-h" in argv:
        parser.epilog = f"{parser.epilog}\n\noptions of the configuration, with their defaults:\n{describe()}"
    arguments, options = parser.parse_known_args(argv)
    file = arguments.config
    saved = RunFolder(Path(arguments.out)).config
    if file is None and arguments.resume and saved.is_file():
        file = saved
    return arguments, read_configuration(file, options)


def main(argv: list[str]) -> None:
    arguments, configuration = parse(argv)
    from ..training.experiment import train

    train(configuration, data=arguments.data, out=arguments.out, resume=arguments.resume,
          overwrite=arguments.overwrite, quiet=arguments.quiet)
