"""Finished pieces of long work, kept in files so that the same call goes on where it was stopped.

Each piece is one file that appears whole or not at all: Ctrl-C or a kill loses the piece under way and no other. A
folder of pieces remembers the settings that they were made with and refuses others::

    folder = kept.folder("study", {"seed": 1, "steps": 500}, pieces="seed_*.json")
    for seed in range(3):
        auc = kept.plain(folder / f"seed_{seed}.json", lambda: train_and_score(seed))

Pieces that are made by several processes (:func:`qgan.base.workers.side_by_side`) are written by these and read by
the loop above, which then finds all of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import ConfigError, DataError
from ..base.io import atomic_path, read_json, remove_leftovers, write_json
from .checkpoint import first_difference

SETTINGS = "settings.json"
_DAMAGED = "is damaged; remove it to have it made again"


def folder(path: str | Path, settings: Mapping[str, Any], *, pieces: str, restart: bool = False) -> Path:
    """A new folder for pieces, or that of earlier work with the same settings.

    Args:
        path: of the folder.
        settings: all that no piece may differ in, as plain values.
        pieces: pattern of the names of what is kept directly in the folder.
        restart: drop what earlier work left.

    Raises:
        DataError: the folder holds something else, or cannot be made.
        ConfigError: it holds work with other settings; the message names the first.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        for place in (path, *filter(Path.is_dir, path.glob(pieces))):
            remove_leftovers(place)
        started = (path / SETTINGS).is_file()
        if not started and any(path.iterdir()):
            raise DataError(path, "", "holds other files, expected an empty folder or that of earlier work")
        for piece in path.glob(pieces) if restart else ():
            shutil.rmtree(piece) if piece.is_dir() else piece.unlink()
    except OSError as error:
        raise DataError(path, "", f"cannot be made a folder of results: {error.strerror or error}") from error
    difference = None if restart or not started else first_difference(_read(path / SETTINGS), settings)
    if difference:
        key, saved, asked = difference
        raise ConfigError(f"{path}: {key}: was {saved!r} when this work began, {asked!r} is asked for; give another "
                          "name, or pass --restart to start anew")
    write_json(path / SETTINGS, settings)
    return path


def plain(path: Path, make: Callable[[], Any], made_of: Any = None) -> Any:
    """Plain values, made where they are not in the file yet, or where those in it were ``made_of`` something else.

    Raises:
        DataError: the file is damaged.
    """
    kept = _kept(path, made_of)
    if kept is not None:
        return kept["value"]
    value = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"made_of": made_of, "value": value})
    return value


def is_kept(path: Path, made_of: Any = None) -> bool:
    """Whether :func:`plain` has nothing to make.

    Raises:
        DataError: the file is damaged.
    """
    return _kept(path, made_of) is not None


def _kept(path: Path, made_of: Any) -> dict[str, Any] | None:
    found = _read(path, "made_of", "value") if path.is_file() else None
    return found if found and found["made_of"] == made_of else None


def arrays(path: Path, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays by name (``.npz``), made where they are not in the file yet.

    Raises:
        DataError: the file is damaged.
    """
    if not path.is_file():
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, **made)  # type: ignore[arg-type]
        return made
    try:
        # Opened here: NumPy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return dict(stored)
    except Exception as error:  # BadZipFile, ValueError, zlib.error, EOFError, ...
        raise DataError(path, "", _DAMAGED) from error


def _read(path: Path, *keys: str) -> dict[str, Any]:
    """A JSON object that has these keys."""
    found = read_json(path)
    if not found.keys() >= set(keys):
        raise DataError(path, "", _DAMAGED)
    return found
