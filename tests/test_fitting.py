"""A network of shares fitted to its jets before the first step of a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_training import Stopping, differences, small, trainer_from
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.data import JetImages, write_jets
from qgan.models.shares.likelihood import cross_entropy
from qgan.runs import checkpoint
from qgan.training.experiment import train
from qgan.training.fitting import fit_shares, folded, shares_of
from qgan.training.trainer import Trainer

OPTIONS = {"generator.core": "coordinates", "generator.numbers": 300, "generator.noise": 2, "symmetry": "exact"}


def raw_jets(n: int) -> JetImages:
    """Toy jets as if they lay in the raw frame, the mirror images of those with η < 0 upside down."""
    jets = toy_jets(n, 1)
    upside_down = jets.conditions["eta"] < 0
    return replace(jets, frame="raw", images=np.where(upside_down[:, None, None], jets.images[:, ::-1], jets.images))


@pytest.fixture(scope="module", params=["canonical", "raw"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(request.param) / "jets.h5"
    write_jets(path, toy_jets(120, 1) if request.param == "canonical" else raw_jets(120))
    return path


def loss_of(trainer: Trainer) -> float:
    shares = shares_of(trainer.generator)
    inputs, images = folded(trainer.generator, trainer.jets)
    with torch.no_grad():
        logs = shares.shares(torch.cat((inputs, torch.zeros(len(inputs), shares.latent)), 1))
    return float(cross_entropy(logs, images / images.sum((1, 2), keepdim=True)).mean())


def test_it_comes_near_the_shares_and_repeats(file: Path) -> None:
    one, other = (trainer_from(small(OPTIONS), file) for _ in range(2))
    before = loss_of(one)
    for trainer in (one, other):
        fit_shares(trainer, steps=150, rate=0.03)
    assert loss_of(one) < before - 0.5
    assert not differences(one.generator.state_dict(), other.generator.state_dict())
    assert not differences(one.generator.state_dict(), one.average.state_dict())


def test_jets_are_seen_on_the_side_where_they_are_made(tmp_path: Path) -> None:
    """Upside down where η < 0, as they were put there: the fit sees them all the same way up."""
    write_jets(tmp_path / "jets.h5", raw_jets(120))
    trainer = trainer_from(small(OPTIONS), tmp_path / "jets.h5")
    _, images = folded(trainer.generator, trainer.jets)
    eta = trainer.jets.table[:, trainer.generator.names.index("eta")]
    assert torch.equal(images[eta > 0], trainer.jets.images[eta > 0])
    assert torch.equal(images[eta < 0], trainer.jets.images[eta < 0].flip(1))
    plus, minus = images[eta > 0].mean(0), images[eta < 0].mean(0)
    assert (plus - minus).abs().sum() < 0.6 * (plus - minus.flip(0)).abs().sum()


def test_a_training_begins_with_it_and_is_resumed_without(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", toy_jets(120, 1))
    options = {**OPTIONS, "fit.steps": 20}
    whole = train(small(options), data=tmp_path / "jets.h5", out=tmp_path / "whole", quiet=True)
    plain = train(small(OPTIONS), data=tmp_path / "jets.h5", out=tmp_path / "plain", quiet=True)
    with pytest.raises(KeyboardInterrupt):
        train(small(options), data=tmp_path / "jets.h5", out=tmp_path / "parts", quiet=True, recorder=Stopping(0))
    parts = train(small(options), out=tmp_path / "parts", resume=True, quiet=True)
    found, resumed, without = (checkpoint.load(run.checkpoint).states for run in (whole, parts, plain))
    assert not differences(found, resumed)
    assert differences(found["generator"], without["generator"])


def test_what_has_no_shares_is_refused(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", toy_jets(120, 1))
    with pytest.raises(ConfigError, match=r"fit\.steps: only a network of shares"):
        train(small({"fit.steps": 5}), data=tmp_path / "jets.h5", out=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()
