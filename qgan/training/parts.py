"""The parts that a configuration names: imported, and known, before anything is built of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..base.errors import ConfigError, did_you_mean
from ..base.plugins import load_plugins
from ..losses import ADVERSARIAL, TERMS
from ..models.core import CORES
from ..models.recipes import BLUEPRINTS, DISCRIMINATORS
from ..observables.registry import codable
from ..quantum import CIRCUITS
from ..runs.configuration import Configuration


def check_parts(configuration: Configuration) -> None:
    """Imports the configuration's plugins and looks up every part that it names.

    Raises:
        ConfigError: a plugin that is missing or fails, or a name that nobody registered; says which option names it.
    """
    load_plugins(configuration.plugins)
    for option, names, known in _named(configuration):
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ConfigError(f"{option}: {unknown[0]!r}, expected one of {', '.join(known)}"
                              f"{did_you_mean(unknown[0], known)}")


def _named(configuration: Configuration) -> Iterator[tuple[str, Iterable[str], Collection[str]]]:
    """Option, names in it, and those that there are."""
    generator, losses = configuration.generator, configuration.losses
    yield "generator.architecture", [generator.architecture], BLUEPRINTS
    yield "generator.core", [generator.core], CORES
    yield "generator.circuit", [generator.circuit], CIRCUITS
    yield "discriminator.architecture", [configuration.discriminator.architecture], DISCRIMINATORS
    yield "losses.adversarial", [losses.adversarial], ADVERSARIAL
    yield "losses.matched", losses.matched, codable()
    yield "losses.further", losses.further, TERMS
