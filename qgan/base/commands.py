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
``bool`` none, a ``Literal`` those it names. A parameter that is a dataclass stands for its fields: options that several
commands share. One that is :class:`Configured` is read from ``--config`` and from all options that are not the
command's.
"""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from .docstrings import Docstring, describe_options
from .options import Option
from .usage import Parser, join_negative_values


@dataclass(frozen=True)
class Configured:
    """Marks a parameter that is a configuration, a dataclass with defaults: ``Annotated[Configuration, Configured()]``.

    Attributes:
        saved: finds the file to read where ``--config`` is not given from the command's own options; None for none.
    """

    saved: Callable[[Namespace], Path | None] = lambda own: None


class _Configuration(NamedTuple):
    """The parameter that is one."""

    name: str
    kind: Any
    mark: Configured


class Command:
    """The command line of a function.

    Args:
        prog: what the user types for it: ``qgan merge``.
    """

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
        words, parser = join_negative_values(argv), self._parser()
        if self._configured is None:
            return self._arguments(parser.parse_args(words))
        if {"--help", "-h"} & set(words):
            parser.epilog = (f"{parser.epilog}\n\noptions of the configuration, with their defaults:\n"
                             f"{describe_options(self._configured.kind())}")
        if "--print-config" in words:
            parser.ask_for_nothing()
        own, rest = parser.parse_known_args(words)
        configuration = self._read_configuration(own, rest, parser.known)
        return {**self._arguments(own), self._configured.name: configuration}

    def _parser(self) -> Parser:
        examples = "\n".join(f"  {line}" for line in self._told.examples.splitlines())
        parser = Parser(self._prog, f"{self._told.summary}\n\n{self._told.more}".strip(), examples)
        for option in self._options:
            option.declare(parser)
        if self._configured is not None:
            parser.add_argument("--config", metavar="NAME|FILE", help="the configuration: the name of one that ships, "
                                "or a YAML file; its options can be given beside it (default: those below)")
            parser.add_argument("--print-config", action="store_true", help="print the configuration that this command "
                                "line makes, as a YAML file, and end")
            parser.usage = parser.format_usage().removeprefix("usage: ").rstrip() + " [--OPTION VALUE ...]"
        return parser

    def _read_signature(self, hints: dict[str, Any]) -> Iterator[Option]:
        for name, parameter in inspect.signature(self._function).parameters.items():
            if name in self._groups:
                group = self._groups[name]
                told, kinds = Docstring.of(group), get_type_hints(group, include_extras=True)
                for f in fields(group):
                    yield Option(f.name, kinds[f.name], f.default, told.text(f.name), group=name)
            elif self._configured is None or name != self._configured.name:
                default = MISSING if parameter.default is parameter.empty else parameter.default
                yield Option(name, hints[name], default, self._told.text(name),
                             positional=parameter.kind is not parameter.KEYWORD_ONLY)

    def _arguments(self, own: Namespace) -> dict[str, Any]:
        """Of the function, but for its configuration."""
        found: dict[str, Any] = {}
        members: dict[str, dict[str, Any]] = {name: {} for name in self._groups}
        for option in self._options:
            value = getattr(own, option.name)
            option.check(value, getattr(own, "overwrite", False))
            members.get(option.group, found)[option.name] = value
        return found | {name: group(**members[name]) for name, group in self._groups.items()}

    def _read_configuration(self, own: Namespace, rest: Sequence[str], known: Sequence[str]) -> Any:
        from .parsing import read_options, to_yaml

        assert self._configured is not None
        file = own.config or self._configured.mark.saved(own)
        configuration = read_options(self._configured.kind, file, rest, known)
        if own.print_config:
            print(to_yaml(configuration), end="")
            raise SystemExit(0)
        return configuration
