"""Files appear whole or not at all: written under a temporary name, then renamed.

What is written is locked until it has its name, so that what a killed program left of it can be told, and is removed
by the next that writes the same.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
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
    if path.exists() and not path.is_file():
        raise DataError(path, "", "is a pipe or a device, expected the name of a file to write")
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
    try:
        with _locked(Path(os.path.realpath(path)), folder=False) as temporary:
            try:
                yield temporary
                with temporary.open("rb") as stream:
                    os.fsync(stream.fileno())
                # Temporary files are private; a user expects what an ordinary open() would give.
                temporary.chmod(0o666 & ~_umask())
                temporary.replace(os.path.realpath(path))
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(path, "", f"could not be written: {error.strerror or error}") from error


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
    try:
        with _locked(path, folder=True) as temporary:
            old = temporary.with_suffix(".old")
            try:
                yield temporary
                temporary.chmod(0o777 & ~_umask())
                if path.exists():
                    path.replace(old)
                temporary.replace(path)
            finally:
                if old.exists() and not path.exists():
                    old.replace(path)
                for left in (temporary, old):
                    shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise DataError(path, "", f"could not be written: {error.strerror or error}") from error


def write_text(path: str | Path, text: str, overwrite: bool = True) -> None:
    """Writes a text file, whole or not at all."""
    with atomic_path(path, overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any, overwrite: bool = True) -> None:
    """Writes JSON, whole or not at all; a NaN is refused, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n", overwrite)


def read_json(path: str | Path) -> dict[str, Any]:
    """Reads an object in JSON; a missing or broken file, or one of other values, is a :class:`DataError`."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, "", f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, "", f"is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(path, "", "is JSON of another kind, expected names and their values")
    return found


def stand_in(path: str | Path) -> str:
    """What a file is that stands in for another: a pointer of Git LFS or git-annex, or a web page; else nothing.

    >>> write_text("weights.safetensors", "version https://git-lfs.github.com/spec/v1\\noid sha256:4d7a\\nsize 12\\n")
    >>> stand_in("weights.safetensors")
    'is a pointer of Git LFS and not the file itself: git lfs pull fetches it'
    """
    path, annexed = Path(path), "is a pointer of git-annex and not the file itself: git annex get fetches it"
    try:
        if path.is_symlink() and not path.exists():
            return annexed if "/annex/objects/" in str(path.readlink()) else ""
        if not path.is_file():
            return ""
        with path.open("rb") as stream:
            start = stream.read(64).lstrip().lower()
    except OSError:
        return ""
    if start.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS and not the file itself: git lfs pull fetches it"
    if start.startswith(b"/annex/objects/"):
        return annexed
    return "is a web page, perhaps one that asks who you are" if start.startswith((b"<!doctype html", b"<html")) else ""


def remove_leftovers(folder: Path) -> None:
    """Removes what programs that were killed while they wrote left half-written in a folder."""
    _sweep(folder.glob(".*.part"))


@contextmanager
def lock(path: Path, unknown: bool = False) -> Iterator[bool]:
    """Whether the file or folder is there and nobody else's, for the block.

    Args:
        unknown: the answer where the file system knows no locks.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who held it until now may have removed or renamed it.
            free = path.exists() and os.path.samestat(os.fstat(handle), path.stat())
        except OSError as error:
            free = unknown and not isinstance(error, BlockingIOError)
        yield free
    finally:
        os.close(handle)


@contextmanager
def _locked(path: Path, folder: bool) -> Iterator[Path]:
    """A new temporary file or folder beside ``path``, once what was left of earlier ones is removed."""
    name = f".{escape(path.name)}.{'?' * 8}"
    _sweep(path.parent.glob(f"{name}.part"))
    for old in path.parent.glob(f"{name}.old"):  # killed in the moment between two names
        if not old.with_suffix(".part").exists():
            shutil.rmtree(old) if path.exists() else old.replace(path)
    while True:
        make = tempfile.mkdtemp if folder else _new_file
        temporary = Path(make(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        with lock(temporary, unknown=True) as ours:
            if ours:
                yield temporary
                return


def _new_file(**where: Any) -> str:
    handle, name = tempfile.mkstemp(**where)
    os.close(handle)
    return name


def _sweep(parts: Iterable[Path]) -> None:
    """Removes those that no living program writes."""
    for part in parts:
        with lock(part) as free, suppress(OSError):
            if free:
                shutil.rmtree(part) if part.is_dir() else part.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
