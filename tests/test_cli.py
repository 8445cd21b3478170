"""The command line: what it accepts, and bad input, which ends in one line and status 2 and leaves nothing behind."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import h5py
import numpy as np
import pytest

from qgan.base.kinds import wish
from qgan.base.log import log_as_lines
from qgan.base.usage import join_negative_values
from qgan.cli import PROGRAM, main
from qgan.data import read_jets, write_jets
from qgan.data.grid import Grid
from qgan.data.jets import JetImages


def make_jets(n: int = 40, seed: int = 0) -> JetImages:
    """Both classes in turn, 8×8 pixels."""
    rng = np.random.default_rng(seed)
    images = (rng.exponential(5, (n, 8, 8)) * (rng.random((n, 8, 8)) < 0.4)).astype(np.float32)
    conditions = {"pt": images.sum((1, 2)), "mass": rng.uniform(60, 100, n).astype(np.float32),
                  "eta": rng.uniform(-2, 2, n).astype(np.float32)}
    return JetImages(images, np.arange(n) % 2, conditions, Grid.square(8, 0.4), "raw", ("gluon", "quark"))


@pytest.fixture
def jets_file(tmp_path: Path) -> Path:
    path = tmp_path / "jets.h5"
    write_jets(path, make_jets())
    return path


@pytest.fixture
def complaint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Runs a command that must fail with status 2, one line and no new file; returns the line."""

    def run(*words: object) -> str:
        before = sorted(tmp_path.rglob("*"))
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert status == 2, err
        assert (out, err.count("\n"), err[:13]) == ("", 1, "qgan: error: "), err
        assert sorted(tmp_path.rglob("*")) == before
        return err

    return run


def test_what_needs_no_jets_is_said_before_they_are_read(complaint: Callable[..., str], tmp_path: Path) -> None:
    missing = tmp_path / "missing.h5"
    assert "device 'gpu': unknown" in complaint("evaluate", missing, "--device", "gpu")
    assert "there is no tagger tree;" in complaint("evaluate", missing, "--referees", "tree")


def damaged(path: Path, change: Callable[[h5py.File], None]) -> Path:
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replace(key: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[h5py.File], None]:
    def run(file: h5py.File) -> None:
        values = change(file[key][:])
        del file[key]
        file[key] = values
    return run


def with_pixel(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def run(images: np.ndarray) -> np.ndarray:
        images[3, 2, 2] = value
        return images
    return run


@pytest.mark.parametrize(("change", "words"), [
    (lambda file: file.pop("signal"), ("signal",)),
    (replace("image", lambda x: x[:, 0]), ("image", "shape")),
    (replace("jet_pt", lambda x: x[:-1]), ("jet_pt",)),
    (replace("image", with_pixel(np.nan)), ("image", "NaN")),
    (replace("image", with_pixel(-1.0)), ("image", "negative")),
    (replace("signal", lambda x: x + 1), ("signal",)),
    (lambda file: [replace(key, lambda x: x[:0])(file) for key in list(file)], ()),
], ids=["missing key", "wrong shape", "lengths differ", "nan", "negative", "unknown class", "empty"])
def test_a_damaged_file_is_named_with_its_field(jets_file: Path, tmp_path: Path, complaint: Callable[..., str],
                                                change: Callable[[h5py.File], None], words: tuple[str, ...]) -> None:
    damaged(jets_file, change)
    for command in (("info", jets_file), ("merge", jets_file, "--out", tmp_path / "out.h5"),
                    ("evaluate", jets_file, jets_file, "--json", tmp_path / "out.json")):
        line = complaint(*command)
        assert all(word in line for word in (str(jets_file), *words)), line


def test_files_that_are_no_jets(tmp_path: Path, complaint: Callable[..., str]) -> None:
    text, nothing, cut = tmp_path / "text.h5", tmp_path / "nothing.h5", tmp_path / "cut.h5"
    text.write_text("These are not jets.")
    nothing.touch()
    write_jets(cut, make_jets())
    os.truncate(cut, cut.stat().st_size // 2)
    for path, word in ((text, "not an HDF5 file"), (nothing, "empty"), (cut, "truncated"),
                       (tmp_path / "missing.h5", "no such file")):
        line = complaint("info", path)
        assert str(path) in line
        assert word in line


def test_output_that_exists_is_kept_unless_told_otherwise(jets_file: Path, tmp_path: Path,
                                                          complaint: Callable[..., str]) -> None:
    out = tmp_path / "out.h5"
    out.write_text("precious")
    assert str(out) in complaint("merge", jets_file, "--out", out)
    assert out.read_text() == "precious"
    assert main(["merge", str(jets_file), "--out", str(out), "--overwrite", "--quiet"]) == 0
    assert len(read_jets(out)) == 40
    assert "does not exist" in complaint("merge", jets_file, "--out", tmp_path / "nowhere" / "out.h5")


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    big = tmp_path / "big.h5"
    write_jets(big, make_jets(4000))
    before = sorted(tmp_path.iterdir())
    command = f"ulimit -f 64; exec {sys.executable} -m qgan merge {big} {big} --out {tmp_path / 'out.h5'}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 2), done.stderr
    began, ended = done.stderr.splitlines()
    assert began == "qgan merge ..."
    assert ended.startswith("qgan: error: ")
    assert "out.h5: could not be written" in ended
    assert sorted(tmp_path.iterdir()) == before


def test_merge_and_info(jets_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, out = tmp_path / "other.h5", tmp_path / "all.h5"
    write_jets(other, make_jets(10, seed=1))
    assert main(["merge", str(jets_file), str(other), "--out", str(out)]) == 0
    assert "50 jets" in capsys.readouterr().out
    assert main(["info", str(out), "--as-json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["jets"], said["classes"], said["pixels"]) == (50, {"gluon": 25, "quark": 25}, [8, 8])
    assert main(["info", str(out)]) == 0
    assert "quark: 25" in capsys.readouterr().out


@pytest.mark.parametrize("command", PROGRAM.commands)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"  qgan {command} " in out.partition("examples:")[2]


@pytest.mark.parametrize(("words", "said"), [
    (["fly"], "fly"), (["generate", "--run", "x"], "--out"), (["simulate", "--n", "0"], "--n"),
    (["simulate", "--process", "higgs", "--n", "5", "--out", "x"], "higgs"), (["info"], "FILE_OR_RUN"),
    (["generate", "--run", "x", "--out", "y", "--mass", "82:80"], "82:80"), (["merge", "--out", "x"], "FILE"),
    (["evaluate", "a", "b", "--rows", "22:6"], "22:6"), (["info", "x", "--colour"], "--colour"),
])
def test_a_command_line_that_makes_no_sense(words: list[str], said: str, complaint: Callable[..., str]) -> None:
    assert said in complaint(*words)


def test_negative_values_and_ranges() -> None:
    assert join_negative_values(["--eta", "-0.5:0.5", "--pt", "-.5", "--quiet", "--n=3", "-1"]) == [
        "--eta=-0.5:0.5", "--pt=-.5", "--quiet", "--n=3", "-1"]
    assert (wish("80"), wish("-0.5:0.5")) == (80.0, (-0.5, 0.5))


def test_ctrl_c_ends_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(path: str) -> None:
        raise KeyboardInterrupt
    monkeypatch.setattr("qgan.cli.info.main", interrupted)
    assert main(["info", "x"]) == 130
    assert capsys.readouterr().err == "qgan: error: interrupted\n"


def test_debugging_shows_the_error_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QGAN_DEBUG", "1")
    with pytest.raises(Exception, match="no such file"):
        main(["info", str(tmp_path / "missing.h5")])


def test_help_loads_no_heavy_library() -> None:
    heavy = ("torch", "pennylane", "matplotlib", "h5py", "sklearn", "jsonargparse", "numpy")
    text = f"import sys; from qgan.cli import main; main(['--help']); print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(("words", "hint"), [
    (["trian"], "did you mean train?"), (["evaluate", "a.h5", "--qick"], "did you mean --quick?"),
    (["train", "--out", "r", "--generator.n_qubit", "3"], "did you mean --generator.n_qubits?"),
    (["train", "--out", "r", "--quite"], "did you mean --quiet?"), (["bananas"], None),
])
def test_an_unknown_word_may_be_a_known_one(words: list[str], hint: str | None, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    if hint:
        assert told.endswith(f"; {hint}\n")
    else:
        assert "did you mean" not in told


def test_an_unknown_key_of_a_file_may_be_a_known_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("optimizer:\n  ema: 0.9\n")
    assert main(["train", "--config", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "r")]) == 2
    assert "unknown key optimizer.ema; did you mean optimiser.ema?" in capsys.readouterr().err


def test_what_is_logged_is_a_line_in_the_shell_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("qgan.somewhere")
    with log_as_lines("qgan", "anomaly"):
        logger.info("2 steps")
        logger.debug("not this")
    logger.info("nor this")
    assert capsys.readouterr().out == "2 steps\n"


@pytest.mark.parametrize("program", ["qgan", "anomaly"])
def test_the_programs_show_what_the_library_logs(program: str, monkeypatch: pytest.MonkeyPatch,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    command = import_module(f"{program}.cli").PROGRAM
    monkeypatch.setattr(type(command), "_run", lambda self, words: logging.getLogger("qgan.training").info("done"))
    assert command.run(["train"]) == 0
    assert capsys.readouterr().out == "done\n"
