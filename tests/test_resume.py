"""A training that was stopped, in whatever way, goes on as if it had not been."""

from __future__ import annotations

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from small_training import PUBLISHED, Stopping, differences, small, with_delta_r
from toy_jets import toy_jets

from qgan.base.errors import CheckpointError
from qgan.base.interrupt import PostponedInterrupt
from qgan.data import write_jets
from qgan.runs import RunFolder, checkpoint
from qgan.runs.recorders import read_log
from qgan.sampling.source import load_source
from qgan.training.experiment import train
from qgan.training.trainer import Trainer


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
def trained(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six steps."""
    return train(small(), data=[file], out=tmp_path_factory.mktemp("trained") / "run", quiet=True).path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def assert_alike(one: Path, other: Path) -> None:
    """Two runs ended with the same weights, optimisers and figures."""
    saved = [checkpoint.load(path / "checkpoint.pt") for path in (one, other)]
    assert saved[0].step == saved[1].step
    assert set(saved[0].states) == {"generator", "average", "discriminator", "generator_adam", "discriminator_adam",
                                    "terms"}
    assert differences(saved[0].states, saved[1].states) == []
    lines = [[{k: v for k, v in line.items() if not k.startswith("speed/")} for line in read_log(path / "log.jsonl")]
             for path in (one, other)]
    assert lines[0] == lines[1]


RESUMED = {"ours": {"symmetry": "exact"}, "average": {"symmetry": "average"},
           "dense": {"generator.core": "dense"}, "every third": {"optimiser.discriminator_every": 3},
           "published": PUBLISHED, "published, average": {**PUBLISHED, "symmetry": "average"}}


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
    (tmp_path / "killed" / "checkpoint.previous.pt").replace(tmp_path / "killed" / "checkpoint.pt")
    assert read_log(tmp_path / "killed" / "log.jsonl")[-1]["step"] == 6
    train(small(), out=tmp_path / "killed", resume=True, quiet=True)
    assert_alike(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize("quality", [0, 3])
def test_a_last_look_that_was_recorded_before_a_kill_is_not_recorded_twice(file: Path, tmp_path: Path,
                                                                           quality: int) -> None:
    configuration = small({"logging.quality": quality})
    for place in ("whole", "killed"):
        train(configuration, data=[file], out=tmp_path / place, quiet=True)
    # Naming the data has a finished run make its end again, as one does that was killed after its last line.
    train(configuration, data=[file], out=tmp_path / "killed", resume=True, quiet=True)
    looks = [line["step"] for line in read_log(tmp_path / "killed" / "log.jsonl") if "at a glance/w1_worst" in line]
    assert looks == ([3, 6] if quality else [6])
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
    reached: list[str] = []

    def press() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)

    def twice() -> None:
        with PostponedInterrupt() as interrupt:
            interrupt.check()
            press()
            reached.append("after the first")
            press()
            reached.append("after the second")

    def once() -> None:
        with PostponedInterrupt() as interrupt:
            press()
            reached.append("before the check")
            interrupt.check()
            reached.append("after the check")

    with pytest.raises(KeyboardInterrupt):
        twice()
    with pytest.raises(KeyboardInterrupt):
        once()
    assert reached == ["after the first", "before the check"]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_steps_can_be_extended(run: Path) -> None:
    first = checkpoint.load(run / "checkpoint.pt")
    train(small({"steps": 8, "logging.quality": 3}), out=run, resume=True, quiet=True)
    saved = checkpoint.load(run / "checkpoint.pt")
    assert (first.step, saved.step, saved.configuration["steps"]) == (6, 8, 8)
    steps = [line["step"] for line in read_log(run / "log.jsonl") if "loss/generator" in line]
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
    assert yaml.safe_load(RunFolder.open(run).config.read_text())["steps"] == 8


def test_resuming_a_finished_run_changes_no_weight(run: Path) -> None:
    before = checkpoint.load(run / "checkpoint.pt")
    train(small({"logging.quality": 3}), out=run, resume=True, quiet=True)
    assert differences(before.states, checkpoint.load(run / "checkpoint.pt").states) == []


def test_a_finished_run_says_so_before_jets_are_read(run: Path, caplog: pytest.LogCaptureFixture,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.INFO)

    def read(*arguments: object) -> None:
        raise AssertionError("jets are read")

    before = (run / "log.jsonl").read_bytes(), (run / "checkpoint.pt").read_bytes()
    monkeypatch.setattr("qgan.training.experiment.prepare", read)
    train(small(), out=run, resume=True)
    assert "has ended, at step 6 of 6; more --steps go on from there" in caplog.text
    assert ((run / "log.jsonl").read_bytes(), (run / "checkpoint.pt").read_bytes()) == before
    with pytest.raises(CheckpointError, match="n_layers"):
        train(small({"generator.n_layers": 3}), out=run, resume=True)
    with pytest.raises(AssertionError, match="jets are read"):
        train(small({"steps": 7}), out=run, resume=True)


def test_what_may_change_when_resuming(run: Path) -> None:
    (run / ".checkpoint.pt.abc.part").write_text("half a checkpoint, by a run that was killed")
    changes = {"steps": 7, "logging.scalars": 2, "logging.quality": 0, "threads": 1}
    train(small(changes), out=run, resume=True, quiet=True)
    assert checkpoint.load(run / "checkpoint.pt").step == 7
    assert not list(run.glob(".*"))


@pytest.mark.parametrize(("key", "value", "said"), [
    ("seed", 1, "seed: was 0"), ("batch_size", 8, "batch_size: was 16"), ("symmetry", "average", "symmetry: was"),
    ("data.power", 0.3, "data.power: was 0.5"),
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


@pytest.mark.slow
def test_kills_at_random_moments(file: Path, tmp_path: Path) -> None:
    """SIGKILL: the checkpoint can always be read, resuming works, and the end is that of a run left alone."""
    options = ["--batch-size", "8", "--generator.n_qubits", "5", "--generator.n_layers", "1", "--generator.noise", "6",
               "--generator.channels", "4", "--discriminator.channels", "4", "--logging.quality", "0",
               "--logging.costly", "0", "--logging.scalars", "1", "--logging.checkpoint", "1",
               "--logging.validation_jets", "10", "--threads", "1", "--device", "cpu", "--quiet", "--steps", "60"]
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
