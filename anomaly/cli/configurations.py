"""Several configurations at once, as ``anomaly compare`` and ``anomaly select`` take them."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from qgan.base.console import Parser
from qgan.base.errors import ConfigError

if TYPE_CHECKING:
    from ..configuration import Configuration


def add_configurations(parser: Parser, seeds: int) -> None:
    """Files, and the options that hold for every training of theirs; ``seeds`` is the default."""
    parser.add_argument("--configs", nargs="+", required=True, metavar="FILE", help="YAML files, one a model")
    parser.add_argument("--seeds", type=int, default=seeds, help="trainings of each model (default: %(default)s)")
    parser.add_argument("--epochs", type=int, help="epochs of every training (default: as configured)")
    parser.add_argument("--jets", type=int, help="at most so many training jets (default: as configured)")
    parser.add_argument("--threads", type=int, help="threads of the arithmetic (default: as configured)")


def read_configurations(arguments: Namespace) -> dict[str, Configuration]:
    """By the files' names.

    Raises:
        ConfigError: a file is given twice, or cannot be read.
    """
    from ..configuration import Configuration

    found: dict[str, Configuration] = {}
    for file in arguments.configs:
        if file in found:
            raise ConfigError(f"configs: {file} is given twice")
        told = Configuration.read(file)
        found[file] = replace(
            told, threads=told.threads if arguments.threads is None else arguments.threads,
            training=replace(told.training, epochs=arguments.epochs or told.training.epochs),
            data=replace(told.data, n=arguments.jets or told.data.n))
    return found
