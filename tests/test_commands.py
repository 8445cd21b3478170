"""A command is a function: the command line accepts, checks and explains what its signature and docstring say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml

from anomaly.cli import PROGRAM as ANOMALY
from qgan.base.commands import Command, Configured
from qgan.base.errors import ConfigError, DataError
from qgan.base.kinds import Jets, NamedWish, NewFile, Overwrite, Positive, Quiet, Wish
from qgan.base.usage import AddUp, UsageError
from qgan.cli import PROGRAM as QGAN

COMMANDS = [(program, name) for program in (QGAN, ANOMALY) for name in program.commands]
NAMES = [f"{program.name} {name}" for program, name in COMMANDS]


@dataclass(frozen=True)
class Cut:
    """What is kept.

    Attributes:
        low, high: the ends in GeV.
    """

    low: float = 0.5
    high: float | None = None

    def __post_init__(self) -> None:
        if self.high is not None and self.low > self.high:
            raise UsageError("--low is above --high")


def example(files: Sequence[Jets], more: Sequence[str] = (), *, out: NewFile, cut: Cut, n: Positive = 7,
            parts: Sequence[Literal["a", "b"]] = ("a", "b"), mass: Wish | None = None, full_width: bool = False,
            overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Try the reader.

    It has a second paragraph.

    Args:
        files: what is read, 30 % of it.
        more: what is read too.
        out: what is written.
        n: jets in all.
        parts: some of them
            over two lines.
        full_width: all pixels.

    Examples:
        try it --out x
    """


def read(*words: object, of: Any = example) -> dict[str, Any]:
    return Command("try", of).read([str(word) for word in words])


def test_words_become_arguments(tmp_path: Path) -> None:
    told = read("a.h5", "b.h5", "--out", tmp_path / "x", "--mass", "-80:82", "--parts", "b", "--full-width", "--high",
                "3")
    assert told == {"files": [Path("a.h5"), Path("b.h5")], "more": (), "out": tmp_path / "x", "cut": Cut(0.5, 3.0),
                    "n": 7, "parts": ["b"], "mass": (-80.0, 82.0), "full_width": True, "overwrite": False,
                    "quiet": False}


@pytest.mark.parametrize(("words", "said"), [
    (["--out", "x"], "required: FILE"), (["a"], "required: --out"), (["a", "--out", "x", "--n", "0"], "--n: '0' is no"),
    (["a", "--out", "x", "--n", "1.5"], "--n: '1.5' is no whole number above 0"),
    (["a", "--out", "x", "--parts", "c"], "invalid choice: 'c'"), (["a", "--out", "x", "--parts"], "--parts: expected"),
    (["a", "--out", "x", "--low", "one"], "--low: invalid float value: 'one'"),
    (["a", "--out", "x", "--low", "3", "--high", "2"], "--low is above --high"),
    (["a", "--out", "x", "--full_width"], "did you mean --full-width?"),
    (["a", "--out", "x", "--ful"], "unrecognized arguments: --ful"),
])
def test_what_makes_no_sense_is_named(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        read(*words)


def test_an_option_of_several_words_adds_up_when_named_twice() -> None:
    def command(*, parts: Sequence[Literal["a", "b"]] = ("a", "b"), names: tuple[str, ...] = ("x",),
                wishes: Sequence[NamedWish] | None = None, ends: tuple[int, int] = (0, 1)) -> None:
        """Take several."""

    words = ["--parts", "b", "--names", "p", "--parts", "a", "--names", "q", "r", "--wishes", "pt=1", "--wishes",
             "m=2:3", "--ends", "2", "3", "--ends", "4", "5"]
    assert read(*words, of=command) == {"parts": ["b", "a"], "names": ("p", "q", "r"), "ends": (4, 5),
                                        "wishes": [("pt", 1.0), ("m", (2.0, 3.0))]}
    assert read(of=command) == {"parts": ("a", "b"), "names": ("x",), "ends": (0, 1), "wishes": None}


@pytest.mark.parametrize(("program", "name"), COMMANDS, ids=NAMES)
def test_no_command_forgets_words_of_an_option_that_is_named_twice(program: Any, name: str) -> None:
    actions = program.command(name).parser()._actions
    assert [a.dest for a in actions if a.nargs in ("+", "*") and a.option_strings and not isinstance(a, AddUp)] == []


def test_a_file_that_exists_is_checked_before_the_command(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(DataError, match="exists already; pass --overwrite"):
        read("a", "--out", tmp_path / "x")
    assert read("a", "--out", tmp_path / "x", "--overwrite")["overwrite"]


def test_the_help_is_the_docstring(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read("--help")
    told = " ".join(capsys.readouterr().out.split())
    for text in ("Try the reader. It has a second paragraph.", "what is read, 30 % of it",
                 "--n N jets in all (default: 7)", "some of them over two lines (default: a b)",
                 "--low X the ends in GeV (default: 0.5)", "--mass VALUE|LOW:HIGH",
                 "--quiet no progress bar, no summary", "examples: try it --out x"):
        assert text in told


@dataclass
class Depth:
    """How deep.

    Attributes:
        layers: of what.
    """

    layers: int = 2


@dataclass
class Settings:
    """All settings.

    Attributes:
        steps: of the work.
    """

    steps: int = 10
    depth: Depth = field(default_factory=Depth)
    names: list[str] = field(default_factory=lambda: ["x"])


def configured(*, out: NewFile, settings: Annotated[Settings, Configured()], steps_between: Positive = 1) -> None:
    """Do as configured."""


def test_all_other_options_are_the_configuration_s(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("steps: 5\ndepth: {layers: 3}\n")
    told = read("--out", tmp_path / "x", "--config", tmp_path / "c.yaml", "--depth.layers", "4", of=configured)
    assert told == {"out": tmp_path / "x", "settings": Settings(5, Depth(4)), "steps_between": 1}
    twice = read("--out", tmp_path / "x", "--names", "[a]", "--names=[b, c]", "--steps", "1", "--steps", "2",
                 of=configured)
    assert twice["settings"] == Settings(2, names=["a", "b", "c"])
    for word, hint in (("--step-between", "--steps-between"), ("--stepz", "--steps"),
                       ("--depth.layer", "--depth.layers")):
        with pytest.raises(ConfigError, match=rf"{word.replace('-', '.')} .*; did you mean {hint}\?"):
            read("--out", tmp_path / "x", word, "4", of=configured)


def several(*, out: NewFile, all_settings: Annotated[Mapping[str, Settings], Configured(short={"layers":
            "depth.layers"})]) -> None:
    """Do as configured, again and again."""


def test_options_beside_several_configurations_are_of_each(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("steps: 5\n")
    Path("b.yaml").write_text("depth: {layers: 3}\n")
    words = ["--configs", "a.yaml", "b.yaml", "--layers", "4"]
    told = {"a.yaml": Settings(5, Depth(4)), "b.yaml": Settings(10, Depth(4))}
    assert read("--out", "x", *words, of=several)["all_settings"] == told
    with pytest.raises(SystemExit):
        read(*words, "--print-config", of=several)
    printed = capsys.readouterr().out
    assert printed.startswith("# a.yaml\nsteps: 5\n")
    assert list(yaml.safe_load_all(printed)) == [asdict(one) for one in told.values()]
    with pytest.raises(UsageError, match="required: --configs"):
        read("--out", "x", of=several)
    with pytest.raises(ConfigError, match=r"--configs: a\.yaml is given twice"):
        read("--out", "x", "--configs", "a.yaml", "a.yaml", of=several)


READS = [(program, name) for program, name in COMMANDS if program.command(name).parser().known.count("--print-config")]


@pytest.mark.parametrize(("program", "name"), READS, ids=[f"{program.name} {name}" for program, name in READS])
def test_what_a_command_makes_of_its_configuration_is_printed(program: Any, name: str, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch,
                                                              capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    ships = "w_qcd" if program is QGAN else "anomaly_conv"
    flag = "--configs" if "--configs" in program.command(name).parser().known else "--config"
    assert program.run([name, flag, ships, "--threads", "3", "--print-config"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["threads"] == 3
    assert list(tmp_path.iterdir()) == []


def test_every_command_that_reads_a_configuration_prints_it() -> None:
    assert [f"{program.name} {name}" for program, name in READS] == [
        "qgan augment", "qgan compare", "qgan frontier", "qgan train", "anomaly compare", "anomaly matrix",
        "anomaly select", "anomaly train"]


@pytest.mark.parametrize(("program", "name"), COMMANDS, ids=NAMES)
def test_every_option_is_explained(program: Any, name: str) -> None:
    parser = program.command(name).parser()
    assert [action.dest for action in parser._actions if not action.help] == []
    assert parser.description
    assert f"  {program.name} {name}" in parser.epilog


@pytest.mark.parametrize(("program", "name"), COMMANDS, ids=NAMES)
def test_one_name_for_one_thing(program: Any, name: str) -> None:
    """No command has an older name, and the options that many have mean the same in all."""
    actions = {action.option_strings[-1]: action for action in program.command(name).parser()._actions
               if action.option_strings}
    assert not {"--real", "--reference", "--train", "--plot", "--jets"} & set(actions)
    for option, metavar in (("--data", "FILE"), ("--test", "FILE"), ("--json", "FILE"), ("--plots", "FOLDER"),
                            ("--n", "N"), ("--workers", "N"), ("--threads", "N"), ("--seed", "N"),
                            ("--device", "DEVICE")):
        assert option not in actions or actions[option].metavar == metavar
    if "--n" in actions:
        assert any(words in actions["--n"].help for words in ("per class", "in all", "training jets"))
    assert ("--overwrite" in actions) == bool({"--json", "--plots", "--out", "--write"} & set(actions)
                                              ) or name == "compare"


@pytest.mark.parametrize(("words", "now"), [
    (["compare", "--out", "x", "--real", "y"], "--test"), (["info", "x", "--json"], "--as-json"),
    (["bench", "--plot", "x.png"], "--plots"),
    (["export", "x", "--name", "y", "--reference", "z"], "--data"),
])
def test_an_older_name_is_answered_with_the_new_one(words: list[str], now: str, capsys: pytest.CaptureFixture[str],
                                                    ) -> None:
    assert QGAN.run(words) == 2
    assert capsys.readouterr().err.endswith(f"; did you mean {now}?\n")


@pytest.mark.parametrize("program", [QGAN, ANOMALY], ids=["qgan", "anomaly"])
def test_no_help_loads_what_computes(program: Any) -> None:
    heavy = ["torch", "pennylane", "matplotlib", "h5py", "sklearn", "jsonargparse", "rich"]
    heavy += ["numpy"] if program is QGAN else []
    text = (f"import sys; from {program.name}.cli import PROGRAM as p\n"
            f"for name in p.commands: p.run([name, '--help'])\nprint(*[m for m in {heavy} if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


def test_a_command_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                             capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "double.py").write_text("def main(number: int, *, loud: bool = False) -> None:\n"
                                        "    '''Double a number.'''\n    print(2 * number, '!' * loud)\n")
    monkeypatch.setattr("qgan.cli.__path__", [*__import__("qgan.cli").cli.__path__, str(tmp_path)])
    assert QGAN.run(["double", "21", "--loud"]) == 0
    assert capsys.readouterr().out == "42 !\n"
    assert QGAN.run([]) == 0
    assert "double    Double a number." in capsys.readouterr().out
    monkeypatch.delitem(sys.modules, "qgan.cli.double")
