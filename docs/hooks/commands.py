"""The reference of commands and of configurations, made of the programs' own signatures and docstrings."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import anomaly.cli
import anomaly.configuration
import qgan.cli
import qgan.runs.configuration
from qgan.base.console import Program
from qgan.base.docstrings import Docstring

PROGRAMS = (qgan.cli.PROGRAM, anomaly.cli.PROGRAM)


def pages() -> dict[str, str]:
    """Markdown by the path of its page."""
    configurations = ("# Configurations\nOf each option the name, the default and what it is. The same names stand in "
                      "YAML files and, after two dashes, on the command line.\n\n"
                      f"## Of `qgan train`\n{''.join(options(qgan.runs.configuration.Configuration()))}\n"
                      f"## Of `anomaly train`\n{''.join(options(anomaly.configuration.Configuration()))}")
    return {f"commands/{program.name}.md": commands(program) for program in PROGRAMS} | {
        "configuration.md": configurations}


def commands(program: Program) -> str:
    """A page: every command with its options and examples."""
    return f"# {program.name}\n{program.description}\n" + "".join(command(program, name) for name in program.commands)


def command(program: Program, name: str) -> str:
    """What ``--help`` says, as Markdown."""
    parser = program.command(name).parser()
    text = argparse.ArgumentParser.format_usage(parser).removeprefix("usage: ")
    rows = [f"| {_words(action)} | {_cell(action.help or '')} |" for action in parser._actions if action.dest != "help"]
    examples = (parser.epilog or "").removeprefix("examples:\n")
    examples = f"```sh\n{re.sub('^  ', '', examples, flags=re.MULTILINE)}\n```\n" if examples else ""
    asks = "Every option of [the configuration](../configuration.md) can be given too.\n\n" if "OPTION" in text else ""
    return (f"\n## {program.name} {name}\n{parser.description}\n\n```text\n{text.rstrip()}\n```\n\n"
            f"| option | |\n|---|---|\n" + "\n".join(rows) + f"\n\n{asks}{examples}")


def options(values: Any, prefix: str = "") -> Iterator[str]:
    """Every option of a dataclass and of those in it, a table for each."""
    said = Docstring.of(type(values))
    if prefix:
        yield f"\n### {prefix.rstrip('.')}\n{said.summary}\n"
    plain = [f.name for f in fields(values) if not is_dataclass(getattr(values, f.name))]
    yield "\n| option | default | |\n|---|---|---|\n"
    for name in plain:
        default = ", ".join(map(str, value)) if isinstance(value := getattr(values, name), list) else repr(value)
        yield f"| `{prefix}{name}` | {f'`{default}`' if default else ''} | {_cell(said.text(name))} |\n"
    for f in fields(values):
        if f.name not in plain:
            yield from options(getattr(values, f.name), f"{prefix}{f.name}.")


def _words(action: argparse.Action) -> str:
    """An option as it is typed."""
    flag = action.option_strings[-1] if action.option_strings else ""
    value = "" if action.nargs == 0 else str(action.metavar or action.dest).replace("|", "\\|")
    return f"`{' '.join(filter(None, (flag, value)))}`" + (", needed" if action.required and flag else "")


def _cell(text: str) -> str:
    return " ".join(text.replace("%%", "%").replace("``", "`").replace("|", "\\|").split())
