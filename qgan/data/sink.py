"""A file for HDF5 to write to on a disk that may fill up."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

from ..base.errors import DataError


class Sink(FileIO):
    """Remembers a failed write instead of raising it: HDF5 crashes the interpreter when a write fails under it."""

    error: OSError | None = None

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, "r+")

    def check(self, path: str | Path) -> None:
        """Raises the error of an earlier write, as one of ``path``."""
        if self.error is not None:
            raise DataError(path, "", f"could not be written: {os.strerror(self.error.errno or 5)}")

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._attempt(lambda: self._write_all(view))
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._attempt(lambda: super(Sink, self).truncate(size))
        return self.tell() if size is None else size

    def _write_all(self, view: memoryview) -> None:
        done = 0
        while done < len(view):
            done += super().write(view[done:])

    def _attempt(self, action: Callable[[], object]) -> None:
        if self.error is None:
            try:
                action()
            except OSError as error:
                self.error = error
