"""Where the figures of a run go: a log of lines, TensorBoard, or several of these.

A recorder is told the step with each record. Records of a resumed run replace those that an interrupted one
made after its last checkpoint.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..base.errors import DataError
from ..base.io import write_text


class Recorder:
    """Keeps nothing; each recorder overrides what it can keep. Used as a context manager it closes itself."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by tag, ``group/name``."""

    def images(self, step: int, tag: str, images: np.ndarray) -> None:
        """Jet images (N, H, W), GeV."""

    def figure(self, step: int, tag: str, figure: Any) -> None:
        """A matplotlib figure."""

    def histograms(self, step: int, values: Mapping[str, np.ndarray]) -> None:
        """Samples of a quantity, each of any shape, by tag."""

    def text(self, step: int, tag: str, text: str) -> None:
        """Markdown."""

    def layout(self, pages: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Pages of charts, ``{page: {chart: patterns of the tags drawn in it}}``; once, at the start of a run."""

    def hyperparameters(self, options: Mapping[str, Any], results: Mapping[str, float]) -> None:
        """The configuration and the figures it led to; once, at the end of a run."""

    def close(self) -> None:
        """Writes what is still to be written."""

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


#: Called with a step and numbers by tag.
Callback = Callable[[int, Mapping[str, float]], object]


class Calling(Recorder):
    """Calls a function with the numbers of each step that has some."""

    def __init__(self, function: Callback) -> None:
        self._function = function

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._function(step, values)


class JsonLinesRecorder(Recorder):
    """One JSON object a line: ``{"step": 20, "loss/adversarial": 0.71, ...}``. NaN is written as null.

    Args:
        path: of the file; appended to.
        start: first step of this run: lines of this step and later ones are dropped. A line with the step and tags of
            one that is kept is not written again: a run that was killed after its last step looks at it once more.
    """

    def __init__(self, path: str | Path, start: int = 0) -> None:
        self.path = Path(path)
        kept = [line for line in read_log(path) if line["step"] < start] if self.path.exists() else []
        self._kept = {(line["step"], frozenset(line)) for line in kept}
        write_text(path, "".join(f"{json.dumps(line)}\n" for line in kept))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        plain = {tag: float(value) for tag, value in values.items()}
        line = {"step": int(step)} | {tag: value if math.isfinite(value) else None for tag, value in plain.items()}
        if (line["step"], frozenset(line)) in self._kept:
            return
        try:
            # Opened for each line: a run may be killed at any moment, and its log should not end long before.
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError as error:
            raise DataError(self.path, "", f"could not be written: {error.strerror}") from error


class SeveralRecorders(Recorder):
    """Tells each of several recorders whatever it is told."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self.recorders = tuple(recorders)
        for what in ("scalars", "images", "figure", "histograms", "text", "layout", "hyperparameters", "close"):
            setattr(self, what, partial(self._tell, what))

    def _tell(self, what: str, *told: Any) -> None:
        for recorder in self.recorders:
            getattr(recorder, what)(*told)


def read_log(path: str | Path) -> list[dict[str, Any]]:
    """The lines of a :class:`JsonLinesRecorder`; a last line that a kill cut short is left out.

    Raises:
        DataError: the file cannot be read, or a line before the last is broken.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataError(path, "", f"cannot be read: {error.strerror}") from error
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict) or not isinstance(record.get("step"), int):
                raise ValueError("no step")
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                break
            raise DataError(path, f"line {number}", "is no record, expected a JSON object with a step") from error
        records.append(record)
    return records
