"""Files that hold what was trained, for the fuzzing: a generator's checkpoint and model, and an autoencoder's."""

from __future__ import annotations

from pathlib import Path

import torch
from foreign_files import quark_gluon
from fuzzed_kinds import Rng
from mutations import ODD, changed_tree
from small_training import small, with_delta_r
from toy_jets import toy_jets

from anomaly import train as train_anomaly
from anomaly.configuration import Configuration
from anomaly.detector import load_detector
from qgan.data import write_jets
from qgan.runs import checkpoint
from qgan.sampling.pretrained import load_model, save_model
from qgan.sampling.source import load_source
from qgan.training.experiment import train


def trained(path: Path) -> None:
    write_jets(path.parent / "jets.h5", with_delta_r(toy_jets(60, 1)))
    train(small({"steps": 2, "logging.validation_jets": 5}), data=[path.parent / "jets.h5"], out=path.parent / "run",
          quiet=True)
    (path.parent / "run" / path.name).replace(path)


def read_trained(path: Path, rng: Rng) -> None:
    next(load_source(path).jets(3, 0))


def autoencoder(path: Path) -> None:
    options = Configuration()
    options.model.name, options.training.epochs, options.preprocessing.size, options.threads = "mlp", 1, 8, 1
    train_anomaly(options, data=quark_gluon(60).only("quark"), out=path.parent / "run", quiet=True)
    (path.parent / "run" / path.name).replace(path)


def read_autoencoder(path: Path, rng: Rng) -> None:
    load_detector(path.parent).scores(quark_gluon(3))


def change_checkpoint(path: Path, rng: Rng) -> None:
    content = torch.load(path, weights_only=True)
    tensors = (torch.zeros(3), torch.zeros(2, 2, dtype=torch.int64), torch.full((1,), float("nan")), torch.zeros(0))
    torch.save(changed_tree(content, rng, (*ODD, *tensors)), path)


def model(path: Path) -> None:
    trained(path.with_suffix(".pt").with_name("checkpoint.pt"))
    saved = checkpoint.load(path.with_name("checkpoint.pt"))
    save_model(path.parent, path.stem, saved.transforms, saved.states["average"], {})


def read_model(path: Path, rng: Rng) -> None:
    next(load_model(path).jets(3, 0))
