"""What the README says must work: its Python runs, its make targets exist, and it stays short."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from documentation import PAGES, ROOT, blocks
from small_evaluation import few_draws

from qgan.runs.configuration import LoggingOptions

README = PAGES["README.md"]


def test_it_is_short() -> None:
    assert len(README.encode()) < 8_000
    for language in ("python", "sh"):
        assert sum(block.text.count("\n") for block in blocks("README.md", language)) <= 8


def test_the_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small = "".join(block.text for block in blocks("README.md", "python")).replace("n=10000", "n=120").replace(
        "steps=2000, seed=1", "steps=2, seed=1, logging=LoggingOptions(costly=0)")
    assert "costly" in small
    few_draws(monkeypatch)
    monkeypatch.chdir(tmp_path)
    exec(compile(small, "README.md", "exec"), {"LoggingOptions": LoggingOptions})
    assert "Row(metric='w1'" in capsys.readouterr().out


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\w+)|`make (\w+)`", README, re.MULTILINE)
    assert targets
    for first, second in targets:
        assert re.search(rf"^{first or second}:", makefile, re.MULTILINE), first or second


def test_the_map_names_every_room() -> None:
    line = re.search(r"a test enforces it: (.*?)\. `anomaly`", README)
    assert line
    told = re.findall(r"`(\w+)`", line[1])
    assert sorted(told) == sorted(room.removeprefix("qgan.") for floor in import_module("test_floors").ROOMS[:-1]
                                  for room in floor)
