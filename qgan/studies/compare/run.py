"""Trains or takes generators, judges each on the same held-out jets, once, and puts them side by side."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ...base.errors import ConfigError, DataError
from ...base.progress import progress
from ...data import Grid
from ...data.reading import Paths
from ...evaluation import Evaluation
from ...evaluation.effort import effort
from ...runs import RunFolder, kept
from ...runs.configuration import Configuration
from ...sampling.source import JetSource, load_source
from .controls import REAL, Control, controls
from .entries import Entry, groups_of
from .headlines import HeadlineValues, by_class, from_plain, plain
from .judge import JUDGED, Judge, RealSets, held_out, some_jets
from .size import parameters
from .text import aligned, cells, markdown
from .trained import TrainedRun, existing_runs, train_runs
from .verdict import differences, pairs, sentence

#: First and last-plus-one index of the pixels that are kept.
Span = tuple[int, int]


@dataclass(frozen=True)
class Judging:
    """How every generator is judged.

    Attributes:
        n_per_class: jets of each class.
        seed: of the jets and of the evaluation.
        quick: a short evaluation.
    """

    n_per_class: int = 5000
    seed: int = 0
    quick: bool = False


@dataclass(frozen=True)
class Comparison:
    """Generators, real jets and controls side by side.

    Attributes:
        entries: the lines of the table.
        judging: how they were judged.
        real: where the held-out jets come from.
        grid: the pixels that were compared.
    """

    entries: list[Entry]
    judging: Judging
    real: str
    grid: Grid

    @property
    def sentences(self) -> list[str]:
        """What the quantum layer adds, or does not, over each control that was trained."""
        return [sentence(*pair) for pair in pairs(self.entries)]

    def text(self) -> str:
        """The table for a terminal, and the sentences."""
        return "\n\n".join([self._title(), aligned(cells(self.entries)), *self.sentences])

    def markdown(self) -> str:
        """The table, one for each class, and the sentences."""
        parts = [self._title()]
        for group in groups_of(self.entries):
            parts += ["All classes" if group == "all" else f"Class {group}", markdown(cells(self.entries, group))]
        return "\n\n".join([*parts, *self.sentences]) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"real": self.real, "pixels": list(self.grid.shape), "judging": vars(self.judging),
                "entries": [entry.to_dict() for entry in self.entries], "sentences": self.sentences,
                "differences": [{"quantum": one.name, "other": other.name,
                                 "figures": {d.name: {key: value for key, value in vars(d).items() if key != "name"}
                                             for d in differences(one, other)}} for one, other in pairs(self.entries)]}

    def _title(self) -> str:
        height, width = self.grid.shape
        plan = effort(self.judging.n_per_class, self.judging.quick)
        return (f"{plan.n_per_class} generated jets of each class at most against held-out ones, {height} x "
                f"{width} pixels; mean ± spread over seeds; over the classes the mean, of the worst W1 the largest. "
                f"AUC: of referees trained on at most {max(plan.referee_sizes):,} jets a side of each class.")


def compare(configurations: Mapping[str, Configuration] | None = None, *, out: str | Path,
            runs: Sequence[str | Path] = (), seeds: Sequence[int] = (1, 2),
            data: Paths | None = None, real: Paths | None = None,
            rows: Span | None = None, columns: Span | None = None, judging: Judging | None = None,
            with_controls: bool = True, workers: int = 1, scheduler: str | None = None,
            quiet: bool = False) -> Comparison:
    """Trains each configuration with each seed, and puts all that is trained side by side.

    Stopped at any moment, the same call goes on: finished runs and evaluations in ``out`` are kept.

    Args:
        configurations: by name.
        out: folder for runs, evaluations and the table.
        runs: folders of further runs, taken as they are.
        seeds, data: of the trainings; jets by default as each configuration says.
        real: files of held-out jets; by default the test jets that ship.
        rows, columns: pixels that are compared; by default those that all generators have.
        judging: how they are judged.
        with_controls: add real jets and the negative controls.
        workers: trainings side by side, each in a process of one thread.
        scheduler: address of a Dask scheduler, whose workers train; they must find the files of ``data`` and plugins.
        quiet: no progress bars.

    Raises:
        QganError: whatever does not fit, named.
    """
    judging, out = judging or Judging(), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    trained = train_runs(configurations or {}, seeds, out / "runs", data=data, workers=workers, scheduler=scheduler,
                         quiet=quiet)
    taken = {run.model for run in trained}
    trained += [replace(run, model=f"{run.model} (run)") if run.model in taken else run for run in existing_runs(runs)]
    if not trained:
        raise ConfigError("nothing to compare: give configurations or runs")
    sources = [load_source(run.folder) for run in trained]
    if other := next((s for s in sources if s.class_names != sources[0].class_names), None):
        raise DataError("runs", "class_names", f"{' and '.join(other.class_names)} jets cannot be compared with "
                                               f"{' and '.join(sources[0].class_names)} jets")
    real_jets = held_out(max(sources, key=lambda source: source.grid.height), real, data)
    grid = _common(sources, rows, columns)
    judge_once = _Once(out / "evaluations", real_jets.cropped(grid), grid, judging)
    chosen = list(controls(real_jets.train, judging.seed)) if with_controls and real_jets.train is not None else []
    samples = [partial(judge_once.of_run, run, source) for run, source in zip(trained, sources, strict=True)]
    samples += [partial(judge_once.of_control, control) for control in chosen]
    found = []
    with progress(len(samples), "evaluate", "samples", quiet=quiet) as bar:
        for judged in samples:
            found.append(judged())
            bar.update()
    entries = [*_entries(trained, found[:len(trained)]), *_control_entries(chosen, found[len(trained):])]
    return Comparison(entries, judging, real_jets.test.source, grid)


class _Once:
    """Evaluates each sample once: what was found is kept in a file and read when the same is asked for again."""

    def __init__(self, folder: Path, real: RealSets, grid: Grid, judging: Judging) -> None:
        self.folder, self.real, self.grid, self.judging = folder, real, grid, judging
        self.judge, self._judges = self._by(real), dict[int, Judge]()
        spans = [list(span) for span in (grid.eta_range, grid.phi_range)]
        self.asked = {**vars(judging), "pixels": [*grid.shape], "ranges": spans,
                      "jets": [None if jets is None else jets.fingerprint() for jets in (real.test, real.train)]}

    def of_run(self, run: TrainedRun, source: JetSource) -> dict[str, HeadlineValues]:
        content = zlib.crc32(RunFolder(run.folder).checkpoint.read_bytes())
        n, seed = self.judging.n_per_class, self.judging.seed

        def judged() -> Evaluation:
            try:
                return self.judge(some_jets(source, JUDGED * n, seed, run.model), source)
            except DataError as error:
                raise DataError(run.folder, "its jets", f"cannot be judged: {error}") from error

        return self._kept(f"{run.model}-seed-{run.seed}", {"checkpoint": content}, judged)

    def of_control(self, control: Control) -> dict[str, HeadlineValues]:
        # By jets that it was not made of, which several controls share.
        key = id(control.reference)
        if key not in self._judges:
            self._judges[key] = self._by(RealSets(self.real.test, control.reference))
        name = f"control-{control.name.replace(' ', '-')}-{control.seed}"
        return self._kept(name, {}, lambda: self._judges[key](control.jets))

    def _by(self, real: RealSets) -> Judge:
        return Judge.of(real, self.grid, n_per_class=self.judging.n_per_class, seed=self.judging.seed,
                        quick=self.judging.quick)

    def _kept(self, name: str, what: dict[str, Any], make: Callable[[], Evaluation]) -> dict[str, HeadlineValues]:
        def values() -> dict[str, Any]:
            evaluation = make()
            return {"figures": plain(by_class(evaluation)), "evaluation": evaluation.to_dict()}

        return from_plain(kept.plain(self.folder / f"{name}.json", values, {**self.asked, **what})["figures"])


def _common(sources: Sequence[JetSource], rows: Span | None, columns: Span | None) -> Grid:
    """The pixels that are compared: what was asked for of the largest images, or the smallest images' own."""
    if rows is None and columns is None:
        return min((source.grid for source in sources), key=lambda grid: grid.height * grid.width)
    whole = max((source.grid for source in sources), key=lambda grid: grid.height * grid.width)
    chosen = rows or (0, whole.height), columns or (0, whole.width)
    for what, (_, last), size in zip(("rows", "columns"), chosen, whole.shape, strict=True):
        if last > size:
            raise ConfigError(f"{what}: up to {last}, but the images have {size}")
    return whole.crop(*chosen)


def _entries(trained: Sequence[TrainedRun], found: Sequence[dict[str, HeadlineValues]]) -> list[Entry]:
    entries = []
    for model in dict.fromkeys(run.model for run in trained):
        mine = [(run, values) for run, values in zip(trained, found, strict=True) if run.model == model]
        first = mine[0][0]
        times = [run.seconds_per_step for run, _ in mine if run.seconds_per_step is not None]
        entries.append(Entry(model, "trained", [run.seed for run, _ in mine], [values for _, values in mine],
                             parameters(first.description), sum(times) / len(times) if times else None, first.steps,
                             first.configuration))
    return entries


def _control_entries(chosen: Sequence[Control], found: Sequence[dict[str, HeadlineValues]]) -> list[Entry]:
    entries = []
    for name in dict.fromkeys(control.name for control in chosen):
        mine = [(control.seed, values) for control, values in zip(chosen, found, strict=True) if control.name == name]
        entries.append(Entry(name, "real" if name == REAL else "control", [seed for seed, _ in mine],
                             [values for _, values in mine]))
    return entries
