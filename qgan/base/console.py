"""A program made of commands: only the chosen one is imported, and an error is one line and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import StringIO, TextIOWrapper
from pkgutil import iter_modules

from .commands import Command
from .docstrings import Docstring
from .errors import QganError, one_line
from .log import log_as_lines
from .notes import notes_as_lines
from .usage import Parser
from .version import __version__

#: Exit status of an error the user can mend, and of Ctrl-C.
USER_ERROR, INTERRUPTED = 2, 130


@dataclass(frozen=True)
class Program:
    """A name, what it is for, and where its commands are.

    Attributes:
        name: what the user types.
        description: one line or more for ``--help``.
        package: the package whose modules are the commands: each has its function ``main``.
        examples: lines for the end of ``--help``.
    """

    name: str
    description: str
    package: str
    examples: str = ""

    @property
    def commands(self) -> list[str]:
        """The names of the commands."""
        return sorted(module.name for module in iter_modules(import_module(self.package).__path__))

    def command(self, name: str) -> Command:
        """The command of that name."""
        return Command(f"{self.name} {name}", import_module(f"{self.package}.{name}").main)

    def run(self, argv: Sequence[str] | None = None) -> int:
        """Runs the command line (default: the process's) and returns its exit status.

        With ``QGAN_DEBUG=1`` in the environment an error is raised as it is, with its traceback.
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # names that are no UTF-8, and terminals that know few letters
                stream.reconfigure(errors="backslashreplace")
        with notes_as_lines(self.name), log_as_lines(*{"qgan", self.package.partition(".")[0]}):
            return self._status(argv)

    def _status(self, argv: Sequence[str] | None) -> int:
        if os.environ.get("QGAN_DEBUG") == "1":
            self._run(argv)
            return 0
        try:
            self._run(argv)
            sys.stdout.flush()
        except SystemExit as done:  # --help and --version
            return int(done.code or 0)
        except KeyboardInterrupt as stop:
            return self._fail(str(stop) or "interrupted", INTERRUPTED)
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

    def _run(self, argv: Sequence[str] | None) -> None:
        words = sys.argv[1:] if argv is None else list(argv)
        first = words[:1] or ["--help"]
        chosen = self._parser({"--help", "-h"} & set(first)).parse_args(first).command
        if (argv is None or sys.stderr.isatty()) and not {"--help", "-h", "--quiet"} & set(words):
            # Libraries take seconds to load. A program that calls this one has loaded them.
            print(f"{self.name} {chosen} ...", file=sys.stderr, flush=True)
        self.command(chosen).run(words[1:])

    def _parser(self, explain: object) -> Parser:
        """With a line for each command only if ``explain``, since that imports them all."""
        text = self.description
        if explain:
            width = max(map(len, self.commands)) + 2
            rows = [f"  {name:{width}}{Docstring.of(import_module(f'{self.package}.{name}').main).summary}"
                    for name in self.commands]
            text += "\n\ncommands:\n" + "\n".join(rows) + f"\n\n{self.name} COMMAND --help tells more."
        parser = Parser(self.name, text, self.examples)
        parser.usage = f"{self.name} [--help] [--version] COMMAND ..."
        parser.add_argument("--version", action="version", version=f"{self.name} {__version__}")
        parser.add_argument("command", choices=self.commands, metavar="COMMAND",
                            help=argparse.SUPPRESS)
        return parser

    def _fail(self, message: str, status: int) -> int:
        print(f"{self.name}: error: {one_line(message)}", file=sys.stderr)
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
    # In a notebook rich would show the table itself and write nothing.
    Console(file=text, width=10_000, force_jupyter=False, markup=False, emoji=False, highlight=False,
            color_system=None).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    rule = ["-" * max(map(len, lines))] if heads else []
    return "\n".join([*lines[:heads], *rule, *lines[heads:]])
