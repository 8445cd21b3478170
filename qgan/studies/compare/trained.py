"""The trained generators of a comparison: runs that are made, gone on with or taken as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...base.devices import one_thread
from ...base.errors import CheckpointError
from ...base.io import atomic_folder
from ...base.progress import progress
from ...base.scheduler import results
from ...base.workers import side_by_side
from ...data.reading import Files, Paths
from ...runs import RunFolder, checkpoint
from ...runs.checkpoint import Checkpoint, check_configuration, first_difference
from ...runs.configuration import Configuration
from ...runs.recorders import read_log
from ...training.experiment import STRUCTURE, train

#: What tells two models apart; runs that differ in the seed alone are one model.
MODEL = tuple(key for key in (*STRUCTURE, "steps") if key != "seed")


@dataclass(frozen=True)
class TrainedRun:
    """One run of a model.

    Attributes:
        model: name of the configuration.
        folder: of the run.
        seed: of the training.
        steps: that were taken.
        configuration: resolved, plain values.
        description: of the source, as the checkpoint holds it.
        seconds_per_step: median over the run, None where it was not recorded.
    """

    model: str
    folder: Path
    seed: int
    steps: int
    configuration: dict[str, Any]
    description: dict[str, Any]
    seconds_per_step: float | None


def train_runs(configurations: Mapping[str, Configuration], seeds: Iterable[int], out: Path, *,
               data: Paths | None = None, workers: int = 1, scheduler: str | None = None,
               quiet: bool = False) -> list[TrainedRun]:
    """A run of each configuration with each seed, in ``out``; finished ones are kept, broken-off ones gone on with.

    Args:
        data: of all; a scheduler's workers must find its files, too.
        workers: trainings side by side, each in a process and, where its configuration does not say, on one thread.
        scheduler: address of a Dask scheduler, whose workers train; each sends its run back when it has ended.

    Raises:
        CheckpointError: ``out`` holds a run of that name with another configuration or other jets.
        ConfigError, DataError: a configuration or jets that do not fit.
    """
    asked = {(model, seed): replace(configuration, seed=seed)
             for seed in seeds for model, configuration in configurations.items()}
    folders = {(model, seed): out / model / f"seed-{seed}" for model, seed in asked}
    missing = [(folders[key], configuration) for key, configuration in asked.items()
               if not _finished(folders[key], configuration, data)]
    if scheduler is not None and missing:
        _elsewhere(scheduler, missing, data, quiet)
    elif workers > 1 and len(missing) > 1:
        items = [(folder, replace(configuration, threads=configuration.threads or 1), data)
                 for folder, configuration in missing]
        side_by_side(_go_on, items, workers, label="train", unit="steps", quiet=quiet,
                     total=sum(configuration.steps for _, configuration in missing),
                     done=lambda: sum(_steps(folder) for folder, _ in missing))
    else:
        for folder, configuration in missing:
            _go_on(folder, configuration, data, quiet)
    return [_read(folder, model) for (model, _), folder in folders.items()]


def _elsewhere(address: str, missing: Sequence[tuple[Path, Configuration]], data: Paths | None, quiet: bool) -> None:
    with progress(len(missing), "train", "runs", quiet=quiet) as bar:
        items = [(folder, configuration, data) for folder, configuration in missing]
        for (folder, _, _), files in results(address, _run_of, items):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with atomic_folder(folder) as place:
                for name, content in files.items():
                    (place / name).parent.mkdir(parents=True, exist_ok=True)
                    (place / name).write_bytes(content)
            bar.update()


def _run_of(folder: Path, configuration: Configuration, data: Paths | None) -> dict[str, bytes]:
    """The files of a run, trained in a folder of its own, whatever this machine has at ``folder``."""
    with TemporaryDirectory() as place, one_thread():
        run = Path(place) / folder.name
        _go_on(run, replace(configuration, threads=configuration.threads or 1), data)
        return {path.relative_to(run).as_posix(): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def _go_on(folder: Path, configuration: Configuration, data: Paths | None, quiet: bool = True) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    train(configuration, data=data, out=folder, resume=RunFolder(folder).checkpoint.is_file(), overwrite=True,
          quiet=quiet)


def _steps(folder: Path) -> int:
    """The last step that the run's log tells of."""
    log = read_log(RunFolder(folder).log) if RunFolder(folder).log.is_file() else []
    return int(log[-1]["step"]) if log else 0


def existing_runs(folders: Sequence[str | Path]) -> list[TrainedRun]:
    """Trained runs as they are, those that differ in the seed alone under one name.

    Raises:
        CheckpointError: a folder holds no run.
    """
    runs = [_read(Path(folder), Path(folder).resolve().name) for folder in folders]
    models: list[list[TrainedRun]] = []
    for run in runs:
        alike = next((m for m in models if not first_difference(m[0].configuration, run.configuration, MODEL)), None)
        if alike is None:
            models.append([run])
        else:
            alike.append(run)
    named: list[TrainedRun] = []
    taken: set[str] = set()
    for members in models:
        name = _name(members)
        while name in taken:
            name += "'"
        taken.add(name)
        named += [replace(run, model=name) for run in members]
    return named


def _name(members: Sequence[TrainedRun]) -> str:
    """The folder's name, less the seed at its end where there are several."""
    folder = members[0].folder.resolve()
    if re.fullmatch(r"(seed)?[-_]?\d+", folder.name):
        return folder.parent.name
    return re.sub(r"[-_.]?(seed)?[-_]?\d+$", "", folder.name) or folder.name if len(members) > 1 else folder.name


def _finished(folder: Path, configuration: Configuration, data: Paths | None) -> bool:
    """Whether the folder holds this very training, complete."""
    path = RunFolder(folder).checkpoint
    if not path.is_file():
        return False
    saved = checkpoint.load(path)
    check_configuration(path, saved, configuration.to_dict(), (*STRUCTURE, "steps"))
    asked = Files.of(data).absolute if data else None
    if (found := Files.remembered(saved.origin)) != asked:
        raise CheckpointError(f"{path}: data: was trained on {_told(found)}, {_told(asked)} is asked for; give another "
                              "folder")
    return saved.step >= configuration.steps


def _told(files: Files | None) -> str:
    said = "".join(f" with {name} {value}" for name, value in files.reading.said.items()) if files else ""
    return f"{files}{said}" if files else "the jets that ship"


def _read(folder: Path, model: str) -> TrainedRun:
    run = RunFolder.open(folder)
    saved = checkpoint.load(run.checkpoint)
    return TrainedRun(model, folder, saved.configuration["seed"], saved.step, saved.configuration, saved.transforms,
                      _seconds(run, saved))


def _seconds(run: RunFolder, saved: Checkpoint) -> float | None:
    log = read_log(run.log) if run.log.is_file() else []
    speeds = [record["speed/jets a second"] for record in log if "speed/jets a second" in record]
    return saved.configuration["batch_size"] / float(np.median(speeds)) if speeds else None
