"""Kinds of option that mean the same in every command: how they are read, checked and explained."""

from __future__ import annotations

import math
import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Annotated, Any

from .commands import Word
from .errors import DataError
from .io import check_output


def positive(text: str) -> int:
    """A whole number above zero."""
    if not re.fullmatch(r"0*[1-9]\d*", text):
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def natural(text: str) -> int:
    """A whole number from zero."""
    if not re.fullmatch(r"\d+", text):
        raise ArgumentTypeError(f"{text!r} is no whole number of at least 0")
    return int(text)


def probability(text: str) -> float:
    """One of a depolarising channel, of which 3/4 leaves nothing."""
    if not 0 <= float(text) <= 0.75:
        raise ArgumentTypeError(f"{text!r} is no depolarising probability, 0 to 0.75")
    return float(text)


def rate(text: str) -> float:
    """A learning rate: above 0."""
    if not 0 < float(text) < math.inf:
        raise ArgumentTypeError(f"{text!r} is no learning rate above 0")
    return float(text)


def share(text: str) -> float:
    """A part of a whole, neither nothing nor all of it."""
    if not 0 < float(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return float(text)


def wish(text: str) -> float | tuple[float, float] | str:
    """``80`` is a value, ``80:82`` a range from low to high; a Gaussian or a file of values stays as it is."""
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) == 2 and numbers[0] < numbers[1]:
        return numbers[0], numbers[1]
    if text.startswith("normal(") or Path(text).is_file():
        return text
    raise ArgumentTypeError(f"{text!r} is neither a number nor a range such as 80:82, nor normal(80,5), nor a file of "
                            "values")


def named_wish(text: str) -> tuple[str, float | tuple[float, float] | str]:
    """``width=0.1:0.2``: a name, and what it is to be."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"{text!r} is no NAME=VALUE such as width=0.1:0.2")
    return name, wish(value)


def selected(text: str) -> tuple[str, str | tuple[float, float]]:
    """``pt=265:275`` or ``label=w``: a name, and the range or class that it is in."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ArgumentTypeError(f"{text!r} is no NAME=LOW:HIGH such as pt=265:275, nor label=NAME")
    if name == "label":
        return name, value
    found = wish(value)
    if not isinstance(found, tuple):
        raise ArgumentTypeError(f"{text!r}: expected a range such as {name}=265:275")
    return name, found


def index_range(text: str) -> tuple[int, int]:
    """``6:22`` is the pixels 6 to 21."""
    first, colon, last = text.partition(":")
    if not (colon and first.isdigit() and last.isdigit() and int(first) < int(last)):
        raise ArgumentTypeError(f"{text!r} is no range of pixels such as 6:22")
    return int(first), int(last)


def check_pictures(folder: Path, overwrite: bool) -> None:
    """Says before the work, not after it, that the pictures cannot be written."""
    if folder.exists() and not folder.is_dir():
        raise DataError(folder, "", "is a file, expected a folder for the pictures")
    if any(folder.glob("*.png")) and not overwrite:
        raise DataError(folder, "", "holds pictures already; pass --overwrite to replace them")


Positive = Annotated[int, Word("N", positive)]
Probability = Annotated[float, Word("P", probability)]
Rate = Annotated[float, Word("RATE", rate)]
Share = Annotated[float, Word("SHARE", share)]
Wish = Annotated[float | tuple[float, float] | str, Word("VALUE|LOW:HIGH|...", wish)]
NamedWish = Annotated[tuple[str, Any], Word("NAME=VALUE|...", named_wish)]
Selected = Annotated[tuple[str, Any], Word("NAME=LOW:HIGH", selected)]
IndexRange = Annotated[tuple[int, int], Word("FIRST:LAST", index_range)]
Jets = Annotated[Path, Word("FILE", Path, "files of jets")]
Run = Annotated[Path, Word("RUN", Path, "folder of a run")]
Folder = Annotated[Path, Word("FOLDER", Path)]
#: A file that must not exist, or --overwrite be given; likewise a folder for pictures.
NewFile = Annotated[Path, Word("FILE", Path, check=check_output)]
Json = Annotated[Path, Word("FILE", Path, "write every number here", check_output)]
Pictures = Annotated[Path, Word("FOLDER", Path, "write pictures here, as PNG", check_pictures)]

Seed = Annotated[int, Word("N", natural, help="the same seed gives the same numbers")]
Threads = Annotated[int, Word("N", positive, "threads of the arithmetic (default: torch's choice)")]
Workers = Annotated[int, Word("N", positive, "processes side by side, of one thread each")]
Scheduler = Annotated[str, Word("ADDRESS", help="have the workers of this Dask scheduler do it, tcp://host:8786 "
                                 "(pip install 'qgan[dask]')")]
Device = Annotated[str, Word(help="auto, cpu, cuda, cuda:1")]
Overwrite = Annotated[bool, Word(help="replace what exists already")]
Quiet = Annotated[bool, Word(help="no progress bar, no summary")]
