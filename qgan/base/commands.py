"""A command is a function: its parameters are the options, its docstring their help, their types the checks.

    def main(files: Sequence[Jets], *, out: NewFile, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
        '''Put the jets of several files into one.

        Args:
            files: of jets with the same pixels and frame.
            out: HDF5 file to write.

        Examples:
            qgan merge w.h5 qcd.h5 --out jets.h5
        '''

What stands before the star is given by its place, the rest as ``--name``; a ``Sequence`` takes one word or more, a
``bool`` none, a ``tuple`` as many as it holds, a ``Literal`` those it names. A parameter that is a dataclass stands for
its fields: options that several commands share, but for those that the command has of its own. One that is
:class:`Configured` is read from ``--config``, or several from ``--configs``, and from all options that are not the
command's.
"""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from operator import attrgetter
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from .docstrings import Docstring, describe_options
from .errors import ConfigError
from .usage import AddUp, Parser, join_negative_values


@dataclass(frozen=True)
class Word:
    """How a word of the command line becomes a value; stands in ``Annotated[kind, Word(...)]``.

    Attributes:
        metavar: what the help calls it.
        parse: makes the value; raises ArgumentTypeError with what is wrong with the word.
        help: for options that say the same in every command, where no docstring says more.
        check: called before the command, with the value and whether ``--overwrite`` was given; raises a QganError.
    """

    metavar: str | None = None
    parse: Callable[[str], Any] | None = None
    help: str = ""
    check: Callable[[Any, bool], object] | None = None


@dataclass(frozen=True)
class Configured:
    """Marks a parameter that is a configuration, a dataclass with defaults: ``Annotated[Configuration, Configured()]``;
    or several by what the user called them: ``Annotated[Mapping[str, Configuration], Configured()]``.

    Attributes:
        saved: finds the file to read where ``--config`` is not given from the command's own options; None for none.
        short: names by which some numbers of its groups can be given too.
    """

    saved: Callable[[Namespace], Path | None] = lambda own: None
    short: Mapping[str, str] = field(default_factory=dict)


class Command:
    """The command line of a function; ``prog`` is what the user types for it: ``qgan merge``."""

    def __init__(self, prog: str, function: Callable[..., object]) -> None:
        self._prog, self._function, self._told = prog, function, Docstring.of(function)
        hints = get_type_hints(function, include_extras=True)
        self._groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}
        self._configured = next((_Configuration(name, hint.__origin__, mark) for name, hint in hints.items()
                                 for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Configured)), None)
        self._options = list(self._read_signature(hints))

    def run(self, argv: Sequence[str]) -> None:
        """Calls the function with what the words say."""
        self._function(**self.read(argv))

    def read(self, argv: Sequence[str]) -> dict[str, Any]:
        """The function's arguments.

        Raises:
            UsageError: an unknown option, one that is missing, or a value that is none.
            QganError: what the check of a kind or the configuration finds wrong.
            SystemExit: what was asked for is printed: the help, or the configuration.
        """
        words, parser, configured = join_negative_values(argv), self.parser(), self._configured
        if configured is None:
            return self._arguments(parser.parse_args(words))
        if {"--help", "-h"} & set(words):
            parser.epilog = f"{parser.epilog}\n\noptions of the configuration, with their defaults:\n" \
                            f"{describe_options(configured.kind())}"
        if "--print-config" in words:
            parser.ask_for_nothing()
        own, rest = parser.parse_known_args(words)
        found = configured.read(own, rest, parser)
        if own.print_config:
            print(configured.printed(found), end="")
            raise SystemExit(0)
        return {**self._arguments(own), configured.name: found if configured.several else next(iter(found.values()))}

    def parser(self) -> Parser:
        """What takes the words apart."""
        parser = Parser(self._prog, f"{self._told.summary}\n\n{self._told.more}".strip(), self._told.examples)
        groups = {"": parser, **{name: parser.add_argument_group(Docstring.of(group).summary)
                                 for name, group in self._groups.items()}}
        for option in self._options:
            groups[option.group].add_argument(option.flag, **option.settings())
        if self._configured is not None:
            self._configured.add_to(parser, inspect.signature(self._function).parameters[self._configured.name].default)
            parser.usage = parser.format_usage().removeprefix("usage: ").rstrip() + " [--OPTION VALUE ...]"
        return parser

    def _read_signature(self, hints: dict[str, Any]) -> Iterator[_Option]:
        for name, parameter in inspect.signature(self._function).parameters.items():
            if name in self._groups:
                group = self._groups[name]
                told, kinds = Docstring.of(group), get_type_hints(group, include_extras=True)
                for f in fields(group):
                    if f.name not in hints:
                        yield _Option(name, f.name, kinds[f.name], f.default, told.text(f.name), True)
            elif self._configured is None or name != self._configured[0]:
                yield _Option("", name, hints[name], parameter.default, self._told.text(name),
                              parameter.kind is parameter.KEYWORD_ONLY)

    def _arguments(self, own: Namespace) -> dict[str, Any]:
        """Of the function, but for its configuration."""
        found: dict[str, dict[str, Any]] = {"": {}, **{name: {} for name in self._groups}}
        for option in self._options:
            value = getattr(own, option.name)
            _, word, count = _unwrap(option.hint)
            found[option.group][option.name] = tuple(value) if count not in (None, "+") and value else value
            if word.check is not None and value is not None:
                for one in value if count else [value]:
                    word.check(one, getattr(own, "overwrite", False))
        return found[""] | {name: group(**found[name]) for name, group in self._groups.items()}


class _Configuration(NamedTuple):
    """The parameter that is a configuration, or several: its name, its type without the mark, and the mark."""

    name: str
    hint: Any
    mark: Configured

    @property
    def several(self) -> bool:
        return get_origin(self.hint) is Mapping

    @property
    def kind(self) -> type:
        found: type = get_args(self.hint)[1] if self.several else self.hint
        return found

    def add_to(self, parser: Parser, default: Any) -> None:
        """The options that it is read from."""
        ships = "the name of one that ships, or a YAML file"
        if self.several:
            parser.add_argument("--configs", metavar="NAME|FILE", nargs="+", action=AddUp, default=(),
                                help=f"configurations, each {ships}; their options can be given beside them, for "
                                     "all of them",
                                required=default is inspect.Parameter.empty)
        else:
            parser.add_argument("--config", metavar="NAME|FILE", help=f"the configuration: {ships}; its options can be "
                                "given beside it (default: those below)")
        for short, whole in self.mark.short.items():
            group, _, name = whole.rpartition(".")
            told = Docstring.of(type(attrgetter(group)(self.kind()))).text(name)
            parser.add_argument(f"--{short}", dest=whole, metavar="N", help=f"--{whole}: {told.removesuffix('.')}")
        parser.add_argument("--print-config", action="store_true", help="print what this command line makes of it, as "
                            "a YAML file, and end")

    def read(self, own: Namespace, rest: Sequence[str], parser: Parser) -> dict[str, Any]:
        """Each configuration by what the user called it.

        Args:
            own: options of the command.
            rest: words that are none of them.

        Raises:
            UsageError: options without a configuration that they could be of.
            ConfigError: one is given twice, or cannot be read.
        """
        from .parsing import read_options

        files: list[Any] = own.configs if self.several else [own.config or self.mark.saved(own)]
        rest = [*rest, *(f"--{whole}={getattr(own, whole)}" for whole in self.mark.short.values()
                         if getattr(own, whole) is not None)]
        if not files and rest:
            parser.error(f"unrecognized arguments: {rest[0]}, without --configs")
        if twice := [file for file in files if files.count(file) > 1]:
            raise ConfigError(f"--configs: {twice[0]} is given twice")
        return {file: read_options(self.kind, file, rest, parser.known) for file in files}

    def printed(self, found: Mapping[str, Any]) -> str:
        """The configurations as YAML, one document each."""
        from .parsing import to_yaml

        return "---\n".join(f"# {file}\n{to_yaml(one)}" if self.several else to_yaml(one)
                            for file, one in found.items())


class _Option(NamedTuple):
    """A parameter, or a field of the dataclass that the parameter ``group`` is."""

    group: str
    name: str
    hint: Any
    default: Any
    text: str
    named: bool

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}" if self.named else self.name

    def settings(self) -> dict[str, Any]:
        """How argparse is told of it."""
        kind, word, count = _unwrap(self.hint)
        required = self.default in (MISSING, inspect.Parameter.empty)
        default, text = None if required else self.default, (self.text or word.help).removesuffix(".")
        if default not in (None, (), "") and default is not False and "(default" not in text:
            text += f" (default: {' '.join(map(str, default)) if isinstance(default, tuple) else default})"
        settings: dict[str, Any] = {"help": text.replace("%", "%%"), "default": default}
        if kind is bool:
            return {**settings, "action": "store_true"}
        if get_origin(kind) is Literal:
            settings |= {"choices": get_args(kind), "metavar": "|".join(get_args(kind))}
        else:
            usual = {int: "N", float: "X", Path: "FILE"}.get(kind, self.name.upper())
            settings |= {"type": word.parse or kind, "metavar": word.metavar or usual}
        if count:
            some = "+" if self.named or required else "*"
            settings["nargs"] = some if count in ("+", _ANY) else count
        if count in ("+", _ANY) and self.named:
            settings["action"] = AddUp
        return {**settings, "required": required} if self.named else settings


#: Of a tuple that may hold any number.
_ANY = "any"


def _unwrap(hint: Any, word: Word = Word(), count: int | str | None = None) -> tuple[Any, Word, int | str | None]:
    """The kind below ``X | None``, ``Sequence[X]``, ``tuple[X, X]`` and ``Annotated``; how its words are read; how many
    there are: None for one alone, ``+`` for a sequence of them, ``any`` for a tuple of any number."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        word = next((mark for mark in inner[1:] if isinstance(mark, Word)), word)
        return (inner[0], word, count) if word.parse else _unwrap(inner[0], word, count)
    if origin in (Union, UnionType):
        return _unwrap(next(kind for kind in inner if kind is not NoneType), word, count)
    if origin in (Sequence, tuple):
        return _unwrap(inner[0], word, "+" if origin is Sequence else _ANY if Ellipsis in inner else len(inner))
    return hint, word, count
