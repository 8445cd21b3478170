"""What docstrings say of a function's parameters and of a dataclass's fields, for ``--help``."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from inspect import cleandoc
from typing import Any


@dataclass(frozen=True)
class Docstring:
    """A docstring, taken apart.

    Attributes:
        summary: the first paragraph, in one line.
        more: the other paragraphs before the first section.
        told: texts of the sections ``Args`` and ``Attributes`` by what stands before their colon: ``rows, columns``.
        examples: the lines of the section ``Examples``.
    """

    summary: str
    more: str
    told: dict[str, str]
    examples: str

    @classmethod
    def of(cls, thing: Any) -> Docstring:
        """That of a function or a class; of one without, empty."""
        text, *rest = re.split(r"^(\w+):\n", cleandoc(thing.__doc__ or ""), flags=re.MULTILINE)
        sections = dict(zip(rest[::2], rest[1::2], strict=True))
        summary, _, more = text.strip().partition("\n\n")
        entries = re.findall(r"^    (\w[\w, ]*): (.*(?:\n {5,}.*)*)",
                             sections.get("Args", "") + sections.get("Attributes", ""), re.MULTILINE)
        return cls(_line(summary), more, {names: _line(words) for names, words in entries},
                   textwrap.dedent(sections.get("Examples", "")).rstrip())

    def text(self, name: str) -> str:
        """What is said of a parameter or field; nothing where it is not mentioned."""
        return next((text for names, text in self.told.items() if name in names.split(", ")), "")


def describe_options(defaults: Any, prefix: str = "") -> str:
    """Every option of a dataclass and of those in it, with its default and what its docstring says of it."""
    return "\n".join(_describe(defaults, prefix))


def _describe(options: Any, prefix: str) -> Iterator[str]:
    said = Docstring.of(type(options))
    yield f"\n{prefix.rstrip('.') or 'configuration'}: {said.summary}"
    values = {f.name: getattr(options, f.name) for f in fields(options)}
    unsaid = [name for name, value in values.items() if not said.text(name) and not is_dataclass(value)]
    for names, text in [*said.told.items(), *((name, "") for name in unsaid)]:
        yield "  " + ", ".join(f"--{prefix}{name} {values[name]!r}" for name in names.split(", "))
        if text:
            yield textwrap.fill(text, 110, initial_indent=" " * 6, subsequent_indent=" " * 6)
    for name, value in values.items():
        if is_dataclass(value):
            yield from _describe(value, f"{prefix}{name}.")


def _line(text: str) -> str:
    return " ".join(text.split())
