"""Options from YAML files and from the command line fill the same dataclasses; what is wrong is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from qgan.base.docstrings import describe_options
from qgan.base.errors import ConfigError
from qgan.base.parsing import read_options
from qgan.cli import main
from qgan.runs.configuration import Configuration, DataOptions, GeneratorOptions


def write(folder: Path, text: str) -> Path:
    path = folder / "options.yaml"
    path.write_text(text)
    return path


def dotted_names(options: object, prefix: str = "") -> Iterator[str]:
    for field in fields(options):  # type: ignore[arg-type]
        value = getattr(options, field.name)
        if is_dataclass(value):
            yield from dotted_names(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def test_without_anything_it_is_the_default() -> None:
    assert read_options(Configuration, None) == Configuration()


def test_options_win_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "steps: 7\nbatch_size: 16\ndata:\n  jets: quark_gluon\n  rows: [6, 22]\n")
    told = read_options(Configuration, path, ["--batch-size", "4", "--data.conditions", "[pt]", "--optimiser.ema=0.5"])
    assert (told.steps, told.batch_size, told.data.jets, told.data.rows) == (7, 4, "quark_gluon", (6, 22))
    assert (told.data.conditions, told.optimiser.ema, told.seed) == (["pt"], 0.5, Configuration().seed)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    import yaml

    told = read_options(Configuration, None, ["--data.rows", "[6, 22]", "--steps", "3", "--symmetry", "average"])
    plain = yaml.safe_load(yaml.safe_dump(told.to_dict() | {"data": told.to_dict()["data"] | {"rows": [6, 22]}}))
    assert read_options(Configuration, write(tmp_path, yaml.safe_dump(plain))) == told


def test_groups_may_be_mappings() -> None:
    told: Any = {"steps": 7, "generator": {"core": "dense"}, "data": {"rows": (6, 22)}}
    assert Configuration(**told) == replace(Configuration(), steps=7, generator=GeneratorOptions(core="dense"),
                                            data=DataOptions(rows=(6, 22)))
    with pytest.raises(ConfigError, match=r"generator\.cor: no such option; did you mean core"):
        Configuration(generator={"cor": "dense"})  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "said"), [
    ("stepz: 7", "unknown key stepz"), ("optimiser:\n  emma: 1", "unknown key optimiser.emma"),
    ("steps: many", "steps: expected int"), ("steps: [", "parsing"), ("symmetry: no", "symmetry: expected 'none'"),
    ("", "expected keys"), ("- 1", "expected keys"), ("symmetry: null", "symmetry: expected a value"),
])
def test_a_file_with_a_mistake_is_named_with_the_key(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_options(Configuration, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("options", "said"), [
    (["--stepz", "7"], "--stepz"), (["--optimiser.emma", "1"], "--optimiser.emma"), (["--steps"], "--steps"),
    (["--steps", "many"], "steps: expected int"), (["more"], "more"),
])
def test_a_wrong_option_is_named(options: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_options(Configuration, None, options)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such configuration file"):
        read_options(Configuration, tmp_path / "nowhere.yaml")


def test_the_command_line_says_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "losses:\n  gp: 3\n")
    assert main(["train", "--config", str(path), "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == f"qgan: error: {path}: unknown key losses.gp\n"
    assert not (tmp_path / "run").exists()


def test_the_help_names_every_option() -> None:
    told = describe_options(Configuration())
    assert [name for name in dotted_names(Configuration()) if f"--{name} " not in told] == []
