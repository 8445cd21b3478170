"""What the documentation says must work: commands parse, code runs, links lead somewhere, the map is true."""

from __future__ import annotations

import re
import shlex
import tomllib
from functools import partialmethod
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from documentation import PAGES, ROOT, blocks, command_lines, loose_blocks, named_files, read, smaller_code
from small_evaluation import few_draws
from small_training import SMALL
from toy_jets import toy_jets

from qgan.data import write_jets
from qgan.evaluation import Reference
from qgan.runs.configuration import LoggingOptions

#: What a block may be in; those that are more than text are run or parsed below.
LANGUAGES = {"sh", "python", "yaml", "toml", "text", ""}
#: Pages whose Python has tests of its own.
ELSEWHERE = {"README.md": "test_readme", "docs/extending.md": "test_extending",
             "docs/guides/machines.md": "test_scheduler", "docs/guides/trackers.md": "test_trackers"}
#: Commands that run in tests, made small; the others are only parsed: studies of minutes, with tests of their own.
RUN = {("qgan", name) for name in ("convert", "evaluate", "generate", "info", "models", "train")} | {
    ("anomaly", "train"), ("anomaly", "score")}
TOGETHER = [page for page in PAGES if page not in ELSEWHERE]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_tested(page: str) -> None:
    assert {block.language for block in blocks(page)} <= LANGUAGES


@pytest.mark.parametrize("page", PAGES)
def test_its_commands_are_commands(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in named_files(page).items():
        Path(name).write_text(text)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for line in command_lines(page):
        if read(line) is None:
            assert re.match(r"(pip install|tensorboard --logdir|make \w+)", line), line
        for named in re.findall(r"'?(?:qgan|\.)\[([\w,]+)\]'?", line):
            assert set(named.split(",")) <= set(extras), line


def test_there_are_commands_to_check() -> None:
    assert sum(line.startswith(("qgan", "anomaly")) for page in PAGES for line in command_lines(page)) > 40


def test_the_options_that_are_named_exist(capsys: pytest.CaptureFixture[str]) -> None:
    for program in ("qgan", "anomaly"):
        import_module(f"{program}.cli").main(["train", "--help"])
    told = capsys.readouterr().out
    named = [(page, name) for page, text in PAGES.items() for name in re.findall(r"`(--[a-z]+\.[a-z_]+)", text)]
    assert named
    assert [(page, name) for page, name in named if name not in told] == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader might be: with files of jets of the names that the pages use, and small evaluations."""
    monkeypatch.chdir(tmp_path)
    few_draws(monkeypatch)
    # Referees take nine tenths of an evaluation; there are tests of them elsewhere.
    monkeypatch.setattr(Reference, "judge", partialmethod(Reference.judge, metrics=["w1"]))
    for seed, name in enumerate(("theirs", "theirs_test", "real", "ours")):
        write_jets(f"{name}.h5", toy_jets(120, seed))
    (tmp_path / "mine.csv").write_text("label,pt,mass\nw,270,80\nqcd,280,82\n")
    jets = toy_jets(20, 9)
    np.save("x_sorted.npy", jets.images)
    np.save("y_sorted.npy", jets.label)
    rng = np.random.default_rng(0)
    np.savez("particles.npz", X=rng.uniform(0.1, 1, (len(jets), 8, 3)), y=jets.label)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in TOGETHER if blocks(page, "python")])
def test_its_python_runs(page: str, folder: Path) -> None:
    names: dict[str, object] = {"LoggingOptions": LoggingOptions}
    for block in blocks(page, "python"):
        exec(compile(smaller_code(block.text), page, "exec"), names)


def test_code_that_is_tested_elsewhere_is_in_files() -> None:
    """The README and the guide of own parts have tests that run what is in none, too."""
    assert [page for page in ELSEWHERE if loose_blocks(page)] == ["README.md", "docs/extending.md"]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in TOGETHER if blocks(page, "sh")])
def test_its_shell_runs(page: str, folder: Path) -> None:
    for block in blocks(page, "sh"):
        for line in block.text.splitlines():
            program, *words = smaller(shlex.split(line))
            if (program, words[0]) in RUN:
                assert import_module(f"{program}.cli").main(words) == 0, line


def smaller(words: list[str]) -> list[str]:
    """The same command with as little work as will do."""
    least = {"--n": "140", "--workers": "1", "--steps": "2", "--seeds": "1"}
    words = [least.get(before, word) for before, word in zip(["", *words], words, strict=False)]
    train = [part for name, value in SMALL.items() if name != "steps" and not isinstance(value, list)
             for part in (f"--{name}", str(value))]
    more = {("qgan", "train"): [*train, "--steps", "2"], ("qgan", "evaluate"): ["--quick"],
            ("anomaly", "train"): ["--training.epochs", "1", "--data.n", "200", "--threads", "1"]}
    return [*words, *more.get((words[0], words[1]), [])]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """To files here, or to pages that the site makes; the anchors are checked where the site is built."""
    made = {"commands/qgan.md", "commands/anomaly.md", "configuration.md", "changelog.md", "contributing.md"}
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page])
               if "://" not in target]
    where = (ROOT / page).parent
    gone = [target for target in targets if target and not (where / target).exists()]
    assert [target for target in gone if (where / target).resolve() not in {ROOT / "docs" / one for one in made}] == []


def test_the_map_is_that_of_the_floors() -> None:
    rooms = import_module("test_floors").ROOMS[:-1]
    told = re.findall(r"^\| (\d) \| `(\w+)` \| .+ \|$", PAGES["docs/architecture.md"], re.MULTILINE)
    assert sorted(told) == sorted((str(floor), room.removeprefix("qgan.")) for floor, names in enumerate(rooms)
                                  for room in names)
