"""Who reads a command's output may go (``| head -1``): what it writes to files is there all the same."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest
from small_evaluation import few_draws
from test_anomaly_cli import make_jets as anomaly_jets
from test_cli import make_jets

from anomaly.cli import main as anomaly_main
from qgan.cli import main as qgan_main
from qgan.data import write_jets


@contextmanager
def unread() -> Iterator[None]:
    """A block whose standard output is a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream, redirect_stdout(stream):
        yield
        # The program has turned it to where anything goes, so that Python can close it.
        print("more", flush=True)


def test_nobody_reads() -> None:
    with pytest.raises(BrokenPipeError), unread():
        print("anything", flush=True)


@pytest.mark.slow
def test_an_evaluation_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    real, fake, report = tmp_path / "real.h5", tmp_path / "fake.h5", tmp_path / "report"
    write_jets(real, make_jets(400))
    write_jets(fake, make_jets(120, seed=1))
    words = ["--quick", "--json", tmp_path / "e.json", "--report", report]
    with unread():
        assert qgan_main(["evaluate", *map(str, (real, fake, *words))]) == 0
    rows = json.loads((tmp_path / "e.json").read_text())["rows"]
    assert {row["metric"] for row in rows} >= {"w1", "c2st_auc"}
    assert (report / "report.html").is_file()
    assert (report / "report.json").is_file()


def test_scores_are_kept(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.h5" for name in ("train", "quark", "gluon")}
    for seed, (name, file) in enumerate(files.items()):
        write_jets(file, anomaly_jets(60, seed, name != "gluon"))
    words = ["--data", files["train"], "--test", files["quark"], files["gluon"], "--json", tmp_path / "s.json"]
    with unread():
        assert anomaly_main(["baselines", *map(str, words)]) == 0
    assert len(json.loads((tmp_path / "s.json").read_text())) == 7
