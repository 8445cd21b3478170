"""Kinds of option that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import DataError

if TYPE_CHECKING:
    from ..sampling.source import JetSource

#: A condition: a value, or a range to draw from.
Fixed = float | tuple[float, float]


def positive(text: str) -> int:
    """A whole number above zero."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number


def value_or_range(text: str) -> Fixed:
    """``80`` is a value, ``80:82`` a range from low to high."""
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) == 2 and numbers[0] < numbers[1]:
        return numbers[0], numbers[1]
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a range such as 80:82")


def index_range(text: str) -> tuple[int, int]:
    """``6:22`` is the pixels 6 to 21."""
    first, colon, last = text.partition(":")
    if not (colon and first.isdigit() and last.isdigit() and int(first) < int(last)):
        raise argparse.ArgumentTypeError(f"{text!r} is no range of pixels such as 6:22")
    return int(first), int(last)


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    """``--out`` and ``--overwrite``."""
    parser.add_argument("--out", required=True, metavar="FILE", help=what)
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")


def add_source(parser: argparse.ArgumentParser) -> None:
    """``--run`` or ``--model``: a trained generator."""
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--run", metavar="RUN", help="folder of a run, as made by qgan train")
    chosen.add_argument("--model", metavar="MODEL", help="a model that ships (see qgan models), or the .safetensors "
                                                         "file of another")


def open_source(arguments: argparse.Namespace) -> JetSource:
    """The generator that :func:`add_source`'s options name, on the CPU."""
    if arguments.model:
        from ..sampling.pretrained import load_model

        return load_model(arguments.model)
    from ..sampling.source import load_source

    return load_source(arguments.run)


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """``--quiet``."""
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no summary")


def check_pictures(path: Path, overwrite: bool) -> None:
    """Says before the work, not after it, that the pictures cannot be written."""
    if path.exists() and not path.is_dir():
        raise DataError(path, "", "is a file, expected a folder for the pictures")
    if any(path.glob("*.png")) and not overwrite:
        raise DataError(path, "", "holds pictures already; pass --overwrite to replace them")
