"""Checkpoints: named state dicts with all that is needed to go on, or to generate, from them.

A checkpoint is one file, written whole or not at all. It holds tensors and plain values alone, so that
reading one runs no code (``torch.load`` with ``weights_only=True``).
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import textwrap
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from ..base.errors import CheckpointError, QganError
from ..base.io import atomic_path, stand_in
from .configuration import flat

#: Raised by one whenever the meaning of a field changes.
SCHEMA = 1
#: Options that older checkpoints lack, and what was done then.
ADDED = {"generator.embedding": "amplitude", "generator.numbers": 1000, "generator.shots": 0, "generator.levels": 1,
         "generator.grain_reach": 0, "generator.texture": 0, "start": None, "optimiser.warm_up": 0}
_MAGIC = "qgan checkpoint"


class Stateful(Protocol):
    """A module, an optimiser, a schedule, an averaged model, ..."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...


@dataclass
class Checkpoint:
    """The state of a run after ``step`` steps.

    Attributes:
        step: number of steps done.
        states: state dicts by name (``generator``, ``generator_optimiser``, ...).
        configuration: the resolved configuration, plain values.
        transforms: what turns jets into what the networks see, and back: plain values and tensors.
        origin: what else a reader wants to know (grid, frame, class names, versions): plain values.
    """

    step: int
    states: dict[str, dict[str, Any]]
    configuration: dict[str, Any]
    transforms: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)

    def restore(self, path: str | Path, objects: Mapping[str, Stateful]) -> None:
        """Loads each state into the object of its name.

        Args:
            path: the file that errors name.

        Raises:
            CheckpointError: a state is missing or does not fit.
        """
        for name, target in objects.items():
            if name not in self.states:
                raise CheckpointError(f"{path}: {name}: no such state; there are {', '.join(self.states) or 'none'}")
            try:
                target.load_state_dict(self.states[name])
            except Exception as error:  # torch raises what comes, where the state is none
                problem = textwrap.shorten(str(error), 200)
                raise CheckpointError(f"{path}: {name}: belongs to another model: {problem}") from error


def previous(path: str | Path) -> Path:
    """Where :func:`save` keeps the checkpoint before the last."""
    path = Path(path)
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def save(path: str | Path, checkpoint: Checkpoint, keep_previous: bool = False) -> None:
    """Writes the checkpoint in place of an earlier one, which is kept as :func:`previous` if asked for.

    Raises:
        TypeError: it holds something that could not be read back; the message says where.
        DataError: the file cannot be written.
    """
    # Not asdict(): it would copy every tensor.
    content = {"magic": _MAGIC, "schema": SCHEMA} | {f.name: getattr(checkpoint, f.name) for f in fields(checkpoint)}
    _check_plain(content, "")
    # Through memory: torch reports a full disk as a RuntimeError without a reason, a plain write as an OSError.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())
        if keep_previous and Path(path).exists():
            _copy_atomically(Path(path), previous(path))


def load(path: str | Path) -> Checkpoint:
    """Reads a checkpoint, its tensors onto the CPU: ``load_state_dict`` moves them to where they belong.

    Raises:
        CheckpointError: the file is missing, damaged, no checkpoint, or of another version.
    """
    path = Path(path)
    if not path.is_file() or stand_in(path):
        raise CheckpointError(f"{path}: {stand_in(path) or 'no such file, expected a checkpoint'}")
    try:
        # torch does not look at the checksums: a flipped bit would become a wrong weight.
        with zipfile.ZipFile(path) as archive:
            sound = archive.testzip() is None
        content = torch.load(path, map_location="cpu", weights_only=True) if sound else None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # A damaged archive fails in many ways: BadZipFile, RuntimeError, EOFError, ...
        raise _damaged(path) from error
    if not sound:
        raise _damaged(path)
    if not isinstance(content, dict) or str(content.get("magic")) != _MAGIC:
        raise CheckpointError(f"{path}: is a file of torch, but no checkpoint of this package")
    if str(content.get("schema")) != str(SCHEMA):
        found = " ".join(str(content.get("schema")).split())[:20]
        raise CheckpointError(f"{path}: schema version {found}, expected {SCHEMA}: written by another version of this "
                              "package")
    for name in (names := [f.name for f in fields(Checkpoint)]):
        if not isinstance(content.get(name), int if name == "step" else dict):
            raise CheckpointError(f"{path}: {name}: {'damaged' if name in content else 'missing'}")
    return Checkpoint(**{name: content[name] for name in names})


@contextmanager
def building(path: str | Path, what: str) -> Iterator[None]:
    """For what is built from the values of a checkpoint: whatever is raised is a :class:`CheckpointError` of the file.

    Args:
        path: of the checkpoint.
        what: is built from it.
    """
    try:
        yield
    except CheckpointError:
        raise
    except QganError as error:  # a plugin that is missing, say
        raise CheckpointError(f"{path}: {error}") from error
    except Exception as error:
        problem = textwrap.shorten(str(error), 160, placeholder=" ...")
        raise CheckpointError(f"{path}: holds no {what} that this version can build: {problem}") from error


def first_difference(one: Mapping[str, Any], other: Mapping[str, Any],
                     structural: Iterable[str] | None = None) -> tuple[str, Any, Any] | None:
    """The first key (dotted) at which two configurations differ, and both values; None if they agree.

    Args:
        structural: dotted keys that count, each with all below it (``"generator"``, ``"data.power"``); all
            keys if left out. A key that one of them lacks has the value None there.
    """
    flat_one, flat_other = ({key: _listed(value) for key, value in flat(values).items()} for values in (one, other))
    keys = list(structural) if structural is not None else None
    for key in dict.fromkeys((*flat_one, *flat_other)):
        counts = keys is None or any(key == k or key.startswith(f"{k}.") for k in keys)
        if counts and flat_one.get(key) != flat_other.get(key):
            return key, flat_one.get(key), flat_other.get(key)
    return None


def check_configuration(path: str | Path, checkpoint: Checkpoint, configuration: Mapping[str, Any],
                        structural: Iterable[str] | None = None) -> None:
    """Makes sure that a run with ``configuration`` may go on from the checkpoint.

    Raises:
        CheckpointError: it was written with another value of a structural key; the first is named.
    """
    added = {name: value for name, value in ADDED.items() if name in flat(configuration)}
    difference = first_difference({**added, **flat(checkpoint.configuration)}, configuration, structural)
    if difference:
        key, saved, asked = difference
        raise CheckpointError(f"{path}: {key}: was {saved!r} when the checkpoint was written, {asked!r} is asked for")


def _listed(value: Any) -> Any:
    """YAML has no tuples: (6, 22) comes back as [6, 22]."""
    return list(value) if isinstance(value, tuple) else value


def _damaged(path: Path) -> CheckpointError:
    kept = f"; the one before it is {previous(path)}" if previous(path).is_file() else ""
    return CheckpointError(f"{path}: is truncated, damaged or no checkpoint{kept}")


def _check_plain(value: Any, where: str) -> None:
    """Refuses what ``weights_only=True`` would refuse, when there is still time to mend it."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_plain(key, f"{where}[{key!r}]")
            _check_plain(item, f"{where}[{key!r}]")
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            _check_plain(item, f"{where}[{i}]")
    elif not isinstance(value, Tensor | torch.dtype | torch.device) and type(value) not in (
            bool, int, float, complex, str, bytes, type(None)):
        raise TypeError(f"checkpoint{where}: {type(value).__name__} is neither a tensor nor a plain value")


def _copy_atomically(source: Path, target: Path) -> None:
    """A second name for the file's content: a hard link where the file system has them, else a copy."""
    with tempfile.TemporaryDirectory(prefix=".", suffix=".part", dir=source.parent) as folder:
        name = Path(folder) / target.name
        try:
            os.link(source, name)
        except OSError:
            shutil.copyfile(source, name)
        name.replace(target)
