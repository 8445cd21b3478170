"""``qgan info``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base.console import Parser

EXAMPLES = """\
  qgan info fake.h5
  qgan info runs/w_qcd
"""


def build_parser() -> Parser:
    parser = Parser("qgan info", "Say what is in a file of jets, of any known format, or in a run.", EXAMPLES)
    parser.add_argument("path", metavar="FILE_OR_RUN", help="file of jets, or folder of a run")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--quiet", action="store_true", help="only check that it can be read")
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    if Path(arguments.path).is_dir():
        from ..runs import run_summary

        summary = run_summary(arguments.path)
    else:
        from ..data import file_summary

        summary = file_summary(arguments.path)
    if not arguments.quiet:
        print(json.dumps(summary, indent=2) if arguments.json else "\n".join(lines(summary)))


def lines(values: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Nested values as indented ``key: value`` lines."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:"
            yield from lines(value, indent + "  ")
        else:
            yield f"{indent}{key}: {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_short, value))
    return str(value) if value not in ({}, None) else "-"
