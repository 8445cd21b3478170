"""A training from start to end: jets in, a run folder with checkpoints, records and a trained generator out."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import yaml

from ..base import processes
from ..base.arguments import check_types
from ..base.devices import environment, resolve_device, set_threads, single_precision
from ..base.errors import CheckpointError, ConfigError
from ..base.interrupt import PostponedInterrupt
from ..base.io import write_json
from ..base.progress import progress
from ..data.grid import Grid
from ..data.in_memory import Arrays, as_jets
from ..data.jets import JetImages
from ..data.reading import Files, Paths, are_files
from ..evaluation import Evaluation
from ..evaluation.watch import EMPTY, Watch
from ..losses.total import Term
from ..quantum import AngleLayer, QuantumLayer
from ..report.text import sentences
from ..runs import RunFolder, checkpoint
from ..runs.checkpoint import Checkpoint
from ..runs.configuration import Configuration, check
from ..runs.recorders import Callback, Calling, JsonLinesRecorder, Recorder, SeveralRecorders, read_log
from ..sampling.source import JetSource
from .assembly import build_trainer, source_from
from .fitting import fit_shares
from .monitor import Monitor
from .parts import check_parts, warn_of_unused, with_parts
from .preparation import Prepared, prepare
from .trainer import Record, Trainer
from .used import used_statistics

#: What may not change when a training is resumed; steps, device and logging may.
STRUCTURE = ("seed", "batch_size", "start", "symmetry", "data", "generator", "discriminator", "losses", "optimiser")

_LOG = logging.getLogger(__name__)


@single_precision()
def train(configuration: Configuration, *, data: Paths | JetImages | Arrays | None = None,
          grid: Grid | None = None, out: str | Path, generator: Any = None, discriminator: Any = None,
          circuit: Any = None, losses: Sequence[tuple[Term, float]] = (), callbacks: Sequence[Callback] = (),
          resume: bool = False, overwrite: bool = False, quiet: bool = False,
          recorder: Recorder | None = None) -> RunFolder:
    """Trains a generator and leaves everything in a run folder; Ctrl-C leaves a checkpoint to resume from.

    Several processes that ``torchrun`` started divide each batch among them, and the first alone writes.

    Args:
        configuration: every option.
        data: files of jets with both classes, or jets in memory, also as arrays (images, labels, conditions); by
            default the jets that ship with the package, or, when resuming, the files that the run was started with.
        grid: where the pixels of arrays lie.
        out: folder of the run.
        generator, discriminator: networks of your own, classes or functions as :mod:`qgan.models.own` says. The run
            remembers their names, ``module:Network``, and imports them again, as where the configuration names them.
        circuit: one of your own, likewise: a function as :mod:`qgan.quantum.circuits` has them.
        losses: further terms of the generator's loss (see :class:`~qgan.losses.total.Term`) with their weights; to be
            given again when resuming.
        callbacks: called as ``callback(step, figures)`` with numbers by tag, whenever some are recorded.
        resume: go on from its last checkpoint.
        overwrite: replace what an earlier run left there.
        quiet: no progress bar, and nothing to the logger ``qgan``, which is told (INFO) how a training ended.
        recorder: told all figures, beside the run's own log and TensorBoard.

    Raises:
        QganError: jets, options or a checkpoint that do not fit; the message names them.
        KeyboardInterrupt: after the checkpoint was written.

    >>> from qgan import embedded_jets, write_jets
    >>> write_jets("jets.h5", embedded_jets("quark_gluon", "train").sample(100, seed=0))
    >>> short = Configuration(steps=2, batch_size=16, seed=1, threads=1, device="cpu")
    >>> run = train(short, data=["jets.h5"], out="run", quiet=True)
    >>> checkpoint.load(run.checkpoint).step
    2
    """
    check_types("train(configuration, data=..., out=...)", configuration=(configuration, Configuration))
    configuration = with_parts(configuration, generator=generator, discriminator=discriminator, circuit=circuit)
    check(configuration)
    check_parts(configuration)
    recorders = [*([] if recorder is None else [recorder]), *map(Calling, callbacks)]
    device = resolve_device(configuration.device)
    set_threads(configuration.threads)
    with processes.group(device):
        if configuration.batch_size % processes.size():
            raise ConfigError(f"batch_size: {configuration.batch_size} cannot be divided among {processes.size()} "
                              "processes")
        if data is not None and not are_files(data):
            data = as_jets(data, grid)
        return _train(configuration, device, data, out, resume, overwrite, quiet, recorders, losses)


def _train(configuration: Configuration, device: torch.device, data: Any, out: str | Path,
           resume: bool, overwrite: bool, quiet: bool, recorders: Sequence[Recorder],
           losses: Sequence[tuple[Term, float]]) -> RunFolder:
    if processes.rank() == 0:
        if not quiet:
            warn_of_unused(configuration)
        if resume:
            with RunFolder.open(out).alone():
                pass
        else:
            RunFolder.check(out, overwrite)
    saved = checkpoint.load(RunFolder.open(out).checkpoint) if resume else None
    if saved is not None and data is None and _finished(configuration, saved, RunFolder(Path(out))):
        if not quiet:
            _LOG.info(f"{out}: has ended, at step {saved.step} of {configuration.steps}; more --steps go on from there")
        return RunFolder(Path(out))
    jets = data if isinstance(data, JetImages) else None
    files = None if jets is not None else _files(data, saved)
    prepared = prepare(configuration, files if jets is None else jets)
    try:
        trainer = build_trainer(configuration, prepared, device, losses)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if configuration.fit.steps and saved is None:
        fit_shares(trainer, steps=configuration.fit.steps, rate=configuration.fit.rate, quiet=quiet)
    first = processes.rank() == 0
    folder = RunFolder.create(out, overwrite) if first and not resume else RunFolder(Path(out))
    run = _Run(configuration, prepared, trainer, folder, files, jets is not None)
    if saved is not None:
        run.resume(saved)
    if not first:
        run.follow()
        return folder
    with ExitStack() as stack:
        stack.enter_context(folder.alone())
        folder.remove_leftovers()
        run.describe(environment(device))
        if saved is None:
            # A run that is stopped at any later moment can be resumed.
            run.save()
        try:
            run.record(stack.enter_context(SeveralRecorders([*run.recorders(), *recorders])), quiet)
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(f"interrupted; {folder.path} is kept at step {run.kept} of {configuration.steps}, "
                                    "and --resume goes on from there") from stop
    if not quiet:
        _LOG.info(f"{folder.path}: {trainer.step} steps; on validation jets {run.summary()}\n"
                  f"tensorboard --logdir {folder.path.parent}")
    return folder


@dataclass
class _Run:
    """One training and where it leaves what it makes."""

    configuration: Configuration
    prepared: Prepared
    trainer: Trainer
    folder: RunFolder
    files: Files | None
    in_memory: bool
    seen: Evaluation | None = None
    looked: int = -1
    kept: int = 0

    def resume(self, saved: Checkpoint) -> None:
        path = self.folder.checkpoint
        checkpoint.check_configuration(path, saved, self.configuration.to_dict(), STRUCTURE)
        if saved.origin["jets"] != self._fingerprint:
            raise CheckpointError(f"{path}: data: the training jets are not those that the run was started with")
        start = self.configuration.start
        if start is not None and saved.transforms["blueprint"] != self.prepared.description["blueprint"]:
            raise CheckpointError(f"{path}: start: {start} is not the model that the run was started from")
        saved.restore(path, self.trainer.parts())
        self.trainer.step = self.kept = saved.step

    def describe(self, surroundings: dict[str, Any]) -> None:
        self.folder.write_config(self.configuration.to_dict())
        write_json(self.folder.environment, surroundings)

    def recorders(self) -> list[Recorder]:
        # TensorBoard takes seconds to load, and only a training needs it.
        from ..report.tensorboard import TensorBoardRecorder

        start = self.trainer.step + 1 if self.trainer.step else 0
        return [JsonLinesRecorder(self.folder.log, start), TensorBoardRecorder(self.folder.tensorboard, start)]

    def follow(self) -> None:
        """Takes the steps that are left with the process that records them."""
        with PostponedInterrupt() as interrupt:
            for _ in self.trainer.run(self.configuration.steps):
                interrupt.check()

    def record(self, recorder: Recorder, quiet: bool) -> None:
        """Takes the steps that are left and records them."""
        options, total = self.configuration.logging, self.configuration.steps
        often, seldom = options.looks(total)
        watch = Watch.of(self.prepared.validation, self.prepared.train, options.validation_jets,
                         self.configuration.seed)
        monitor = Monitor(recorder, watch, self.configuration.seed, costly=seldom > 0)
        if self.trainer.step == 0:
            monitor.start(self._texts())
        with progress(total, "train", "steps", start=self.kept, quiet=quiet) as bar, PostponedInterrupt() as interrupt:
            clock = _Clock()
            try:
                for entry in self.trainer.run(total):
                    bar.update()
                    if _due(entry.step, options.scalars, total):
                        figures = clock.figures(entry, self.configuration.batch_size)
                        recorder.scalars(entry.step, figures)
                        bar.set_postfix_str(_short(figures), refresh=False)
                    costly = _due(entry.step, seldom, total)
                    if costly or _due(entry.step, often, total):
                        self._look(monitor, costly)
                        clock.restart()
                    if _due(entry.step, options.checkpoint, total):
                        self.save()
                    interrupt.check()
            finally:
                # Also after Ctrl-C: nothing that was computed is lost.
                if self.trainer.step > self.kept and not self.trainer.midway:
                    self.save()
        seen = self.seen if self.looked == self.trainer.step else self._look(monitor, costly=seldom > 0)
        if seen is not None:
            monitor.finish(self.configuration, seen)

    def source(self) -> JetSource:
        """The averaged generator as it is now."""
        return source_from(self.trainer, self.prepared, self._origin())

    def summary(self) -> str:
        """The quality in a few words."""
        return "the generator makes empty images" if self.seen is None else sentences(self.seen)

    def _look(self, monitor: Monitor, costly: bool) -> Evaluation | None:
        self.looked = self.trainer.step
        fake, seen = monitor.watch.look(self.source())
        if seen is None:
            monitor.recorder.scalars(self.trainer.step, {EMPTY: 1.0})
            self.seen = None
            return None
        angles = [layer.weights.detach().cpu().numpy() for layer in self.trainer.average.modules()
                  if isinstance(layer, QuantumLayer | AngleLayer)]
        monitor.look(self.trainer.step, fake, seen, angles)
        self.seen = monitor.look_closely(self.trainer.step, fake, seen) if costly else seen
        return self.seen

    def save(self) -> None:
        """Writes a checkpoint."""
        states = {name: part.state_dict() for name, part in self.trainer.parts().items()}
        checkpoint.save(self.folder.checkpoint, Checkpoint(
            self.trainer.step, states, self.configuration.to_dict(), transforms=self.prepared.description,
            origin=self._origin()), keep_previous=True)
        self.kept = self.trainer.step

    def _origin(self) -> dict[str, Any]:
        memory = {"in_memory": True} if self.in_memory else {}
        files = self.files.to_remember() if self.files else {"data": None}
        return {**files, **memory, "jets": self._fingerprint, "training_seed": self.configuration.seed,
                "trained_on": self.prepared.train.source, "dropped": self.prepared.dropped,
                "uses": sorted({*used_statistics(self.trainer), *self.prepared.uses})}

    @cached_property
    def _fingerprint(self) -> str:
        return self.prepared.train.fingerprint()

    def _texts(self) -> dict[str, str]:
        """The text pages: configuration, data set and versions."""
        train, prepared = self.prepared.train, self.prepared
        counts = {f"{kind} jets": {jets.name(c): int((jets.label == c).sum()) for c in jets.classes}
                  for kind, jets in (("training", train), ("validation", prepared.validation))}
        data = {"source": train.source, "frame": train.frame, "grid": str(train.grid), **counts,
                "conditions left out": prepared.dropped}
        return {"configuration": _block(self.configuration.to_dict()), "data": _block(data),
                "versions": _block(environment(next(self.trainer.average.parameters()).device))}


class _Clock:
    """Jets a second since it was last asked."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._since, self._step = time.perf_counter(), -1

    def figures(self, entry: Record, batch_size: int) -> dict[str, float]:
        """The figures of a step as numbers, with the speed since the last call."""
        now, first = time.perf_counter(), self._step < 0
        speed = entry.seconds if first else (now - self._since) / (entry.step - self._step)
        self._since, self._step = now, entry.step
        numbers = torch.stack([value.detach().float().cpu() for value in entry.figures.values()]).tolist()
        return dict(zip(entry.figures, numbers, strict=True)) | {"speed/jets a second": batch_size / speed}


def _files(data: Paths | None, saved: Checkpoint | None) -> Files | None:
    """The files to train on, None for the jets that ship."""
    if data:
        return Files.of(data).absolute
    if saved is not None and saved.origin.get("in_memory"):
        raise CheckpointError("data: the run was started with jets in memory; give them again with data=...")
    return Files.remembered(saved.origin) if saved is not None else None


def _finished(configuration: Configuration, saved: Checkpoint, folder: RunFolder) -> bool:
    """Whether no step is left and the last look is in the log, so that no jets need be read.

    Raises:
        CheckpointError: the run was started with other options.
    """
    checkpoint.check_configuration(folder.checkpoint, saved, configuration.to_dict(), STRUCTURE)
    looks = read_log(folder.log) if saved.step >= configuration.steps and folder.log.is_file() else []
    return any(record["step"] == saved.step and any(key.startswith("quality/") for key in record) for record in looks)


def _due(step: int, every: int, total: int) -> bool:
    return every > 0 and (step % every == 0 or step == total)


def _short(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {figures[f'loss/{name}']:.2f}" for name in ("discriminator", "generator")
                     if f"loss/{name}" in figures)


def _block(values: dict[str, Any]) -> str:
    """Plain values as YAML in Markdown."""
    lines = yaml.safe_dump(values, sort_keys=False, allow_unicode=True).splitlines()
    return "".join(f"    {line}\n" for line in lines)
