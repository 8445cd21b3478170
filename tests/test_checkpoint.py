"""Checkpoints and run folders: what goes in comes out, and what is broken says so in one line."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from qgan.base.devices import environment, resolve_device, set_threads
from qgan.base.errors import CheckpointError, ConfigError, DataError
from qgan.base.io import write_json
from qgan.runs.checkpoint import SCHEMA, Checkpoint, check_configuration, first_difference, load, previous, save
from qgan.runs.folder import RunFolder
from qgan.runs.recorders import JsonLinesRecorder
from qgan.runs.summary import run_summary

CONFIGURATION: dict[str, Any] = {"seed": 1, "steps": 100, "data": {"power": 0.5, "rows": (6, 22)},
                                 "generator": {"n_qubits": 8, "core": "quantum"}}


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.3), nn.Linear(4, 1))


def checkpoint(step: int = 7) -> Checkpoint:
    model = network()
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimiser.step()
    return Checkpoint(step, {"model": model.state_dict(), "optimiser": optimiser.state_dict()}, CONFIGURATION,
                      transforms={"names": ["eta", "pt"], "mean": torch.tensor([0.1, 270.0])},
                      origin={"frame": "raw"})


def message(call: Any, error: type[Exception] = CheckpointError) -> str:
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def train(model: nn.Module, optimiser: torch.optim.Optimizer, steps: int) -> list[float]:
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = (model(torch.randn(8, 3)) - 1).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    model = network()
    optimiser = torch.optim.Adam(model.parameters())
    train(model, optimiser, 5)
    save(tmp_path / "c.pt", Checkpoint(5, {"model": model.state_dict(), "optimiser": optimiser.state_dict()}, {}))
    torch.manual_seed(5)
    expected = train(model, optimiser, 5)
    other = network()
    other_optimiser = torch.optim.Adam(other.parameters(), lr=0.5)
    loaded = load(tmp_path / "c.pt")
    loaded.restore(tmp_path / "c.pt", {"model": other, "optimiser": other_optimiser})
    torch.manual_seed(5)
    assert loaded.step == 5
    assert train(other, other_optimiser, 5) == expected
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True))


def test_everything_comes_back(tmp_path: Path) -> None:
    before = checkpoint()
    save(tmp_path / "c.pt", before)
    after = load(tmp_path / "c.pt")
    assert (after.step, after.configuration, after.origin) == (7, CONFIGURATION, {"frame": "raw"})
    assert after.transforms["names"] == ["eta", "pt"]
    assert torch.equal(after.transforms["mean"], before.transforms["mean"])
    assert list(tmp_path.iterdir()) == [tmp_path / "c.pt"]


def test_one_with_fields_that_are_no_longer_there_is_read(tmp_path: Path) -> None:
    save(tmp_path / "c.pt", checkpoint())
    content = torch.load(tmp_path / "c.pt", weights_only=True)
    torch.save({**content, "random": {"torch": torch.get_rng_state()}}, tmp_path / "old.pt")
    assert load(tmp_path / "old.pt").step == 7


def test_the_one_before_is_kept_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    for step in (1, 2, 3):
        save(path, checkpoint(step), keep_previous=True)
    assert (load(path).step, load(previous(path)).step) == (3, 2)
    save(path, checkpoint(4))
    assert (load(path).step, load(previous(path)).step) == (4, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.previous.pt", "c.pt"]


@pytest.mark.parametrize("bad", [np.float64(1.0), np.zeros(2), {1, 2}, Path("x"), print])
def test_what_could_not_be_read_back_is_refused_at_once(tmp_path: Path, bad: Any) -> None:
    path = tmp_path / "c.pt"
    save(path, checkpoint(1))
    with pytest.raises(TypeError, match=r"checkpoint\['origin'\]\['x'\]\[0\]: .* neither a tensor nor a plain value"):
        save(path, Checkpoint(2, {}, {}, origin={"x": [bad]}))
    assert load(path).step == 1
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.pt"
    save(path, checkpoint(1))

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(data[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        text = message(lambda: save(path, checkpoint(2), keep_previous=True), DataError)
    assert text == f"{path}: could not be written: No space left on device"
    assert load(path).step == 1
    assert list(tmp_path.iterdir()) == [path]


SAVE_FOR_EVER = """
import itertools, sys, torch
from qgan.runs.checkpoint import Checkpoint, save
states = {"model": {"w": torch.zeros(500_000)}}
for step in itertools.count():
    save(sys.argv[1], Checkpoint(step, states, {}), keep_previous=True)
    print(step, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.011, 0.027])
def test_a_kill_never_leaves_an_unreadable_checkpoint(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "c.pt"
    with subprocess.Popen([sys.executable, "-c", SAVE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True,
                          cwd=Path(__file__).parents[1]) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "5\n":
            assert line
        time.sleep(delay)
        process.kill()
        last = [int(line) for line in ("5", *process.stdout.read().split())][-1]
    assert load(path).step in (last, last + 1)
    assert load(previous(path)).step in (last - 1, last, last + 1)


def test_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    assert message(lambda: load(path)) == f"{path}: no such file, expected a checkpoint"


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9, 0.999])
def test_truncated_file(tmp_path: Path, share: float) -> None:
    path = tmp_path / "c.pt"
    save(path, checkpoint())
    raw = path.read_bytes()
    path.write_bytes(raw[:int(share * len(raw))])
    assert message(lambda: load(path)) == f"{path}: is truncated, damaged or no checkpoint"


def test_one_flipped_bit_in_a_weight(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    marked = torch.arange(1000.0)
    save(path, Checkpoint(1, {"model": {"w": marked}}, {}), keep_previous=True)
    save(path, Checkpoint(2, {"model": {"w": marked}}, {}), keep_previous=True)
    raw = bytearray(path.read_bytes())
    raw[raw.index(marked.numpy().tobytes()) + 402] ^= 1
    path.write_bytes(raw)
    assert message(lambda: load(path)) == (
        f"{path}: is truncated, damaged or no checkpoint; the one before it is {previous(path)}")


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    path.write_text("steps: 100\n")
    assert "damaged or no checkpoint" in message(lambda: load(path))
    torch.save({"state_dict": {}}, path)
    assert "no checkpoint of this package" in message(lambda: load(path))
    torch.save(network(), path)  # a pickled object: would run code
    assert "damaged or no checkpoint" in message(lambda: load(path))


def test_other_schema_version_and_missing_field(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save(path, checkpoint())
    content = torch.load(path, weights_only=True)
    torch.save(content | {"schema": 99}, path)
    assert f"schema version 99, expected {SCHEMA}" in message(lambda: load(path))
    del content["transforms"]
    torch.save(content, path)
    assert message(lambda: load(path)) == f"{path}: transforms: missing"


def test_state_of_another_model(tmp_path: Path) -> None:
    saved = checkpoint()
    text = message(lambda: saved.restore("c.pt", {"model": nn.Linear(3, 5)}))
    assert text.startswith("c.pt: model: belongs to another model: ")
    assert message(lambda: saved.restore("c.pt", {"ema": network()})) == (
        "c.pt: ema: no such state; there are model, optimiser")


def test_configurations_are_compared_where_it_matters() -> None:
    assert first_difference(CONFIGURATION, CONFIGURATION | {"data": {"power": 0.5, "rows": [6, 22]}}) is None
    other = CONFIGURATION | {"steps": 200, "generator": {"n_qubits": 6, "core": "quantum"}}
    assert first_difference(CONFIGURATION, other) == ("steps", 100, 200)
    assert first_difference(CONFIGURATION, other, ("data", "generator")) == ("generator.n_qubits", 8, 6)
    assert first_difference(CONFIGURATION, other, ("data", "generator.core", "gen")) is None
    assert first_difference({"a": 1}, {"a": 1, "b": 2}) == ("b", None, 2)
    check_configuration("c.pt", checkpoint(), CONFIGURATION)
    assert message(lambda: check_configuration("c.pt", checkpoint(), other, ("generator",))) == (
        "c.pt: generator.n_qubits: was 8 when the checkpoint was written, 6 is asked for")


# --- run folder -------------------------------------------------------------------------------------------

def test_run_folder_round_trip(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "runs" / "one")
    folder.write_config({"seed": 1, "data": {"conditions": ["eta", "pt"], "rows": None}})
    assert yaml.safe_load(folder.config.read_text()) == {"seed": 1, "data": {"conditions": ["eta", "pt"], "rows": None}}
    assert message(lambda: RunFolder.open(folder.path)).endswith("holds no checkpoint.pt, expected the folder of a run")
    save(folder.checkpoint, checkpoint())
    assert RunFolder.open(folder.path) == folder


def test_run_folder_is_not_overwritten_unasked(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path)
    folder.write_config({"seed": 1})
    save(folder.checkpoint, checkpoint(), keep_previous=True)
    save(folder.checkpoint, checkpoint(), keep_previous=True)
    (folder.tensorboard / "floor").mkdir()
    for name in ("events.out.tfevents.1", "floor/events.out.tfevents.2"):
        (folder.tensorboard / name).write_text("x")
    (tmp_path / ".checkpoint.pt.x.part").write_text("cut short")
    (tmp_path / ".y.part").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    assert "is not empty" in message(lambda: RunFolder.create(tmp_path), DataError)
    RunFolder.create(tmp_path, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_run_folder_errors(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert str(file) in message(lambda: RunFolder.create(file), DataError)
    assert "no such folder" in message(lambda: RunFolder.open(tmp_path / "none"))


def test_summary_of_a_run(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path)
    assert "holds no checkpoint.pt" in message(lambda: run_summary(tmp_path))
    save(folder.checkpoint, checkpoint(7))
    write_json(folder.environment, {"threads": 1})
    JsonLinesRecorder(folder.log).scalars(7, {"loss": 0.5})
    summary = run_summary(tmp_path)
    assert (summary["step"], summary["configuration"], summary["origin"]) == (7, CONFIGURATION, {"frame": "raw"})
    assert summary["last_record"] == {"step": 7, "loss": 0.5}
    assert summary["environment"] == {"threads": 1}
    # 3·4+4 and 4·1+1 weights and biases, 4·4+1 numbers of the batch norm.
    assert summary["numbers"]["model"] == 16 + 5 + 17


# --- devices ----------------------------------------------------------------------------------------------

def test_devices() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name, problem in (("gpu", "unknown, expected auto"), ("cuda:97", "torch sees"), ("meta", "not supported")):
        text = message(lambda name=name: resolve_device(name), ConfigError)
        assert text.startswith(f"device {name!r}: ")
        assert problem in text


def test_threads_and_environment() -> None:
    before = torch.get_num_threads()
    try:
        assert set_threads(2) == 2 == set_threads()
        record = environment(torch.device("cpu"))
        assert record["threads"] == 2
    finally:
        torch.set_num_threads(before)
    assert record["libraries"]["numpy"] == np.__version__
    assert record["device_name"]
    assert "threads: -1" in message(lambda: set_threads(-1), ConfigError)
