"""``qgan augment`` from the command line: a small study, and everything that can be wrong with one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_jets import toy_jets

from qgan.cli import main
from qgan.cli.augment import load
from qgan.data import read_jets, write_jets
from qgan.runs import checkpoint
from qgan.runs.configuration import Configuration

CONFIG = """\
generator: {n_qubits: 5, n_layers: 1, n_rotations: 5, noise: 6, channels: 4}
discriminator: {channels: 4, batch_comparison: 4}
data: {codings: [delta_r_mean, pixel_mean, soft_nnz]}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jets")
    write_jets(folder / "jets.h5", toy_jets(60, 1))
    write_jets(folder / "test.h5", toy_jets(40, 2))
    (folder / "config.yaml").write_text(CONFIG)
    return folder


def options(files: Path) -> list[str]:
    return ["--data", str(files / "jets.h5"), "--test", str(files / "test.h5"), "--config",
            str(files / "config.yaml"), "--sizes", "40", "--seeds", "1", "--steps", "2", "--batch-size", "16",
            "--threads", "1", "--taggers", "trees", "--observables", "mass", "c2", "--bins", "5", "--device", "cpu"]


def test_a_small_study(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, mixed = tmp_path / "study", tmp_path / "mixed.h5"
    words = ["augment", "--out", str(out), *options(files)]
    assert main([*words, "--write", str(mixed), "--generated-per-real", "2", "--json", str(tmp_path / "a.json")]) == 0
    text = capsys.readouterr().out
    assert "AUC on 80 held-out jets" in text
    assert "With 40 real jets, adding generated ones " in text
    assert "w c2" in text
    assert "5 quantile bins" in text
    found = json.loads((out / "report.json").read_text())
    assert found == json.loads((tmp_path / "a.json").read_text())
    assert {row["training"] for row in found["taggers"]} == {"real", "real + copies", "generated", "real + generated"}
    assert {(row["class"], row["observable"], row["n"]) for row in found["amplification"]} == {
        (group, name, 20) for group in ("qcd", "w") for name in ("mass", "c2")}
    assert (out / "taggers.png").is_file()
    assert (out / "amplification.png").is_file()
    marks = read_jets(mixed).generated
    assert marks is not None
    assert marks.sum() == 80
    assert len(marks) == 120
    # The kept generator is one that other commands can use.
    generator = out / "jets_40_0" / "generator.pt"
    assert main(["generate", "--run", str(generator), "--n", "7", "--out", str(tmp_path / "fake.h5"), "--quiet"]) == 0
    # It makes jets like these, and so is a way to train taggers of its own.
    assert main([*words, "--generated-per-real", "2", "--run", str(generator), "--quiet"]) == 0
    again = json.loads((out / "report.json").read_text())
    more = [row for row in again["taggers"] if row["saw_more_jets"]]
    assert {row["training"] for row in more} == {"given run", "real + given run"}
    assert [row for row in again["taggers"] if not row["saw_more_jets"]] == found["taggers"]


@pytest.mark.slow
def test_parts_side_by_side_leave_checkpoints_when_stopped(files: Path, tmp_path: Path) -> None:
    (tmp_path / "often.yaml").write_text((files / "config.yaml").read_text() + "logging: {checkpoint: 1}\n")
    words = [*options(files), "--config", str(tmp_path / "often.yaml"), "--seeds", "3", "--steps", "100000"]
    command = [sys.executable, "-m", "qgan", "augment", "--out", "study", "--workers", "2", *words]
    kept = [tmp_path / "study" / f"jets_40_{turn}" / "generator.pt" for turn in range(3)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, process_group=0) as process:
        deadline = time.monotonic() + 120
        while not all(path.is_file() for path in kept[:2]) and time.monotonic() < deadline:
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    assert all(checkpoint.load(path).step > 0 for path in kept[:2])
    assert not kept[2].exists()
    assert not [path.name for path in kept[0].parent.iterdir() if path != kept[0]]


@pytest.mark.parametrize(("words", "message"), [
    (["--sizes", "41"], "sizes: 41, expected even numbers of at least 40"),
    (["--sizes", "400"], "jets.h5: signal: holds 60 jets of class qcd, 200 are needed for 400 jets"),
    (["--data", "none.h5"], "none.h5: no such file"),
    (["--run", "nowhere"], "nowhere: no such folder"),
    (["--taggers", "svm"], "taggers: 'svm', expected some of"),
    (["--observables", "colour"], "observables: 'colour', expected some of"),
    (["--config", "none.yaml"], "none.yaml: no such configuration file"),
    (["--device", "tpu"], "device 'tpu'"),
    (["--steps", "0"], "steps: 0, expected at least 1"),
])
def test_bad_input_is_one_line(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str],
                               message: str) -> None:
    assert main(["augment", "--out", str(tmp_path / "study"), *options(files), *words, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "study").exists()


def test_files_that_exist_are_kept(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mixed.h5").write_text("mine")
    words = ["augment", "--out", str(tmp_path / "study"), *options(files), "--write", str(tmp_path / "mixed.h5")]
    assert main(words) == 2
    assert "mixed.h5: exists already" in capsys.readouterr().err
    assert (tmp_path / "mixed.h5").read_text() == "mine"


def test_without_test_jets_some_are_held_out(files: Path) -> None:
    pool, test = load(Configuration(), [files / "jets.h5"], None, seed=0)
    assert (len(pool), len(test)) == (84, 36)
    both = {image.tobytes() for image in pool.images} & {image.tobytes() for image in test.images}
    assert not both
