"""A training's configuration from a YAML file and from options; the dataclasses say what there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..base.parsing import describe_options, read_options
from ..base.plugins import beside
from ..runs.configuration import Configuration


def read_configuration(path: str | Path | None, options: Sequence[str] = ()) -> Configuration:
    """The defaults, changed by a YAML file, changed by options such as ``--optimiser.ema 0.99``.

    Raises:
        ConfigError: a missing or broken file, an unknown key, a value of the wrong type, or a part that nobody
            registered; names the key.
    """
    from ..training.parts import check_parts

    configuration = read_options(Configuration, path, options)
    if configuration.plugins:
        configuration.plugins = beside(configuration.plugins, Path(path).parent if path is not None else ".")
    check_parts(configuration)
    return configuration


def describe() -> str:
    """Every option with its default and what its dataclass says of it, for ``--help``."""
    return describe_options(Configuration())
