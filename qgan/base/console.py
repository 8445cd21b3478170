"""A program made of commands: only the chosen one is imported, and an error is one line and an exit status."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from typing import NoReturn

from .errors import QganError, did_you_mean
from .notes import notes_as_lines
from .version import __version__

#: Exit status of an error the user can mend, and of Ctrl-C.
USER_ERROR, INTERRUPTED = 2, 130


class UsageError(QganError):
    """A command line that cannot be understood."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises :class:`UsageError` and shows its examples as they are written."""

    def __init__(self, prog: str, description: str, examples: str = "") -> None:
        epilog = f"examples:\n{examples.rstrip()}" if examples else None
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help){self._near(message)}")

    def _near(self, message: str) -> str:
        """What an unknown option or value may have been meant to be."""
        unknown = re.search(r"unrecognized arguments: (--[\w.-]+)", message)
        if unknown:
            return did_you_mean(unknown[1], list(self._option_string_actions))
        choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        return did_you_mean(choice[1], re.findall(r"[\w.-]+", choice[2])) if choice else ""


@dataclass(frozen=True)
class Program:
    """A name, what it is for, and its commands.

    Attributes:
        name: what the user types.
        description: one line or more for ``--help``.
        package: the package that holds a module of each command's name, with ``main(arguments)``.
        commands: one line of help by command.
        examples: lines for the end of ``--help``.
    """

    name: str
    description: str
    package: str
    commands: dict[str, str]
    examples: str = ""

    def run(self, argv: Sequence[str] | None = None) -> int:
        """Runs the command line (default: the process's) and returns its exit status.

        With ``QGAN_DEBUG=1`` in the environment an error is raised as it is, with its traceback.
        """
        with notes_as_lines(self.name):
            return self._status(argv)

    def _status(self, argv: Sequence[str] | None) -> int:
        if os.environ.get("QGAN_DEBUG") == "1":
            self._run(sys.argv[1:] if argv is None else list(argv))
            return 0
        try:
            self._run(sys.argv[1:] if argv is None else list(argv))
            sys.stdout.flush()
        except SystemExit as done:  # --help and --version
            return int(done.code or 0)
        except KeyboardInterrupt:
            return self._fail("interrupted", INTERRUPTED)
        except BrokenPipeError:
            # The reader (head, less) has gone: nothing more to say, also not when Python closes the stream.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except QganError as error:
            return self._fail(str(error), USER_ERROR)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            return self._fail(f"{where}{error.strerror or error}", USER_ERROR)
        return 0

    def _run(self, argv: list[str]) -> None:
        parser = self._parser()
        chosen = parser.parse_args(argv[:1] if argv else ["--help"]).command
        import_module(f"{self.package}.{chosen}").main(join_negative_values(argv[1:]))

    def _parser(self) -> Parser:
        width = max(map(len, self.commands)) + 2
        rows = "\n".join(f"  {name:{width}}{summary}" for name, summary in self.commands.items())
        parser = Parser(self.name, f"{self.description}\n\ncommands:\n{rows}\n\n"
                        f"{self.name} COMMAND --help tells more.", self.examples)
        parser.usage = f"{self.name} [--help] [--version] COMMAND ..."
        parser.add_argument("--version", action="version", version=f"{self.name} {__version__}")
        parser.add_argument("command", choices=list(self.commands), metavar="COMMAND",
                            help=argparse.SUPPRESS)
        return parser

    def _fail(self, message: str, status: int) -> int:
        line = " ".join(message.split())
        print(f"{self.name}: error: {line}", file=sys.stderr)
        return status


def aligned(rows: Iterable[Sequence[object]], left: Collection[int] = (0,), heads: int = 0) -> str:
    """A table as lines of text: the columns ``left`` to the left, the others to the right, two spaces between them.

    Args:
        heads: draw a line below so many rows.

    >>> print(aligned([["", "AUC"], ["PCA 4", 0.71], ["pixels", 0.8]], heads=1))
             AUC
    ------------
    PCA 4   0.71
    pixels   0.8
    """
    from rich.console import Console
    from rich.table import Table

    cells = [[str(cell) for cell in row] for row in rows]
    table = Table.grid(padding=(0, 2), collapse_padding=True, pad_edge=False)
    for column in range(max(map(len, cells), default=0)):
        table.add_column(justify="left" if column in left else "right", no_wrap=True)
    for row in cells:
        table.add_row(*row)
    text = StringIO()
    # As wide as it must be: a terminal wraps lines that it cannot show, rich would cut their words.
    Console(file=text, width=10_000, markup=False, emoji=False, highlight=False, color_system=None).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    rule = ["-" * max(map(len, lines))] if heads else []
    return "\n".join([*lines[:heads], *rule, *lines[heads:]])


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
