"""How a command line is taken apart into words, and what is said of one that makes no sense."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from .errors import QganError, did_you_mean

#: What an option is called now, for those who know its older name.
RENAMED = {"--real": "--test", "--reference": "--data", "--train": "--data", "--data": "--test", "--plot": "--plots",
           "--json": "--as-json", "--jets": "--n"}


class UsageError(QganError):
    """A command line that cannot be understood."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises :class:`UsageError` and shows its examples as they are written."""

    def __init__(self, prog: str, description: str, examples: str = "") -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False,
                         epilog="examples:\n" + textwrap.indent(examples, "  ") if examples else None,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    @property
    def known(self) -> list[str]:
        """All options, with their dashes."""
        return list(self._option_string_actions)

    def ask_for_nothing(self) -> None:
        """From now on no option is required."""
        for action in self._actions:
            action.required = False

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help){self._near(message)}")

    def _near(self, message: str) -> str:
        """What an unknown option or value may have been meant to be."""
        unknown = re.search(r"unrecognized arguments: (--[\w.-]+)", message)
        if unknown:
            now = RENAMED.get(unknown[1])
            return f"; did you mean {now}?" if now in self.known else did_you_mean(unknown[1], self.known)
        choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        return did_you_mean(choice[1], re.findall(r"[\w.-]+", choice[2])) if choice else ""


class AddUp(argparse.Action):
    """An option that takes several words: named twice, it has the words of both, in the place of its default."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*(() if before is self.default else before), *values])


def join_negative_values(argv: Sequence[str]) -> list[str]:
    """``--eta -0.5:0.5`` becomes ``--eta=-0.5:0.5``: argparse would take the value for an option."""
    joined: list[str] = []
    for word in argv:
        previous = joined[-1] if joined else ""
        if re.match(r"-\.?\d", word) and previous.startswith("--") and "=" not in previous:
            joined[-1] = f"{previous}={word}"
        else:
            joined.append(word)
    return joined
