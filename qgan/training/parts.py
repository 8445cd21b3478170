"""The parts that a configuration names: imported, and known, before anything is built of them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from ..base.errors import ConfigError, did_you_mean
from ..base.plugins import imported, load_plugins
from ..losses import ADVERSARIAL, TERMS
from ..models.core import CORES
from ..models.own import is_own
from ..models.recipes import BLUEPRINTS, DISCRIMINATORS, blueprint_kind
from ..models.shares import SHARES
from ..observables.registry import codable
from ..quantum import CIRCUITS
from ..runs.configuration import Configuration, telling

_LOG = logging.getLogger(__name__)


def check_parts(configuration: Configuration) -> None:
    """Imports the configuration's plugins and looks up every part that it names.

    Raises:
        ConfigError: a plugin that is missing or fails, or a name that nobody registered; says which option names it.
    """
    load_plugins(configuration.plugins)
    for option, names, known in _named(configuration):
        unknown = [name for name in names if name not in known and not (is_own(name) and imported(name))]
        if unknown:
            raise ConfigError(f"{option}: {unknown[0]!r}, expected one of {', '.join(known)}"
                              f"{did_you_mean(unknown[0], known)}")


def warn_of_unused(configuration: Configuration) -> None:
    """Tells the logger which options of the generator, away from their default, its network does not have."""
    made = configuration.generator
    without = blueprint_kind(made.architecture).without(vars(made))
    if unused := [f"generator.{name}" for name in telling(made) if name.partition(".")[0] in without]:
        whose = f"the core {made.core}" if made.architecture == "jets" else f"the architecture {made.architecture}"
        _LOG.warning(f"{', '.join(unused)}: not used, {whose} has no such option")


def with_parts(configuration: Configuration, generator: Any = None, discriminator: Any = None,
               circuit: Any = None) -> Configuration:
    """The configuration that names these parts: classes or functions that a later program can import.

    Raises:
        ConfigError: a part has no name that another program could import it by.
    """
    made, judged = configuration.generator, configuration.discriminator
    if generator is not None:
        made = replace(made, architecture=_name_of("generator", generator))
    if circuit is not None:
        made = replace(made, circuit=_name_of("circuit", circuit))
    if discriminator is not None:
        judged = replace(judged, architecture=_name_of("discriminator", discriminator))
    return replace(configuration, generator=made, discriminator=judged)


def _name_of(kind: str, part: Any) -> str:
    if isinstance(part, str):
        return part
    module, name = getattr(part, "__module__", None), getattr(part, "__qualname__", "<locals>")
    if module is None or "." in name or "<" in name:
        raise ConfigError(f"{kind}: {part!r}, expected a class or function at the top of a module, so that the run can "
                          "import it again")
    return f"{module}:{name}"


def _named(configuration: Configuration) -> Iterator[tuple[str, Iterable[str], Collection[str]]]:
    """Option, names in it, and those that there are."""
    generator, losses = configuration.generator, configuration.losses
    yield "generator.architecture", [generator.architecture], BLUEPRINTS
    yield "generator.core", [generator.core], [*CORES, *SHARES]
    yield "generator.circuit", [generator.circuit], CIRCUITS
    yield "discriminator.architecture", [configuration.discriminator.architecture], DISCRIMINATORS
    yield "losses.adversarial", [losses.adversarial], ADVERSARIAL
    yield "losses.matched", losses.matched, codable()
    yield "losses.further", losses.further, TERMS
