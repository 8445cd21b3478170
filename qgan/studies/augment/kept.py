"""What a study has finished, kept in a folder so that the same command goes on where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...base.errors import ConfigError, DataError
from ...base.io import atomic_path, read_json, write_json
from ...runs.checkpoint import first_difference

SETTINGS = "settings.json"


@dataclass(frozen=True)
class Kept:
    """The folder of a study.

    Attributes:
        path: of the folder.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path, settings: dict[str, Any], restart: bool = False) -> Kept:
        """A new folder, or that of a study with the same settings.

        Raises:
            DataError: it holds something else, or cannot be made.
            ConfigError: it holds a study with other settings.
        """
        kept = cls(Path(path))
        try:
            kept.path.mkdir(parents=True, exist_ok=True)
            started = (kept.path / SETTINGS).is_file()
            if not started and any(kept.path.iterdir()):
                raise DataError(path, "", "holds other files, expected an empty folder or that of an earlier study")
        except OSError as error:
            raise DataError(path, "", f"cannot be made the folder of a study: {error.strerror or error}") from error
        if started and not restart:
            difference = first_difference(read_json(kept.path / SETTINGS), settings)
            if difference:
                key, saved, asked = difference
                raise ConfigError(f"{kept.path}: {key}: was {saved!r} when the study began, {asked!r} is asked for; "
                                  "name another folder, or pass --restart to start anew")
        elif started:
            for part in kept.path.glob("jets_*"):
                shutil.rmtree(part)
        write_json(kept.path / SETTINGS, settings)
        return kept

    def part(self, n: int, turn: int) -> Path:
        """The folder of one generator that is trained on ``n`` jets."""
        folder = self.path / f"jets_{n}_{turn}"
        folder.mkdir(exist_ok=True)
        return folder

    def scores_file(self, n: int, turn: int, name: str) -> Path:
        """Where the scores of that name are, or would be."""
        return self.part(n, turn) / f"{name.replace(' ', '_')}.npy"

    def scores(self, n: int, turn: int, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Scores (N,) by name, made where they are not there yet."""
        path = self.scores_file(n, turn, name)
        if not path.is_file():
            values = make().astype(np.float32)
            with atomic_path(path) as temporary, open(temporary, "wb") as stream:
                np.save(stream, values)
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DataError(path, "", "is damaged; remove it to have it made again") from error

    def holds(self, n: int, turn: int, name: str) -> bool:
        """Whether there are values of that name."""
        return (self.part(n, turn) / f"{name}.json").is_file()

    def values(self, n: int, turn: int, name: str, make: Callable[[], Any]) -> Any:
        """Plain values by name, made where they are not there yet."""
        path = self.part(n, turn) / f"{name}.json"
        if not path.is_file():
            write_json(path, make())
        return read_json(path)
