"""Errors that the user can mend: each is one line that says where, what, and what was expected."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from os import PathLike

#: Letters of a problem.
_LONGEST = 1000


class QganError(Exception):
    """Base of every error that the command line prints as one line, with exit status 2.

    >>> str(QganError("a name\\nof two lines"))
    'a name\\\\nof two lines'
    """

    def __init__(self, said: str = "") -> None:
        super().__init__(one_line(said))


def one_line(text: str) -> str:
    """The same text with ``\\n`` and the like for what would not stand in one line, as file names may hold it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


class DataError(QganError):
    """A file or an array that is not what it should be.

    Args:
        where: the file (or the array's owner) that is at fault.
        field: the key, column or attribute; an empty string where the whole file is at fault.
        problem: what was found and what was expected.
    """

    def __init__(self, where: str | PathLike[str], field: str, problem: str) -> None:
        # A value of the file that is quoted may be of any length.
        problem = problem if len(problem) <= _LONGEST else f"{problem[:_LONGEST]} ..."
        super().__init__(": ".join(part for part in (str(where), field, problem) if part))
        self._said = str(where), field, problem

    def __reduce__(self) -> tuple[type[DataError], tuple[str, str, str]]:
        # One that a worker process raises is pickled; the usual way would call it with the whole line alone.
        return type(self), self._said


class ConditionError(QganError):
    """A condition (class, pT, mass, ...) that the model or the data cannot give."""


class ConfigError(QganError):
    """A configuration with an unknown key or an impossible value."""


class CheckpointError(QganError):
    """A checkpoint that is missing, damaged, or belongs to another configuration."""


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The end of a message about an unknown word: ``; did you mean train?``, or nothing where no known one is near.

    >>> did_you_mean("trian", ["train", "generate"])
    '; did you mean train?'
    """
    near = get_close_matches(word.lower(), [name.lower() for name in known], 1, 0.6)
    return f"; did you mean {next(name for name in known if name.lower() == near[0])}?" if near else ""
