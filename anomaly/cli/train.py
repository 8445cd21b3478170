"""``anomaly train``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from qgan.base.console import Parser

if TYPE_CHECKING:
    from ..configuration import Configuration

EXAMPLES = """\
  anomaly train --config configs/anomaly_conv.yaml --out runs/cae
  anomaly train --config configs/anomaly_mlp.yaml --data quark.h5 --out runs/mlp --seed 1
  anomaly train --data.normal gluon --model.options.latent 4 --out runs/gluon
  anomaly train --out runs/cae --resume
"""


def build_parser() -> Parser:
    parser = Parser("anomaly train", "Train a model on jets of the usual class alone. Ctrl-C leaves a checkpoint that "
                                     "--resume goes on from.", EXAMPLES)
    parser.usage = "anomaly train --out RUN [--config FILE] [--data FILE ...] [--resume] [--OPTION VALUE ...]"
    parser.add_argument("--out", required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--config", metavar="FILE", help="YAML file of options")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="files of usual jets alone (default: those that "
                                                                  "ship, see --data.jets)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in the folder")
    parser.add_argument("--overwrite", action="store_true", help="replace the run if the folder holds one")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no summary")
    return parser


def parse(argv: list[str]) -> tuple[Namespace, Configuration]:
    """The command's own options, and the configuration from the file and from all others."""
    from qgan.base.parsing import describe_options
    from qgan.runs import RunFolder

    from ..configuration import Configuration, read_configuration

    parser = build_parser()
    if "--help" in argv or "-h" in argv:
        told = describe_options(Configuration())
        parser.epilog = f"{parser.epilog}\n\noptions of the configuration, with their defaults:\n{told}"
    arguments, options = parser.parse_known_args(argv)
    file = arguments.config
    saved = RunFolder(Path(arguments.out)).config
    if file is None and arguments.resume and saved.is_file():
        file = saved
    return arguments, read_configuration(file, options)


def main(argv: list[str]) -> None:
    arguments, configuration = parse(argv)
    from ..experiment import train

    train(configuration, data=arguments.data, out=arguments.out, resume=arguments.resume,
          overwrite=arguments.overwrite, quiet=arguments.quiet)
