"""What the README says must work: its commands parse, its Python runs, its links lead somewhere, its map is true."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
from small_evaluation import few_draws

from qgan.runs.configuration import LoggingOptions

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    return "".join(re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL))


def commands() -> list[str]:
    """Every command in a shell block, in a table or in a line."""
    inline = re.findall(r"`((?:qgan|anomaly) [a-z]+ [^`]*)`", README)
    lines = [line for line in block("sh").splitlines() if line.startswith(("qgan", "anomaly"))]
    return [*lines, *(text for text in inline if "--help" not in text)]


def parse(command: str) -> None:
    program, name, *words = shlex.split(command)
    import_module(f"{program}.cli").PROGRAM.command(name).read(words)


def test_there_are_commands_to_check() -> None:
    assert len(commands()) >= 9


@pytest.mark.parametrize("command", commands())
def test_each_command_is_one(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    parse(command)


def test_the_options_it_names_exist(capsys: pytest.CaptureFixture[str]) -> None:
    import_module("qgan.cli").main(["train", "--help"])
    told = capsys.readouterr().out
    named = re.findall(r"`(--[a-z]+\.[a-z_]+)", README)
    assert named
    assert [name for name in named if name not in told] == []


def test_the_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    # Jets of a generator of two steps fill all pixels: their subjettiness alone would take a minute.
    small = block("python").replace("n=10000", "n=120").replace(
        "steps=2000, seed=1", "steps=2, seed=1, logging=LoggingOptions(costly=0)")
    assert "costly" in small
    monkeypatch.setattr("qgan.sampling.source.tau_from_images", lambda images, grid: {})
    few_draws(monkeypatch)
    assert small.count("\n") <= 8
    monkeypatch.chdir(tmp_path)
    exec(compile(small, "README.md", "exec"), {"LoggingOptions": LoggingOptions})
    assert "Row(metric='w1'" in capsys.readouterr().out


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", block(""), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_map_is_that_of_the_floors() -> None:
    rooms = import_module("test_floors").ROOMS[:-1]
    told = re.findall(r"^\| (\d) \| `(\w+)` \| .+ \|$", README, re.MULTILINE)
    assert sorted(told) == sorted((str(floor), room.removeprefix("qgan.")) for floor, names in enumerate(rooms)
                                  for room in names)
