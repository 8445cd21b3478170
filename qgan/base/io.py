"""Files appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import DataError


def check_output(path: str | Path, overwrite: bool = False) -> Path:
    """The path, once it is clear that it may be written.

    Raises:
        DataError: the folder is missing or the file exists and ``overwrite`` is false.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(path, "", "is a folder, expected the name of a file to write")
    if path.exists() and not overwrite:
        raise DataError(path, "", "exists already; pass --overwrite to replace it")
    if not path.parent.is_dir():
        raise DataError(path, "", f"the folder {path.parent} does not exist")
    return path


@contextmanager
def atomic_path(path: str | Path, overwrite: bool = True) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to; renamed to ``path`` when the block ends well.

    If the block raises, the temporary file is removed and ``path`` is left as it was.

    Raises:
        DataError: the file may not be written (see :func:`check_output`) or the disk is full.
    """
    path = check_output(path, overwrite)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes private files; a user expects what an ordinary open() would give.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise DataError(path, "", f"could not be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside ``path`` to fill; takes the place of ``path`` when the block ends well.

    What ``path`` held before is removed then. If the block raises, the temporary folder is removed and ``path`` is
    left as it was.

    Raises:
        DataError: the folder above is missing, ``path`` is a file, or the disk is full.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise DataError(path, "", "is a file, expected a folder to write")
    if not path.parent.is_dir():
        raise DataError(path, "", f"the folder {path.parent} does not exist")
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    old = temporary.with_suffix(".old")
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            path.replace(old)
        temporary.replace(path)
    except OSError as error:
        raise DataError(path, "", f"could not be written: {error.strerror or error}") from error
    finally:
        if old.exists() and not path.exists():
            old.replace(path)
        for left in (temporary, old):
            shutil.rmtree(left, ignore_errors=True)


def write_text(path: str | Path, text: str, overwrite: bool = True) -> None:
    """Writes a text file, whole or not at all."""
    with atomic_path(path, overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any, overwrite: bool = True) -> None:
    """Writes JSON, whole or not at all; a NaN is refused, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n", overwrite)


def read_json(path: str | Path) -> Any:
    """Reads JSON; a missing or broken file is a :class:`DataError`."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, "", f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(path, "", f"is not JSON: {error}") from error


def remove_leftovers(folder: Path) -> None:
    """Removes what a program that was killed while it wrote left half-written in a folder."""
    for left in folder.glob(".*.part"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
