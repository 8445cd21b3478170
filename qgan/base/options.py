"""An option of a command, read off a parameter's or a field's type."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin


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
class Option:
    """A parameter, or a field of the dataclass that the parameter ``group`` is.

    Attributes:
        hint: its type.
        default: MISSING where it must be given.
        help: what its docstring says.
        positional: given by its place, not by its name.
    """

    name: str
    hint: Any
    default: Any
    help: str
    positional: bool = False
    group: str = ""

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Adds it to a parser."""
        kind, word, several = _unwrap(self.hint)
        required = self.default is MISSING
        default = None if required else self.default
        settings: dict[str, Any] = {"help": _with_default(self.help or word.help, default), "default": default}
        if kind is bool:
            settings["action"] = "store_true"
        elif get_origin(kind) is Literal:
            settings |= {"choices": get_args(kind), "metavar": "|".join(get_args(kind))}
        else:
            settings |= {"type": word.parse, "metavar": word.metavar or self.name.upper()}
        if several:
            settings["nargs"] = "*" if self.positional and not required else "+"
        if self.positional:
            parser.add_argument(self.name, **settings)
        else:
            parser.add_argument(f"--{self.name.replace('_', '-')}", required=required, **settings)

    def check(self, value: Any, overwrite: bool) -> None:
        """Raises what its kind finds wrong with the value."""
        _, word, several = _unwrap(self.hint)
        if word.check is not None and value is not None:
            for one in value if several else [value]:
                word.check(one, overwrite)


def whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


_USUAL: dict[Any, Word] = {int: Word("N", whole), float: Word("X", number), Path: Word("FILE", Path),
                           str: Word(None, str)}


def _unwrap(hint: Any, word: Word | None = None, several: bool = False) -> tuple[Any, Word, bool]:
    """The kind below ``X | None``, ``Sequence[X]`` and ``Annotated``; how its words are read; whether it is a list."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        word = next((mark for mark in inner[1:] if isinstance(mark, Word)), word)
        if word is None or word.parse is None:
            return _unwrap(inner[0], word, several)
        return inner[0], word, several
    if origin in (Union, UnionType):
        return _unwrap(next(kind for kind in inner if kind is not NoneType), word, several)
    if origin is Sequence:
        return _unwrap(inner[0], word, True)
    usual, word = _USUAL.get(hint, Word()), word or Word()
    return hint, Word(word.metavar or usual.metavar, usual.parse, word.help, word.check), several


def _with_default(text: str, default: Any) -> str:
    """The help, as argparse wants it, with the default where there is one that the text does not tell."""
    text = text.removesuffix(".")
    if default not in (None, "", ()) and default is not False and "(default" not in text:
        text += f" (default: {' '.join(map(str, default)) if isinstance(default, (list, tuple)) else default})"
    return text.replace("%", "%%")
