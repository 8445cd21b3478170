"""A training from files of jets to a run folder: what it leaves, how it stops, how it goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_training import PUBLISHED, small, with_delta_r
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toy_jets import toy_jets

from qgan.assembly import MATCHED
from qgan.data import embedded_jets, write_jets
from qgan.errors import CheckpointError, ConfigError, DataError
from qgan.experiment import train
from qgan.quality import WATCHED, Watch, worst
from qgan.runs import RunFolder, checkpoint
from qgan.runs.configuration import Configuration
from qgan.runs.interrupt import PostponedInterrupt
from qgan.runs.recorders import MemoryRecorder, read_log
from qgan.sampling import load_source
from qgan.training import Trainer

LOSSES = {f"loss/{name}" for name in ("adversarial", "coding", "statistics", "matching", "sparsity", "mean_image",
                                      "generator", "discriminator")}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(120, 1)))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "jets.h5"
    write_jets(path, toy_jets(60, 1, size=20))
    return path


@pytest.fixture(scope="module")
def trained(file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, MemoryRecorder]:
    """Six steps, with pictures."""
    recorder = MemoryRecorder()
    configuration = small({"logging.quality": 3})
    folder = train(configuration, data=[file], out=tmp_path_factory.mktemp("trained") / "run", quiet=True,
                   recorder=recorder)
    return folder, recorder


@pytest.fixture
def run(trained: tuple[RunFolder, MemoryRecorder], tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(trained[0].path, tmp_path / "run"))


class Stopping(MemoryRecorder):
    """Ctrl-C after the scalars of a step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        super().scalars(step, values)
        if step == self.step:
            raise KeyboardInterrupt


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two nested states differ in any bit."""
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [where]
        return [d for key in one for d in differences(one[key], other[key], f"{where}/{key}")]
    if isinstance(one, list | tuple):
        return [d for i, (a, b) in enumerate(zip(one, other, strict=True)) for d in differences(a, b, f"{where}/{i}")]
    same = torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
    return [] if same else [where]


def assert_alike(one: Path, other: Path) -> None:
    """Two runs ended with the same weights, optimisers and figures."""
    saved = [checkpoint.load(path / "checkpoint.pt") for path in (one, other)]
    assert saved[0].step == saved[1].step
    assert set(saved[0].states) == {"generator", "average", "discriminator", "generator_adam", "discriminator_adam"}
    assert differences(saved[0].states, saved[1].states) == []
    lines = [[{k: v for k, v in line.items() if not k.startswith("speed/")} for line in read_log(path / "log.jsonl")]
             for path in (one, other)]
    assert lines[0] == lines[1]


def test_what_a_run_leaves(trained: tuple[RunFolder, MemoryRecorder], file: Path) -> None:
    folder = trained[0]
    assert {path.name for path in folder.path.iterdir()} == {
        "config.yaml", "environment.json", "checkpoint.pt", "checkpoint.previous.pt", "log.jsonl", "tensorboard"}
    assert folder.read_config()["generator"]["n_qubits"] == 5
    environment = json.loads(folder.environment.read_text())
    assert environment["device"] == "cpu" and environment["libraries"]["torch"]
    saved, before = checkpoint.load(folder.checkpoint), checkpoint.load(checkpoint.previous(folder.checkpoint))
    assert (saved.step, before.step) == (6, 4)
    assert saved.configuration == small({"logging.quality": 3}).to_dict()
    assert saved.origin["data"] == [str(file)]
    assert saved.origin["dropped"] == {}


def test_figures_of_each_step(trained: tuple[RunFolder, MemoryRecorder]) -> None:
    folder, recorder = trained
    for tag in (*LOSSES, "rate/generator", "rate/discriminator", "gradient/generator", "gradient/discriminator",
                "logits/real", "logits/generated", "speed/jets a second"):
        assert [step for step, _ in recorder.curve(tag)] == [1, 2, 3, 4, 5, 6], tag
    assert [step for step, _ in recorder.curve("loss/r1")] == [1, 3, 5]
    logged = {(line["step"], tag): value for line in read_log(folder.log) for tag, value in line.items()}
    for tag in ("loss/generator", "rate/generator"):
        assert [logged[step, tag] for step in range(1, 7)] == [value for _, value in recorder.curve(tag)]
    for name in ("qcd", "w"):
        for group, steps in (("quality", [3, 6]), ("floor", [0])):
            for figure in (f"w1/{name}/mass", f"w1/{name}/nnz", f"mean_image/{name}"):
                assert [step for step, _ in recorder.curve(f"{group}/{figure}")] == steps, figure
    assert all(np.isfinite(value) for kind, _, _, value in recorder.records if kind == "scalar")


def test_pictures_and_hyperparameters(trained: tuple[RunFolder, MemoryRecorder]) -> None:
    shown = {(kind, step, tag): value for kind, step, tag, value in trained[1].records if kind != "scalar"}
    for name in ("qcd", "w"):
        # Twelve validation jets a class.
        assert shown["images", 0, f"{name}/real"].shape == (12, 12, 12)
        for step in (3, 6):
            assert shown["images", step, f"{name}/generated"].shape == (12, 12, 12)
            mean = shown["images", step, f"mean of real, generated, difference/{name}"]
            np.testing.assert_allclose(mean[2], np.abs(mean[0] - mean[1]), atol=1e-4)
    assert shown["histogram", 6, "circuit/angles 0"].shape == (2, 5)
    assert "n_qubits: 5" in shown["text", 0, "configuration"]
    assert shown["hyperparameter", 0, "losses.r1_every"] == 2


def test_tensorboard_has_the_tags(trained: tuple[RunFolder, MemoryRecorder]) -> None:
    events = EventAccumulator(str(trained[0].tensorboard)).Reload()
    tags = events.Tags()
    assert set(tags["scalars"]) >= {*LOSSES, "loss/r1", "rate/generator", "speed/jets a second", "quality/w1/w/mass",
                                    "floor/w1/qcd/nnz", "quality/mean_image/w", "final/w1/w/mass"}
    assert set(tags["images"]) == {f"{name}/{kind}" for name in ("qcd", "w") for kind in ("real", "generated")} | {
        f"mean of real, generated, difference/{name}" for name in ("qcd", "w")}
    assert tags["histograms"] == ["circuit/angles 0"]
    values = [event.value for event in events.Scalars("loss/generator")]
    assert values == pytest.approx([v for _, v in trained[1].curve("loss/generator")])


def test_how_often_things_are_logged(file: Path, tmp_path: Path) -> None:
    recorder = MemoryRecorder()
    options = {"steps": 7, "logging.scalars": 3, "logging.checkpoint": 0, "logging.quality": 0}
    folder = train(small(options), data=[file], out=tmp_path / "run", quiet=True, recorder=recorder)
    assert [step for step, _ in recorder.curve("loss/generator")] == [3, 6, 7]
    assert [step for step, _ in recorder.curve("quality/w1/w/mass")] == [7], "one look at the end"
    assert checkpoint.load(folder.checkpoint).step == 7


RESUMED = {"ours": {"symmetry": "exact"}, "average": {"symmetry": "average"},
           "dense": {"generator.core": "dense"}, "every third": {"optimiser.discriminator_every": 3},
           "published": PUBLISHED, "published, average": {**PUBLISHED, "symmetry": "average", "flip_frame": "raw"}}


@pytest.mark.parametrize("changes", RESUMED.values(), ids=RESUMED.keys())
def test_a_resumed_run_equals_an_uninterrupted_one(file: Path, large: Path, tmp_path: Path,
                                                   changes: dict[str, object]) -> None:
    data = [large if "data.rows" in changes else file]
    configuration = small({**changes, "steps": 5, "logging.checkpoint": 100})
    train(configuration, data=data, out=tmp_path / "whole", quiet=True)
    with pytest.raises(KeyboardInterrupt):
        train(configuration, data=data, out=tmp_path / "parts", quiet=True, recorder=Stopping(2))
    saved = checkpoint.load(tmp_path / "parts" / "checkpoint.pt")
    assert saved.step == 2, "all that was computed is kept"
    torch.randn(100)  # what else was drawn is of no importance
    # Without naming the data: the run knows them.
    train(configuration, out=tmp_path / "parts", resume=True, quiet=True)
    assert_alike(tmp_path / "whole", tmp_path / "parts")


def test_resuming_twice_from_the_first_moment_on(file: Path, tmp_path: Path) -> None:
    train(small(), data=[file], out=tmp_path / "whole", quiet=True)
    # Before the first step there is a checkpoint already.
    with pytest.raises(KeyboardInterrupt):
        train(small(), data=[file], out=tmp_path / "parts", quiet=True, recorder=Stopping(0))
    assert checkpoint.load(tmp_path / "parts" / "checkpoint.pt").step == 0
    for stop in (1, 5):
        with pytest.raises(KeyboardInterrupt):
            train(small(), data=[file], out=tmp_path / "parts", resume=True, quiet=True, recorder=Stopping(stop))
    train(small(), data=[file], out=tmp_path / "parts", resume=True, quiet=True)
    assert_alike(tmp_path / "whole", tmp_path / "parts")


def test_records_after_the_last_checkpoint_are_made_again(file: Path, tmp_path: Path) -> None:
    """As after a kill: the log is ahead of the checkpoint."""
    train(small(), data=[file], out=tmp_path / "whole", quiet=True)
    train(small(), data=[file], out=tmp_path / "killed", quiet=True)
    os.replace(tmp_path / "killed" / "checkpoint.previous.pt", tmp_path / "killed" / "checkpoint.pt")
    assert read_log(tmp_path / "killed" / "log.jsonl")[-1]["step"] == 6
    train(small(), out=tmp_path / "killed", resume=True, quiet=True)
    assert_alike(tmp_path / "whole", tmp_path / "killed")


def test_ctrl_c_in_the_middle_of_a_step_waits_for_its_end(file: Path, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    train(small(), data=[file], out=tmp_path / "whole", quiet=True)
    generate = Trainer._generate

    def pressed(self: Trainer, *arguments: Any) -> Any:
        if self.step == 2:  # the discriminator has moved in this step, the generator not yet
            os.kill(os.getpid(), signal.SIGINT)
        return generate(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_generate", pressed)
        with pytest.raises(KeyboardInterrupt):
            train(small({"logging.checkpoint": 0}), data=[file], out=tmp_path / "parts", quiet=True)
    assert checkpoint.load(tmp_path / "parts" / "checkpoint.pt").step == 3
    train(small(), out=tmp_path / "parts", resume=True, quiet=True)
    assert_alike(tmp_path / "whole", tmp_path / "parts")


def test_an_error_in_the_middle_of_a_step_keeps_the_last_whole_one(file: Path, tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    generate = Trainer._generate

    def broken(self: Trainer, *arguments: Any) -> Any:
        if self.step == 3:
            raise MemoryError
        return generate(self, *arguments)

    train(small(), data=[file], out=tmp_path / "whole", quiet=True)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_generate", broken)
        with pytest.raises(MemoryError):
            train(small(), data=[file], out=tmp_path / "parts", quiet=True)
    assert checkpoint.load(tmp_path / "parts" / "checkpoint.pt").step == 2
    train(small(), out=tmp_path / "parts", resume=True, quiet=True)
    assert_alike(tmp_path / "whole", tmp_path / "parts")


def test_a_second_ctrl_c_does_not_wait() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), PostponedInterrupt() as interrupt:
        interrupt.check()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)
        reached = True
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        pytest.fail("was not interrupted")
    assert reached
    with pytest.raises(KeyboardInterrupt), PostponedInterrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)
        interrupt.check()
    assert signal.getsignal(signal.SIGINT) is before


def test_the_steps_can_be_extended(run: Path) -> None:
    first = checkpoint.load(run / "checkpoint.pt")
    train(small({"steps": 8, "logging.quality": 3}), out=run, resume=True, quiet=True)
    saved = checkpoint.load(run / "checkpoint.pt")
    assert (first.step, saved.step, saved.configuration["steps"]) == (6, 8, 8)
    steps = [line["step"] for line in read_log(run / "log.jsonl") if "loss/generator" in line]
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
    assert RunFolder.open(run).read_config()["steps"] == 8


def test_resuming_a_finished_run_changes_no_weight(run: Path) -> None:
    before = checkpoint.load(run / "checkpoint.pt")
    train(small({"logging.quality": 3}), out=run, resume=True, quiet=True)
    assert differences(before.states, checkpoint.load(run / "checkpoint.pt").states) == []


def test_what_may_change_when_resuming(run: Path) -> None:
    (run / ".checkpoint.pt.abc.part").write_text("half a checkpoint, by a run that was killed")
    changes = {"steps": 7, "logging.scalars": 2, "logging.quality": 0, "threads": 1}
    train(small(changes), out=run, resume=True, quiet=True)
    assert checkpoint.load(run / "checkpoint.pt").step == 7
    assert not list(run.glob(".*"))


@pytest.mark.parametrize(("key", "value", "said"), [
    ("seed", 1, "seed: was 0"), ("batch_size", 8, "batch_size: was 16"), ("symmetry", "average", "symmetry: was"),
    ("flip_frame", "raw", "flip_frame: was None"), ("data.power", 0.3, "data.power: was 0.5"),
    ("data.codings", ["pixel_mean"], "data.codings: was"), ("generator.core", "dense", "generator.core: was"),
    ("generator.n_layers", 3, "generator.n_layers: was 2"), ("losses.r1", 1.0, "losses.r1: was"),
    ("discriminator.channels", 8, "discriminator.channels: was"), ("optimiser.ema", 0.9, "optimiser.ema: was 0.5"),
])
def test_resuming_with_another_option_is_refused(run: Path, key: str, value: object, said: str) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    with pytest.raises(CheckpointError, match=said) as caught:
        train(small({key: value}), out=run, resume=True, quiet=True)
    assert str(run / "checkpoint.pt") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_resuming_with_other_jets_is_refused(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    jets = with_delta_r(toy_jets(120, 1))
    jets.images[17, 3, 3] += 0.01
    write_jets(other, jets)
    with pytest.raises(CheckpointError, match="data: the training jets are not those"):
        train(small(), data=[other], out=run, resume=True, quiet=True)


def test_the_same_jets_elsewhere_are_accepted(run: Path, file: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copy(file, tmp_path / "moved.h5"))
    train(small({"steps": 7}), data=[moved], out=run, resume=True, quiet=True)
    assert checkpoint.load(run / "checkpoint.pt").origin["data"] == [str(moved)]


def test_resuming_does_not_depend_on_the_number_of_threads(run: Path) -> None:
    """Sums are rounded differently; the jets are the same."""
    try:
        train(small({"steps": 7, "threads": 2}), out=run, resume=True, quiet=True)
    finally:
        torch.set_num_threads(1)
    assert checkpoint.load(run / "checkpoint.pt").step == 7


def test_resuming_what_is_not_there(file: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere: no such folder"):
        train(small(), data=[file], out=tmp_path / "nowhere", resume=True, quiet=True)
    assert not list(tmp_path.iterdir())


def test_one_class_alone(tmp_path: Path) -> None:
    write_jets(tmp_path / "w.h5", toy_jets(50, 1).only("w"))
    with pytest.raises(DataError, match=r"w\.h5: signal: holds class w alone"):
        train(small(), data=[tmp_path / "w.h5"], out=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_two_files_of_one_class_each(tmp_path: Path) -> None:
    jets = toy_jets(60, 1)
    for name in ("qcd", "w"):
        write_jets(tmp_path / f"{name}.h5", jets.only(name))
    files = [tmp_path / "qcd.h5", tmp_path / "w.h5"]
    folder = train(small({"steps": 1}), data=files, out=tmp_path / "run", quiet=True)
    saved = checkpoint.load(folder.checkpoint)
    assert saved.origin["dropped"] == {"delta_r": "not in the data"}
    assert saved.origin["data"] == [str(path) for path in files]


def test_a_run_is_not_overwritten_unless_told(run: Path, file: Path) -> None:
    before = (run / "checkpoint.pt").read_bytes()
    with pytest.raises(DataError, match="--overwrite"):
        train(small({"steps": 1}), data=[file], out=run, quiet=True)
    assert (run / "checkpoint.pt").read_bytes() == before
    train(small({"steps": 1}), data=[file], out=run, overwrite=True, quiet=True)
    assert checkpoint.load(run / "checkpoint.pt").step == 1
    assert {line["step"] for line in read_log(run / "log.jsonl")} == {0, 1}


@pytest.mark.parametrize(("changes", "said"), [
    ({"generator.noise": 60}, "in_features"), ({"generator.n_qubits": 0}, "n_qubits"), ({"steps": 0}, "steps"),
    ({"device": "abacus"}, "abacus"), ({"generator.architecture": "published"}, "16 x 16"),
])
def test_options_that_do_not_fit_leave_no_folder(file: Path, tmp_path: Path, changes: dict[str, object],
                                                 said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        train(small(changes), data=[file], out=tmp_path / "run", quiet=True)
    assert not list(tmp_path.iterdir())


def test_quiet_means_quiet(file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(small({"steps": 1}), data=[file], out=tmp_path / "run", quiet=True)
    assert capfd.readouterr() == ("", "")
    train(small({"steps": 1}), data=[file], out=tmp_path / "other")
    out, err = capfd.readouterr()
    assert "1 steps; W1 median" in out and f"tensorboard --logdir {tmp_path}" in out
    assert "train" in err


def test_looks_compare_with_the_floor() -> None:
    jets = toy_jets(300, 1)
    watch = Watch.of(jets, toy_jets(300, 2), 200, seed=0)
    assert len(watch.jets) == 400
    assert set(watch.floors) == {f"w1/{c}/{name}" for c in ("qcd", "w") for name in WATCHED} | {
        "mean_image/qcd", "mean_image/w"}
    name, value = worst(watch.floors)
    assert value == watch.floors[f"w1/{name}"] == max(v for k, v in watch.floors.items() if k.startswith("w1/"))
    assert 0 < value < 0.3
    assert set(MATCHED) & set(WATCHED)


def test_an_observable_that_does_not_vary_is_passed_over() -> None:
    jets = toy_jets(30, 1)
    jets.images[:] = 0
    jets.images[np.arange(60), 6, np.arange(60) % 6] = 1 + np.arange(60)
    watch = Watch.of(jets, jets, 30, seed=0)
    assert "w1/w/nnz" not in watch.floors
    assert watch.floors["w1/w/pt"] == 0


@pytest.mark.slow
def test_kills_at_random_moments(file: Path, tmp_path: Path) -> None:
    """SIGKILL: the checkpoint can always be read, resuming works, and the end is that of a run left alone."""
    options = ["--batch-size", "8", "--generator.n_qubits", "5", "--generator.n_layers", "1", "--generator.noise", "6",
               "--generator.channels", "4", "--discriminator.channels", "4", "--logging.quality", "0",
               "--logging.scalars", "1", "--logging.checkpoint", "1", "--logging.validation_jets", "10",
               "--threads", "1", "--device", "cpu", "--quiet", "--steps", "60"]
    start = [sys.executable, "-m", "qgan", "train", "--data", str(file)]
    subprocess.run([*start, "--out", str(tmp_path / "whole"), *options], check=True)
    run, pause, reached = tmp_path / "run", random.Random(0), 0
    for attempt in range(8):
        again = ["--resume"] if (run / "checkpoint.pt").exists() else ["--overwrite"]
        process = subprocess.Popen([*start, "--out", str(run), *again, *options])
        begun, log = time.monotonic(), run / "log.jsonl"
        while process.poll() is None and time.monotonic() - begun < 90:
            # From somewhere in the start-up to well within the steps.
            if attempt % 3 == 0 or (log.exists() and len(read_log(log)) > reached + 2):
                break
            time.sleep(0.02)
        time.sleep(pause.uniform(0, 3.0 if attempt % 3 == 0 else 0.4))
        process.kill()
        process.wait()
        if (run / "checkpoint.pt").exists():
            step = checkpoint.load(run / "checkpoint.pt").step
            assert step >= reached
            reached = step
            assert len(load_source(run).block(0, 1)) == 512
            assert read_log(log) if log.exists() and log.stat().st_size else True
    assert reached > 5
    subprocess.run([*start, "--out", str(run), "--resume", *options], check=True)
    assert_alike(tmp_path / "whole", run)
    assert not list(run.glob(".*")), "what the kills left half-written is cleared away"


@pytest.mark.slow
def test_a_short_training_improves_every_kind_of_figure(tmp_path: Path) -> None:
    """On a part of the jets that ship; W1 in standard deviations against validation jets."""
    try:
        jets = embedded_jets("w_qcd", "train").sample(2000, 0)
    except DataError:
        pytest.skip("the jets that ship are not there")
    write_jets(tmp_path / "jets.h5", jets)
    run, configuration = tmp_path / "run", Configuration(steps=150, batch_size=64, threads=1, device="cpu")
    configuration.logging.validation_jets = 100
    watch = Watch.of(embedded_jets("w_qcd", "validation"), jets, 1000, seed=0)
    with pytest.raises(KeyboardInterrupt):
        train(configuration, data=[tmp_path / "jets.h5"], out=run, quiet=True, recorder=Stopping(0))
    _, untrained = watch.look(load_source(run))
    train(configuration, out=run, resume=True, quiet=True)
    _, after = watch.look(load_source(run))
    for name in ("qcd", "w"):
        before, now = (np.median([v for tag, v in figures.items() if tag.startswith(f"w1/{name}/")])
                       for figures in (untrained, after))
        assert now < 0.2 * before, (name, before, now)
        assert after[f"mean_image/{name}"] < 0.7 * untrained[f"mean_image/{name}"]
    assert worst(after)[1] < 0.2 * worst(untrained)[1]
