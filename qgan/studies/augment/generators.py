"""A generator that is trained on exactly the jets it is given, and kept in a checkpoint."""

from __future__ import annotations

from pathlib import Path

from ...base.devices import resolve_device, single_precision
from ...base.errors import ConfigError
from ...base.interrupt import PostponedInterrupt
from ...base.progress import progress
from ...data.jets import JetImages, concatenate
from ...runs import checkpoint
from ...runs.checkpoint import Checkpoint
from ...runs.configuration import Configuration
from ...sampling.source import JetSource, load_source
from ...training.assembly import build_trainer
from ...training.experiment import STRUCTURE
from ...training.preparation import Prepared, prepare_jets
from ...training.trainer import Trainer


@single_precision()
def generator_of(jets: JetImages, configuration: Configuration, path: str | Path, *, label: str = "train",
                 quiet: bool = False) -> JetSource:
    """The averaged generator after all steps, from the checkpoint if it is there; Ctrl-C leaves one to go on from.

    Everything is fitted on ``jets``: densities of the conditions, transforms, what the pixels start from, the
    target of each loss. No step and no figure looks at another jet, and none is chosen by one.

    Args:
        jets: both classes, cropped already.
        configuration: of the training.
        path: of the checkpoint, which ``qgan generate --run`` reads too.
        label: in front of the progress bar.

    Raises:
        QganError: jets and configuration that do not fit, or a checkpoint of another training.
    """
    path, device = Path(path), resolve_device(configuration.device)
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = checkpoint.load(path) if path.is_file() else None
    if saved is not None:
        checkpoint.check_configuration(path, saved, configuration.to_dict(), (*STRUCTURE, "steps"))
        if saved.step >= configuration.steps:
            return load_source(path, device)
    # Nothing is validated, so the training jets stand in for validation jets.
    prepared = prepare_jets(configuration, jets, jets)
    try:
        trainer = build_trainer(configuration, prepared, device)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if saved is not None:
        saved.restore(path, trainer.parts())
        trainer.step = saved.step
    _take_steps(trainer, prepared, configuration, path, label, quiet)
    return load_source(path, device)


def sample(source: JetSource, n: int, seed: int, substructure: bool = False) -> JetImages:
    """``n`` jets of a generator, half of each class."""
    return concatenate([block for label in (0, 1) for block in source.jets(n // 2, seed, label, None, substructure)])


def _take_steps(trainer: Trainer, prepared: Prepared, configuration: Configuration, path: Path, label: str,
                quiet: bool) -> None:
    total, every = configuration.steps, configuration.logging.checkpoint
    try:
        with progress(total, label, "steps", start=trainer.step, quiet=quiet) as bar, \
                PostponedInterrupt() as interrupt:
            for entry in trainer.run(total):
                bar.update()
                if every and entry.step % every == 0:
                    _save(trainer, prepared, configuration, path)
                interrupt.check()
    finally:
        if not trainer.midway:
            _save(trainer, prepared, configuration, path)


def _save(trainer: Trainer, prepared: Prepared, configuration: Configuration, path: Path) -> None:
    """All that a resumed training needs, or, after the last step, the averaged generator alone."""
    parts = trainer.parts()
    wanted = ("average",) if trainer.step >= configuration.steps else tuple(parts)
    checkpoint.save(path, Checkpoint(
        trainer.step, {name: parts[name].state_dict() for name in wanted}, configuration.to_dict(),
        transforms=prepared.description,
        origin={"jets": len(prepared.train), "trained_on": prepared.train.source, "dropped": prepared.dropped,
                "training_seed": configuration.seed}))
