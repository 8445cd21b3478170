"""What was assumed, left out or doubted of a file: a warning in Python, one line on standard error in the shell."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

from .errors import one_line


class DataNote(UserWarning):
    """What was assumed, left out or doubted of a file of jets."""


def note(where: str | PathLike[str], field: str, said: str) -> None:
    """Warns with a :class:`DataNote`; the same text is shown once.

    Args:
        where: the file (or the array's owner) that is meant.
        field: the key, column or attribute; an empty string where it is the whole file.
        said: what was assumed or found, and which option says otherwise.
    """
    warnings.warn(": ".join(part for part in (str(where), field, said) if part), DataNote, stacklevel=2)


@contextmanager
def notes_as_lines(program: str) -> Iterator[None]:
    """A :class:`DataNote` is one line on standard error, ``qgan: note: ...``; other warnings are shown as usual."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **how: Any) -> None:
            if issubclass(category, DataNote):
                print(f"{program}: note: {one_line(str(message))}", file=sys.stderr)
            else:
                usual(message, category, *where, **how)

        warnings.showwarning = show
        yield
