"""A training from start to end: usual jets in, a run folder with checkpoints, records and a detector out."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from qgan.base.devices import environment, resolve_device, set_threads, single_precision
from qgan.base.errors import CheckpointError
from qgan.base.interrupt import PostponedInterrupt, kept_if_interrupted
from qgan.base.io import write_json
from qgan.base.progress import progress
from qgan.data.jets import JetImages
from qgan.data.reading import Files
from qgan.runs import RunFolder, checkpoint
from qgan.runs.checkpoint import Checkpoint
from qgan.runs.configuration import telling
from qgan.runs.recorders import JsonLinesRecorder, Recorder, SeveralRecorders

from .configuration import Configuration, check
from .detector import Detector
from .models.registry import build
from .preparation import Jets, inputs, usual_jets
from .training import Trainer

#: What may not change when a training is resumed; epochs, patience, device and threads may.
STRUCTURE = ("seed", "data", "preprocessing", "model", "training.batch_size", "training.rate", "training.schedule",
             "training.weight_decay")
#: Jets in a picture.
PICTURED = 16
_LOG = logging.getLogger(__name__)


@single_precision()
def train(configuration: Configuration, *, data: Jets | None = None, out: str | Path,
          resume: bool = False, overwrite: bool = False, quiet: bool = False,
          recorder: Recorder | None = None) -> RunFolder:
    """Trains a model on jets of the usual class; Ctrl-C leaves a checkpoint to resume from.

    Args:
        configuration: every option.
        data: usual jets alone, or files of them; by default the jets that ship with the package, or, when resuming,
            the files that the run was started with.
        out: folder of the run.
        resume: go on from its last checkpoint.
        overwrite: replace what an earlier run left there.
        quiet: no progress bar, and nothing to the logger ``anomaly``, which is told (INFO) how a training ended.
        recorder: told all figures, beside the run's own log and TensorBoard.

    Raises:
        QganError: jets of another class, options or a checkpoint that do not fit, or a model that has collapsed.
        KeyboardInterrupt: after the checkpoint was written.

    >>> from anomaly.configuration import TrainingOptions
    >>> from qgan import embedded_jets
    >>> short = Configuration(seed=1, threads=1, device="cpu", training=TrainingOptions(epochs=2))
    >>> run = train(short, data=embedded_jets("quark", "train")[:200], out="run", quiet=True)
    >>> (run.path / "config.yaml").is_file()
    True
    """
    check(configuration)
    if not resume:
        RunFolder.check(out, overwrite)
    saved = checkpoint.load(RunFolder.open(out).checkpoint) if resume else None
    if data is None and saved:
        data = Files.remembered(saved.origin)
    files = None if data is None or isinstance(data, JetImages) else Files.of(data).absolute
    jets = usual_jets(configuration.data, files or data, configuration.seed)
    return train_on(configuration, *jets, out=out, files=files, resume=resume, overwrite=overwrite, quiet=quiet,
                    recorder=recorder)


def train_on(configuration: Configuration, jets: JetImages, validation: JetImages, *, out: str | Path,
             files: Files | None = None, resume: bool = False, overwrite: bool = False, quiet: bool = False,
             recorder: Recorder | None = None) -> RunFolder:
    """:func:`train` with jets at hand, all of the usual class."""
    trainer = trainer_of(configuration, jets, validation)
    folder = RunFolder.open(out) if resume else RunFolder.create(out, overwrite)
    run = _Run(configuration, jets, trainer, folder, files)
    with ExitStack() as stack:
        stack.enter_context(folder.alone())
        if resume:
            run.resume()
        else:
            run.save()
        folder.write_config(configuration.to_dict())
        write_json(folder.environment, environment(trainer.train.device))
        if not quiet:
            _LOG.info(f"{configuration.model.name}: {trainer.model.n_parameters:,} parameters, {len(jets):,} "
                      f"{configuration.data.normal} jets")
        recorders = run.recorders() if recorder is None else [*run.recorders(), recorder]
        with kept_if_interrupted(folder.path, "--resume"):
            run.record(stack.enter_context(SeveralRecorders(recorders)), quiet)
    if not quiet:
        state = trainer.progress
        _LOG.info(f"{folder.path}: validation loss {state.best:.4g} after {state.best_epoch} epochs\n"
                  f"tensorboard --logdir {folder.path.parent}")
    return folder


@single_precision()
def fitted(configuration: Configuration, jets: JetImages, validation: JetImages) -> tuple[Detector, float]:
    """:func:`train_on` in memory: the calibrated best epoch, and its validation loss.

    Raises:
        QganError: a model that has collapsed.
    """
    trainer = trainer_of(configuration, jets, validation)
    for _ in trainer.run():
        pass
    return detector_of(configuration, trainer, jets), trainer.progress.best


def trainer_of(configuration: Configuration, jets: JetImages, validation: JetImages) -> Trainer:
    """A training before its first step."""
    device, options = resolve_device(configuration.device), configuration.preprocessing
    set_threads(configuration.threads)
    x, held = (torch.from_numpy(inputs(part, options)).to(device) for part in (jets, validation))
    model = build(configuration.model, (options.size, options.size), configuration.seed).to(device)
    return Trainer(model, x, held, configuration.training, configuration.seed)


def detector_of(configuration: Configuration, trainer: Trainer, jets: JetImages) -> Detector:
    """The best epoch of a training, checked and calibrated on its jets.

    Raises:
        QganError: it has collapsed.
    """
    best = trainer.best.eval()
    best.check(trainer.validation)
    return Detector.of(configuration.model, best, configuration.preprocessing, configuration.data.normal, jets,
                       configuration.seed)


@dataclass
class _Run:
    """One training and where it leaves what it makes."""

    configuration: Configuration
    jets: JetImages
    trainer: Trainer
    folder: RunFolder
    files: Files | None
    kept: int = 0

    def resume(self) -> None:
        path = self.folder.checkpoint
        saved = checkpoint.load(path)
        checkpoint.check_configuration(path, saved, self.configuration.to_dict(), STRUCTURE)
        if saved.origin.get("jets") != self.jets.fingerprint():
            raise CheckpointError(f"{path}: data: the training jets are not those that the run was started with")
        saved.restore(path, self.trainer.parts())
        self.folder.remove_leftovers()
        self.kept = saved.step

    def recorders(self) -> list[Recorder]:
        # TensorBoard takes seconds to load, and only a training needs it.
        from qgan.report.tensorboard import TensorBoardRecorder

        start = self.kept + 1 if self.kept else 0
        return [JsonLinesRecorder(self.folder.log, start),
                TensorBoardRecorder(self.folder.tensorboard, start, pixels=(1e-4, 1.0), unit="")]

    def record(self, recorder: Recorder, quiet: bool) -> None:
        """Takes the steps that are left and records them, then calibrates the best model."""
        trainer = self.trainer
        if not self.kept:
            described = yaml.safe_dump(self.configuration.to_dict(), sort_keys=False).replace("\n", "\n    ")
            recorder.text(0, "configuration", f"Trained on {self.jets.source}\n\n    {described}")
        try:
            with progress(trainer.total, "train", "steps", start=self.kept, quiet=quiet) as bar, \
                    PostponedInterrupt() as interrupt:
                for entry in trainer.run():
                    bar.update()
                    if entry.figures:
                        recorder.scalars(entry.step, entry.figures)
                        bar.set_postfix_str(f"epoch {entry.epoch}, loss {entry.figures['loss/validation']:.4g}",
                                            refresh=False)
                        self.save()
                    interrupt.check()
        finally:
            # Also after Ctrl-C: nothing that was computed is lost.
            if trainer.progress.step > self.kept:
                self.save()
        self._finish(recorder)

    def save(self, transforms: dict[str, Any] | None = None) -> None:
        """Writes a checkpoint; ``transforms`` are those of the calibrated detector at the end."""
        states = {name: part.state_dict() for name, part in self.trainer.parts().items()}
        origin = {"anomaly": self.configuration.data.normal, "jets": self.jets.fingerprint(),
                  **(self.files.to_remember() if self.files else {"data": None}), "trained_on": self.jets.source,
                  "parameters": self.trainer.model.n_parameters}
        checkpoint.save(self.folder.checkpoint, Checkpoint(
            self.trainer.progress.step, states, self.configuration.to_dict(), transforms=transforms or {},
            origin=origin), keep_previous=True)
        self.kept = self.trainer.progress.step

    def _finish(self, recorder: Recorder) -> None:
        trainer, options = self.trainer, self.configuration
        detector = detector_of(options, trainer, self.jets)
        self.save(detector.to_dict())
        step = trainer.progress.step
        scores = detector.scores(self.jets[:2000])
        recorder.histograms(step, {f"score of training jets/{name}": values for name, values in scores.items()})
        made = detector.reconstruct(self.jets[:PICTURED])
        if made is not None:
            for tag, images in zip(("images/real", "images/reconstructed"), made[:2], strict=True):
                recorder.images(step, tag, images.astype(np.float32))
        results = {"final/validation loss": trainer.progress.best, "final/epoch": trainer.progress.best_epoch,
                   "final/parameters": trainer.model.n_parameters}
        recorder.scalars(step, results)
        recorder.hyperparameters(telling(options, ("seed", "model.name")), results)
