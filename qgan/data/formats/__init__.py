"""File formats: each a file of this package, or of one that a user installs, that registers what it knows.

A format says which contents are its own, and opens them (``docs/extending.md`` has an example). The formats of this
package leave each other's files alone; of formats that are registered elsewhere the last one is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ...base.registry import Registry
from ..contents import Contents
from ..jets import JetImages
from ..reading import Reading
from ..source import JetFile

#: From the arrays of the native layout (a block of jets) to those of another: ``laid_out(rows, like)``, where ``like``
#: says grid, frame, units and names of the classes.
Layout: TypeAlias = Callable[[Mapping[str, np.ndarray], JetImages], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Format:
    """A way to store jets.

    Attributes:
        title: in a few words.
        holds: whether a file is one of this format, by the names and shapes of its arrays; does not raise.
        open: the jets of such a file; raises :class:`~qgan.base.errors.DataError` where it is not what it should be.
        keys: what a file of this format holds, for the error about one of none.
        laid_out: what a file of this format holds of jets; None where it is only read.
    """

    title: str
    holds: Callable[[Contents], bool]
    open: Callable[[Contents, Reading], JetFile]
    keys: str = ""
    laid_out: Layout | None = None


FORMATS: Registry[Format] = Registry("file format", "qgan.formats", package="qgan.data.formats", of=Format)


def format_of(contents: Contents) -> Format | None:
    """The format that knows a file, if one does."""
    return next((known for known in reversed(FORMATS.values()) if known.holds(contents)), None)
