"""Training and generating from the command line: a small run, and everything that can be wrong with one."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_evaluation import few_draws

from qgan.cli import evaluate as evaluate_command
from qgan.cli import main
from qgan.data import read_jets, write_jets
from qgan.data.grid import Grid
from qgan.data.jets import JetImages
from qgan.report.plots.style import new_figure
from qgan.runs.recorders import read_log

#: Options that make a training small.
SMALL = ["--batch-size", "16", "--generator.n_qubits", "6", "--generator.n_layers", "1", "--generator.noise", "8",
         "--generator.channels", "4", "--discriminator.channels", "4",
         "--logging.quality", "0", "--logging.costly", "0",
         "--logging.scalars", "1", "--logging.checkpoint", "2", "--logging.validation_jets", "20",
         "--threads", "1", "--quiet"]


def make_jets(n: int = 400, only: int | None = None, size: int = 25) -> JetImages:
    """Both classes in turn (or one), ``size`` × ``size`` pixels, class 0 wider."""
    rng = np.random.default_rng(0)
    label = np.arange(n) % 2 if only is None else np.full(n, only)
    images = np.zeros((n, size, size), np.float32)
    for _ in range(20):
        rows, columns = np.clip(np.round(size // 2 + (4 - label) * rng.normal(size=(2, n))), 0, size - 1).astype(int)
        images[np.arange(n), rows, columns] += rng.exponential(25, n).astype(np.float32)
    conditions = {"pt": images.sum((1, 2)), "mass": rng.uniform(20, 60, n).astype(np.float32),
                  "eta": rng.uniform(-2, 2, n).astype(np.float32)}
    return JetImages(images, label, conditions, Grid.square(size, 0.4), "raw", ("gluon", "quark"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "jets.h5"
    # Subjettiness of all pixels of a hardly trained generator's large images takes long.
    write_jets(path, make_jets(size=15))
    return path


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("trained") / "run"
    assert main(["train", "--data", str(data), "--out", str(run), "--steps", "3", "--seed", "1", *SMALL]) == 0
    return run


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture
def complaint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Runs a command that must fail with status 2, one line and no new file; returns the line."""

    def fail(*words: object) -> str:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert (status, out, err.count("\n"), err[:13]) == (2, "", 1, "qgan: error: "), err
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
        return err

    return fail


def test_from_jets_to_jets_to_numbers(trained: Path, data: Path, tmp_path: Path,
                                      capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    monkeypatch.setattr("qgan.report.plots.gathered.gallery", lambda *_, **__: new_figure(1, 1))
    fake, report, plots = tmp_path / "fake.h5", tmp_path / "report.json", tmp_path / "plots"
    assert main(["generate", "--run", str(trained), "--n", "300", "--seed", "1", "--out", str(fake)]) == 0
    assert "300 jets" in capsys.readouterr().out
    assert main(["evaluate", str(data), str(fake), "--quick", "--json", str(report), "--plots", str(plots)]) == 0
    assert "mass" in capsys.readouterr().out
    rows = json.loads(report.read_text())["rows"]
    assert {row["metric"] for row in rows} >= {"w1", "fpd", "c2st_auc", "closure_bias"}
    assert all(row["floor"] is not None for row in rows if row["metric"] == "w1")
    assert {path.name for path in plots.iterdir()} >= {"mean_images.png", "observables_quark.png", "closure.png"}


def test_conditions_can_be_fixed(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "fake.h5"
    words = ["--label", "quark", "--mass", "30:40", "--eta", "-0.5:0.5", "--pt", "500", "--n", "50", "--quiet"]
    assert main(["generate", "--run", str(trained), "--out", str(out), *words]) == 0
    jets = read_jets(out)
    assert (len(jets), jets.classes) == (50, [1])
    assert 30 <= jets.conditions["mass"].min() <= jets.conditions["mass"].max() <= 40
    assert abs(jets.conditions["eta"]).max() <= 0.5
    np.testing.assert_allclose(jets.conditions["pt"], 500)


def test_the_same_seed_makes_the_same_jets_whatever_their_number(trained: Path, tmp_path: Path) -> None:
    for name, n, seed in (("few", 100, 1), ("many", 700, 1), ("other", 100, 2)):
        words = ["--n", str(n), "--seed", str(seed), "--out", str(tmp_path / f"{name}.h5"), "--quiet"]
        assert main(["generate", "--run", str(trained), *words]) == 0
    few, many, other = (read_jets(tmp_path / f"{name}.h5") for name in ("few", "many", "other"))
    np.testing.assert_array_equal(few.images, many.images[:100])
    assert not np.array_equal(few.images, other.images)


@pytest.mark.parametrize(("words", "said"), [
    (["--pt", "99999"], "pt"), (["--mass", "900:950"], "mass"), (["--label", "top"], "top"), (["--label", "7"], "7"),
    (["--delta-r", "0.3"], "delta_r"), (["--device", "abacus"], "abacus"),
])
def test_conditions_that_cannot_be_met(run: Path, tmp_path: Path, complaint: Callable[..., str], words: list[str],
                                       said: str) -> None:
    assert said in complaint("generate", "--run", run, "--out", tmp_path / "fake.h5", "--n", "10", "--quiet", *words)


def test_a_damaged_checkpoint_is_named(run: Path, data: Path, tmp_path: Path, complaint: Callable[..., str]) -> None:
    checkpoint = run / "checkpoint.pt"
    os.truncate(checkpoint, checkpoint.stat().st_size * 2 // 3)
    for words in (("generate", "--run", run, "--out", tmp_path / "fake.h5"), ("info", run),
                  ("train", "--data", data, "--out", run, "--resume", "--steps", "5")):
        assert "checkpoint.pt: is truncated" in complaint(*words)
    checkpoint.unlink()
    assert str(run) in complaint("generate", "--run", run, "--out", tmp_path / "fake.h5")
    assert "nowhere" in complaint("generate", "--run", tmp_path / "nowhere", "--out", tmp_path / "fake.h5")


def test_resuming_with_another_model_is_refused(run: Path, data: Path, complaint: Callable[..., str]) -> None:
    line = complaint("train", "--data", data, "--out", run, "--resume", "--generator.n_layers", "2")
    assert "n_layers" in line


def test_a_run_is_not_overwritten_unless_told(run: Path, data: Path, complaint: Callable[..., str]) -> None:
    assert "--overwrite" in complaint("train", "--data", data, "--out", run, "--steps", "2", *SMALL)
    words = ["train", "--data", str(data), "--out", str(run), "--steps", "2", "--overwrite", *SMALL]
    assert main(words) == 0


def test_resuming_goes_on_with_the_saved_options(run: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", str(data), "--out", str(run), "--resume", "--steps", "5", "--quiet"]) == 0
    assert main(["info", str(run), "--as-json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["step"], said["configuration"]["steps"], said["configuration"]["batch_size"]) == (5, 5, 16)


def test_one_class_is_trained_and_made(tmp_path: Path, complaint: Callable[..., str]) -> None:
    path, run, out = (tmp_path / name for name in ("quark.h5", "run", "fake.h5"))
    write_jets(path, make_jets(100, only=1))
    assert main(["train", "--data", str(path), "--out", str(run), "--steps", "2", *SMALL, "--quiet"]) == 0
    assert main(["generate", "--run", str(run), "--n", "50", "--out", str(out), "--quiet"]) == 0
    assert read_jets(out).classes == [1]
    assert "'gluon' is no class" in complaint("generate", "--run", run, "--label", "gluon", "--out", tmp_path / "x.h5")


def test_ctrl_c_leaves_a_checkpoint_to_resume_from(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["train", "--data", str(data), "--out", str(run), *SMALL, "--logging.checkpoint", "100000"]
    process = subprocess.Popen([sys.executable, "-m", "qgan", *words, "--steps", "100000"], stderr=subprocess.PIPE,
                               text=True)
    log = run / "log.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and len(read_log(log)) > 4) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert re.fullmatch(rf"qgan: error: interrupted; {run} is kept at step \d+ of 100000, and --resume goes on from "
                        "there", err.splitlines()[-1]), err
    assert main(["generate", "--run", str(run), "--n", "10", "--out", str(tmp_path / "fake.h5"), "--quiet"]) == 0
    assert main(["info", str(run), "--quiet"]) == 0


def test_several_generators_side_by_side_on_a_crop(trained: Path, data: Path, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    fakes = [tmp_path / "one.h5", tmp_path / "two.h5"]
    for seed, fake in enumerate(fakes):
        assert main(["generate", "--run", str(trained), "--n", "300", "--seed", str(seed), "--out", str(fake)]) == 0
    report, files = tmp_path / "report.json", [str(data), *map(str, fakes)]
    capsys.readouterr()
    assert main(["evaluate", *files, "--rows", "2:11", "--columns", "1:10", "--quick", "--json", str(report)]) == 0
    assert {"one.h5", "two.h5"} <= {word.strip(":,") for word in capsys.readouterr().out.replace("/", " ").split()}
    found = json.loads(report.read_text())
    assert [Path(evaluation["fake"]).name for evaluation in found] == ["one.h5", "two.h5"]
    real, generated, _ = evaluate_command.load(data, {"one": fakes[0], "two": fakes[1]}, rows=(2, 11), columns=(1, 10))
    np.testing.assert_array_equal(real.images, read_jets(data).images[:, 2:11, 1:10])
    np.testing.assert_array_equal(generated["two"].images, read_jets(fakes[1]).images[:, 2:11, 1:10])
    # Jets that are this part already may come first.
    write_jets(tmp_path / "part.h5", generated["one"])
    both = {"part": tmp_path / "part.h5", "two": fakes[1]}
    real, generated, _ = evaluate_command.load(data, both, rows=(2, 11), columns=(1, 10))
    assert real.images.shape[1:] == generated["part"].images.shape[1:] == generated["two"].images.shape[1:] == (9, 9)
