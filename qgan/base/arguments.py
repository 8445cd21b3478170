"""Arguments that stand in each other's place, refused by name."""

from __future__ import annotations

from typing import Any


def check_types(call: str, **given: tuple[Any, Any]) -> None:
    """Makes sure that arguments are of their types.

    Args:
        call: how the function is called, ``write_jets(path, jets)``.
        given: by name the value, and its type (or several, as of ``isinstance``).

    Raises:
        TypeError: one is of another type.

    >>> check_types("write_jets(path, jets)", path=(3, str))
    Traceback (most recent call last):
    TypeError: write_jets: path is of type int, expected write_jets(path, jets)
    """
    for name, (value, kind) in given.items():
        if not isinstance(value, kind):
            raise TypeError(f"{call.partition('(')[0]}: {name} is of type {type(value).__name__}, expected {call}")
