"""A training of an anomaly model: one class alone, repeatable, resumable bit for bit, calibrated at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from memory_recorder import MemoryRecorder
from small_training import Stopping, changed, differences
from test_anomaly_cli import make_jets

from anomaly.configuration import Configuration
from anomaly.detector import load_detector
from anomaly.experiment import train
from anomaly.models.registry import build
from anomaly.preprocess import prepare
from qgan.base.errors import CheckpointError, ConfigError, DataError, QganError
from qgan.data import embedded_jets, write_jets
from qgan.data.jets import concatenate
from qgan.runs import checkpoint
from qgan.runs.recorders import read_log

SMALL = {"threads": 1, "device": "cpu", "training.epochs": 4, "training.batch_size": 50, "training.rate": 3e-3,
         "training.patience": 0, "model.options": {"latent": 3, "channels": 2}}


def small(changes: dict[str, Any] | None = None) -> Configuration:
    return changed(Configuration(), {**SMALL, **(changes or {})})


@pytest.fixture(scope="module")
def quark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "quark.h5"
    write_jets(path, make_jets(250, 0, True))
    return path


def run(quark: Path, out: Path, changes: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    train(small(changes), data=[quark], out=out, quiet=True, **options)
    return checkpoint.load(out / "checkpoint.pt").states


def test_a_run_repeats_and_another_seed_differs(quark: Path, tmp_path: Path) -> None:
    first, again = (run(quark, tmp_path / name) for name in ("a", "b"))
    assert differences(first, again) == []
    assert differences(first, run(quark, tmp_path / "c", {"seed": 1})) != []
    log = read_log(tmp_path / "a" / "log.jsonl")
    assert [line["step"] for line in log] == [4, 8, 12, 16, 16], "the results stand last"
    assert log[-2]["loss/validation"] < log[0]["loss/validation"]


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_resumed_run_equals_an_uninterrupted_one(quark: Path, tmp_path: Path, epoch: int) -> None:
    whole = run(quark, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt, match="is kept, and --resume goes on from there"):
        train(small(), data=[quark], out=tmp_path / "cut", quiet=True, recorder=Stopping(4 * epoch))
    assert checkpoint.load(tmp_path / "cut" / "checkpoint.pt").step == 4 * epoch
    with pytest.raises(CheckpointError, match="its training has not ended"):
        load_detector(tmp_path / "cut")
    train(small(), out=tmp_path / "cut", resume=True, quiet=True)
    assert differences(whole, checkpoint.load(tmp_path / "cut" / "checkpoint.pt").states) == []
    log = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "cut")]
    assert log[0] == log[1]


def test_resuming_needs_the_same_jets_and_options(quark: Path, tmp_path: Path) -> None:
    run(quark, tmp_path / "run")
    write_jets(tmp_path / "other.h5", make_jets(250, 9, True))
    with pytest.raises(CheckpointError, match="jets are not those"):
        run(tmp_path / "other.h5", tmp_path / "run", resume=True)
    with pytest.raises(CheckpointError, match=r"preprocessing\.size: was 12"):
        run(quark, tmp_path / "run", {"preprocessing.size": 8}, resume=True)


def test_more_epochs_go_on(quark: Path, tmp_path: Path) -> None:
    run(quark, tmp_path / "run", {"training.schedule": "constant"})
    longer = run(quark, tmp_path / "run", {"training.schedule": "constant", "training.epochs": 6}, resume=True)
    assert longer["progress"]["step"] == 24
    whole = run(quark, tmp_path / "whole", {"training.schedule": "constant", "training.epochs": 6})
    assert differences(longer, whole) == []


def test_other_classes_are_refused(tmp_path: Path) -> None:
    write_jets(tmp_path / "mixed.h5", concatenate([make_jets(50, 0, True), make_jets(3, 1, False)]))
    with pytest.raises(DataError, match=r"mixed\.h5: signal: 3 of 53 jets are no quark jets"):
        run(tmp_path / "mixed.h5", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match=r"data\.normal: 'top', expected one of gluon, quark"):
        train(small({"data.normal": "top"}), out=tmp_path / "run", quiet=True)


@pytest.mark.parametrize("normal", ["quark", "gluon"])
def test_no_other_jet_is_ever_trained_or_stopped_on(normal: str, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image that reaches the model in training, stopping and calibration is one of a usual embedded jet."""
    seen: list[torch.Tensor] = []

    def watched(*arguments: Any) -> Any:
        model = build(*arguments)
        model.get_submodule("encoder").register_forward_pre_hook(lambda _, x: seen.append(x[0].detach().clone()))
        return model

    monkeypatch.setattr("anomaly.experiment.build", watched)
    train(small({"data.normal": normal, "training.epochs": 1, "data.n": 300}), out=tmp_path / "run", quiet=True)
    images = {x.numpy().tobytes() for batch in seen for x in batch}
    usual = {split: {x.tobytes() for x in prepare(embedded_jets(normal, split), 12, "log")}
             for split in ("train", "validation")}
    assert len(images & usual["train"]) >= 299
    assert len(images & usual["validation"]) >= 2400
    assert images <= usual["train"] | usual["validation"]


def test_patience_and_the_best_epoch(quark: Path, tmp_path: Path) -> None:
    states = run(quark, tmp_path / "run", {"training.rate": 0.0, "training.patience": 2, "training.epochs": 9})
    assert states["progress"]["step"] == 12, "the first epoch is the best, two more do not improve on it"
    assert states["progress"]["best_epoch"] == 1
    assert differences(states["model"], states["best"]) == []


def test_the_detector_of_a_run(quark: Path, tmp_path: Path) -> None:
    recorder = MemoryRecorder()
    run(quark, tmp_path / "run", recorder=recorder)
    detector, jets = load_detector(tmp_path / "run"), make_jets(40, 3, False)
    together, alone = detector.scores(jets), detector.scores(jets[10:13])
    for name, values in together.items():
        assert values.shape == (40,)
        np.testing.assert_allclose(alone[name], values[10:13], rtol=1e-5)
    made = detector.reconstruct(jets)
    assert made is not None
    np.testing.assert_allclose(made[1].sum((1, 2)), 1, rtol=1e-6)
    assert made[2].shape == (12, 12)
    assert {tag for kind, _, tag, _ in recorder.records if kind == "images"} == {"images/real", "images/reconstructed"}
    with pytest.raises(DataError, match="frame: canonical differs from raw"):
        detector.scores(replace(jets, frame="canonical"))


def test_what_is_no_run_of_ours(quark: Path, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "checkpoint.pt", checkpoint.Checkpoint(1, {}, {}, transforms={"density": 1}))
    with pytest.raises(CheckpointError, match="is no run of anomaly train"):
        load_detector(tmp_path)


def test_a_loss_that_is_not_finite_is_named(quark: Path, tmp_path: Path) -> None:
    with pytest.raises(QganError, match=r"training: the loss is (nan|inf) in step"):
        run(quark, tmp_path / "run", {"training.rate": 1e30})
