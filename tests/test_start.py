"""Trainings that begin with the weights of another generator, and discriminators that learn alone at first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from small_training import Stopping, differences, small, trainer_from, weights
from toy_jets import toy_jets

from qgan.base.errors import CheckpointError, ConfigError
from qgan.data import write_jets
from qgan.runs import checkpoint
from qgan.sampling.pretrained import load_model
from qgan.sampling.source import load_source
from qgan.studies.export import export
from qgan.training.experiment import train


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, toy_jets(120, 1))
    return path


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other jets of the kind."""
    path = tmp_path_factory.mktemp("others") / "others.h5"
    write_jets(path, toy_jets(150, 2))
    return path


@pytest.fixture(scope="module")
def model(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six steps."""
    return train(small(), data=[file], out=tmp_path_factory.mktemp("model") / "run", quiet=True).path


def test_the_generator_is_that_of_the_model_and_the_discriminator_is_new(model: Path, others: Path) -> None:
    source = load_source(model)
    begun, new = (trainer_from(small({"start": start}), others) for start in (str(model), None))
    assert differences(weights(begun.generator), weights(source.generator)) == []
    assert differences(weights(begun.average), weights(source.generator)) == []
    assert begun.generator.conditions == source.generator.conditions != new.generator.conditions
    assert differences(weights(begun.discriminator), weights(new.discriminator)) == []
    table, noise = begun.jets.table[:8], torch.randn(8, source.generator.noise_features)
    assert torch.equal(begun.generator.eval()(table, noise)[1], source.generator(table, noise)[1])


def test_its_laws_may_be_others(model: Path, others: Path) -> None:
    begun = trainer_from(small({"start": str(model), "generator.exact": []}), others)
    assert load_source(model).generator.softest
    assert not begun.generator.softest


def test_what_the_model_was_made_with_stays_known(model: Path, file: Path, others: Path, tmp_path: Path) -> None:
    """A map of its pixels stays in force, and a statistic that shaped its weights is no judge of the next ones."""
    right = export(model, "right", tmp_path, real=[others], reference=[file], n_per_class=100, quick=True,
                   calibrate=True)
    begun = train(small({"start": str(right), "steps": 1, "losses.matched": ["width"]}), data=[others],
                  out=tmp_path / "begun", quiet=True)
    source, theirs = load_source(begun.path), load_model(right)
    assert source.blueprint.spectrum == theirs.blueprint.spectrum is not None
    assert {"spectrum", "ptd"} <= set(theirs.origin["uses"]) <= set(source.origin["uses"])


def test_what_is_added_begins_with_random_numbers(model: Path, others: Path) -> None:
    begun = trainer_from(small({"start": str(model), "generator.texture": 4}), others)
    new, known = weights(begun.generator), weights(load_source(model).generator)
    assert all(torch.equal(new[name], value) for name, value in known.items())
    assert {name.split(".")[2] for name in new.keys() - known.keys()} == {"texture"}
    first = weights(begun.generator)["network.pixels.texture.first.weight"]
    list(begun.run(2))
    assert not torch.equal(first, weights(begun.generator)["network.pixels.texture.first.weight"])


def test_what_a_model_has_cannot_be_left_out(model: Path, others: Path, tmp_path: Path) -> None:
    begun = train(small({"start": str(model), "generator.texture": 4, "steps": 1}), data=[others],
                  out=tmp_path / "begun", quiet=True)
    with pytest.raises(ConfigError, match=r"generator\.texture: 4, but here 0; expected the same"):
        trainer_from(small({"start": str(begun.path)}), others)


@pytest.mark.parametrize(("change", "named"), [
    ({"generator.noise": 7}, "generator.noise: 6, but here 7"),
    ({"data.codings": ["delta_r_mean", "pixel_mean"]}, "data.conditions, data.codings"),
    ({"data.power": 0.4}, "data.power"), ({"symmetry": "exact"}, "symmetry"),
    ({"data.rows": (1, 8)}, "the pixels")])
def test_what_does_not_agree_is_named(model: Path, others: Path, tmp_path: Path, change: dict[str, object],
                                      named: str) -> None:
    with pytest.raises(ConfigError, match=f"start: .*{named}"):
        train(small({"start": str(model), **change}), data=[others], out=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_not_there_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such model"):
        train(small({"start": "w_qdc"}), data=[file], out=tmp_path / "run", quiet=True)


def test_the_discriminator_learns_alone_while_it_warms_up(file: Path) -> None:
    # Whatever the steps between its turns are later.
    trainer = trainer_from(small({"optimiser.warm_up": 2, "optimiser.discriminator_every": 3}), file)
    before = weights(trainer.generator), weights(trainer.average), weights(trainer.discriminator)
    records = list(trainer.run(2))
    assert "loss/generator" not in records[0].figures
    assert differences(before[0], weights(trainer.generator)) == []
    assert differences(before[1], weights(trainer.average)) == []
    assert differences(before[2], weights(trainer.discriminator))
    last, = trainer.run(3)
    assert "loss/generator" in last.figures
    assert differences(before[0], weights(trainer.generator))


def test_a_warm_up_that_was_stopped_goes_on_as_if_it_had_not_been(model: Path, others: Path, tmp_path: Path) -> None:
    configuration = small({"start": str(model), "optimiser.warm_up": 3})
    whole = train(configuration, data=[others], out=tmp_path / "whole", quiet=True)
    with pytest.raises(KeyboardInterrupt):
        train(configuration, data=[others], out=tmp_path / "run", quiet=True, recorder=Stopping(2))
    run = train(configuration, out=tmp_path / "run", resume=True, quiet=True)
    assert differences(checkpoint.load(whole.checkpoint).states, checkpoint.load(run.checkpoint).states) == []


def test_a_model_that_is_another_now_is_refused(model: Path, file: Path, others: Path, tmp_path: Path) -> None:
    start = Path(shutil.copytree(model, tmp_path / "start"))
    configuration = small({"start": str(start), "steps": 2})
    train(configuration, data=[others], out=tmp_path / "run", quiet=True)
    train(small(), data=[others], out=start, overwrite=True, quiet=True)
    with pytest.raises(CheckpointError, match=r"start: .* is not the model that the run was started from"):
        train(small({"start": str(start), "steps": 4}), data=[others], out=tmp_path / "run", resume=True, quiet=True)
