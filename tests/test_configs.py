"""Every file in configs/ builds and takes a step."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_cli_runs import make_jets

from qgan.cli import main
from qgan.data import write_jets
from qgan.runs.recorders import read_log

FILES = sorted((Path(__file__).resolve().parents[1] / "configs").glob("*.yaml"))


def test_there_are_some() -> None:
    assert {path.stem for path in FILES} >= {"w_qcd", "quark_gluon", "published"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_takes_a_step(path: Path, tmp_path: Path) -> None:
    data, run = tmp_path / "jets.h5", tmp_path / "run"
    write_jets(data, make_jets())
    words = ["--steps", "1", "--batch-size", "16", "--logging.scalars", "1", "--logging.quality", "0",
             "--logging.validation_jets", "20", "--quiet"]
    assert main(["train", "--config", str(path), "--data", str(data), "--out", str(run), *words]) == 0
    records = read_log(run / "log.jsonl")
    losses = [value for record in records for tag, value in record.items() if tag.startswith("loss/")]
    assert records[-1]["step"] == 1
    assert losses
    assert None not in losses, "a loss is not finite"
