"""The folder of a run."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..base.errors import CheckpointError, DataError
from ..base.io import lock, remove_leftovers, write_text

#: TensorBoard's files, and where those of the floors lie: a run beside that of the numbers, of one colour.
EVENTS, FLOOR = "events.out.tfevents.*", "floor"


@dataclass(frozen=True)
class RunFolder:
    """The files of a run, by name.

    Attributes:
        path: the folder; :meth:`create` makes it, :meth:`open` finds it.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The resolved configuration, YAML."""
        return self.path / "config.yaml"

    @property
    def environment(self) -> Path:
        """Versions, threads and device, JSON; the record of the last start."""
        return self.path / "environment.json"

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint."""
        return self.path / "checkpoint.pt"

    @property
    def log(self) -> Path:
        """Scalars, one JSON object a line."""
        return self.path / "log.jsonl"

    @property
    def tensorboard(self) -> Path:
        """Where TensorBoard's files lie: in the folder itself, so that it calls the run by its name."""
        return self.path

    @classmethod
    def create(cls, path: str | Path, overwrite: bool = False) -> RunFolder:
        """An empty run folder. With ``overwrite``, what an earlier run wrote there is removed, and nothing else.

        Raises:
            DataError: the folder holds files and ``overwrite`` is false, or it cannot be made.
        """
        folder = cls(Path(path))
        try:
            cls.check(path, overwrite)
            folder.path.mkdir(parents=True, exist_ok=True)
            if overwrite:
                folder._remove_run()
        except OSError as error:
            raise DataError(path, "", f"cannot be made the folder of a run: {error.strerror or error}") from error
        return folder

    @classmethod
    def check(cls, path: str | Path, overwrite: bool = False) -> None:
        """Says, before any work, that :meth:`create` will find the folder taken.

        Raises:
            DataError: the folder holds files and ``overwrite`` is false, another program writes to it, or there is a
                file of that name or above it.
        """
        first = next(place for place in (Path(path), *Path(path).absolute().parents) if place.exists())
        if not first.is_dir():
            raise DataError(first, "", "is a file, expected a folder for the run")
        if Path(path).is_dir() and any(Path(path).iterdir()) and not overwrite:
            raise DataError(path, "", "is not empty; pass --resume to go on or --overwrite to start anew")
        if Path(path).is_dir():
            with cls(Path(path)).alone():
                pass

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The folder of an earlier run.

        Raises:
            CheckpointError: there is none at ``path``, or it holds no checkpoint yet.
        """
        folder = cls(Path(path))
        if not folder.path.is_dir():
            raise CheckpointError(f"{path}: no such folder, expected that of a run")
        if not folder.checkpoint.is_file():
            raise CheckpointError(f"{path}: holds no {folder.checkpoint.name}, expected the folder of a run")
        return folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A block in which no other program writes this run.

        Raises:
            DataError: one does.
        """
        with lock(self.path, unknown=True) as free:
            if not free:
                raise DataError(self.path, "", "another program is training this run")
            yield

    def write_config(self, configuration: Mapping[str, Any]) -> None:
        """Saves the resolved configuration (plain values)."""
        write_text(self.config, yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True))

    def remove_leftovers(self) -> None:
        """Removes what a run that was killed while it wrote left half-written."""
        remove_leftovers(self.path)

    def _remove_run(self) -> None:
        for file in (self.config, self.environment, self.log, *self.path.glob(f"{self.checkpoint.stem}*.pt"),
                     *event_files(self.tensorboard)):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # is not there, or holds more
            (self.tensorboard / FLOOR).rmdir()
        self.remove_leftovers()


def event_files(folder: Path) -> list[Path]:
    """TensorBoard's files in a folder, those of the floors too."""
    return [*folder.glob(EVENTS), *(folder / FLOOR).glob(EVENTS)]


def saved_configuration(own: Namespace) -> Path | None:
    """The configuration of the run that a command with ``--out`` and ``--resume`` goes on with, if there is one."""
    config = RunFolder(own.out).config if own.out and own.resume else None
    return config if config and config.is_file() else None
