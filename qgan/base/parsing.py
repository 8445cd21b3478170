"""Dataclasses of options, filled from a YAML file and from words of the command line."""

from __future__ import annotations

import re
from argparse import ArgumentError
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonargparse import ArgumentParser

from .errors import ConfigError, did_you_mean
from .plugins import beside

Options = TypeVar("Options")
#: The configurations that ship.
PRESETS = Path(__file__).resolve().parents[1] / "configs"


def read_options(kind: type[Options], file: str | Path | None, words: Sequence[str] = (),
                 known: Sequence[str] = ()) -> Options:
    """The defaults of a dataclass, changed by a YAML file, changed by words such as ``--optimiser.ema 0.99``.

    Args:
        file: a YAML file, or the name of a configuration that ships; nothing leaves the defaults.
        known: options of the command whose words these are, which an unknown one may have been meant to be.

    Raises:
        ConfigError: a missing or broken file, an unknown key, or a value of the wrong type; names file and key.
    """
    parser = ArgumentParser(prog="train", exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", action="config")
    parser.add_class_arguments(kind, None)
    words = list(_adding_up([_underscores(word) for word in words], kind))
    path = None if file is None else find_configuration(file)
    if path is not None:
        _check_file(parser, path, kind)
        words = [f"--config={path}", *words]
    try:
        parsed = parser.parse_args(words)
    except ArgumentError as error:
        raise ConfigError(_with_hint(_one_line(error), kind, known)) from error
    # The parser lets null through for every type.
    empty = [key for key, value in parser.get_defaults().items() if value is not None and parsed.get(key) is None]
    if empty:
        raise ConfigError(f"{f'{path}: ' if path else ''}{empty[0]}: expected a value, got null")
    chosen = parser.instantiate(parsed)
    values = {f.name: getattr(chosen, f.name) for f in fields(kind)}  # type: ignore[arg-type]
    if values.get("plugins"):
        values["plugins"] = beside(values["plugins"], path.parent if path else ".")
    return kind(**values)


def to_yaml(options: Any) -> str:
    """A dataclass of options as the YAML file that :func:`read_options` makes the same of."""
    return yaml.safe_dump(asdict(options), sort_keys=False, allow_unicode=True)


def find_configuration(file: str | Path) -> Path:
    """A file that is there, or the configuration of that name that ships.

    Raises:
        ConfigError: it is neither; says which ship.
    """
    path = Path(file)
    if path.is_file():
        return path
    ships = {found.stem: found for found in sorted(PRESETS.glob("*.yaml"))}
    if str(file) in ships:
        return ships[str(file)]
    named = path.suffix or len(path.parts) > 1
    raise ConfigError(f"{file}: no such configuration file" + (
        "" if named else f", and none of that name ships{did_you_mean(str(file), list(ships))}; "
                         f"there are {', '.join(ships)}"))


def _check_file(parser: ArgumentParser, path: Path, kind: type) -> None:
    """Reads the file alone, so that an error in it names it."""
    try:
        parser.parse_path(path, defaults=False)
    except (ArgumentError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {_with_hint(_one_line(error), kind)}") from error


def _underscores(word: str) -> str:
    """``--batch-size`` as well as ``--batch_size``."""
    name, equals, value = word.partition("=")
    return name.replace("-", "_").replace("__", "--", 1) + equals + value if word.startswith("--") else word


def _adding_up(words: Sequence[str], kind: type) -> Iterator[str]:
    """``--plugins [a] --plugins [b]`` as ``--plugins [a] --plugins+ [b]``, which adds to the list."""
    lists, seen = {f"--{key}" for key, value in _keys(kind()) if isinstance(value, list)}, set[str]()
    for word in words:
        name, equals, value = word.partition("=")
        yield f"{name}+{equals}{value}" if name in seen else word
        seen |= {name} & lists


def _one_line(error: Exception) -> str:
    """The parser's message without its line breaks and Python types."""
    line = " ".join(str(error).split())
    for pattern, words in (
            (r'^Parser key "([\w.]+)": ', r"\1: "), (r"Expected a <class '(\w+)'>\.", r"expected \1."),
            (r"Expected a typing\.(?:Literal|Optional|Union)\[(.*)\]\.", r"expected \1."),
            (r"^(?:Option|Group '(\w+)' does not accept option) '([\w.]+)'(?: is not accepted)?$",
             r"unknown key \1.\2"),
            (r"^Unexpected config:.*", "expected keys with values, such as 'steps: 2000'")):
        line = re.sub(pattern, words, line)
    return line.replace("unknown key .", "unknown key ")


def _with_hint(line: str, kind: type, others: Sequence[str] = ()) -> str:
    """The message, with the key that an unknown one may have been meant to be."""
    unknown = re.search(r"unknown key ([\w.]+)|[Uu]nrecognized arguments: --([\w.]+)", line)
    if not unknown:
        return line
    key, dashes = unknown[1] or unknown[2], "" if unknown[1] else "--"
    parts = key.split(".")
    # Each part by itself: losses.gp is not near losses.r1.
    near = [dashes + known for known, _ in _keys(kind()) if len(known.split(".")) == len(parts)
            and all(map(did_you_mean, parts, ([part] for part in known.split("."))))]
    return line + did_you_mean(dashes + key, [*near, *(others if dashes else ())])


def _keys(options: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names of all options and of their groups, and what these are."""
    for f in fields(options):
        value = getattr(options, f.name)
        yield f"{prefix}{f.name}", value
        if is_dataclass(value):
            yield from _keys(value, f"{prefix}{f.name}.")
