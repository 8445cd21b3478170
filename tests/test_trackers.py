"""The examples of docs/guides/trackers.md as they stand, with stand-ins that take what the two programs take."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import named_files
from matplotlib.figure import Figure
from small_training import small
from toy_jets import toy_jets

import qgan

FILES = named_files("docs/guides/trackers.md")
JETS = toy_jets(100, 1)


class Kept:
    """What was logged: (step, name, value). Steps may not go back, as in Weights & Biases."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, Any]] = []
        self.options: dict[str, Any] = {}

    def log(self, values: dict[str, Any], step: int) -> None:
        assert type(values) is dict
        assert not self.rows or step >= self.rows[-1][0]
        for name, value in values.items():
            assert re.fullmatch(r"[/\w.\- :]+", name), "a name that MLflow would refuse"
            pictures = value if isinstance(value, list) else [value]
            assert isinstance(value, float) or all(isinstance(one, Picture) for one in pictures)
            self.rows.append((step, name, value))

    def steps_of(self, name: str) -> list[int]:
        return [step for step, tag, _ in self.rows if tag == name]


class Picture:
    """Takes a figure, or the numbers of a grey picture."""

    def __init__(self, shown: Any) -> None:
        grey = isinstance(shown, np.ndarray) and shown.ndim == 2 and 0 <= shown.min() <= shown.max() <= 255
        assert grey or isinstance(shown, Figure)


@contextmanager
def started(kept: Kept, config: Mapping[str, Any] | None = None, **told: Any) -> Iterator[Kept]:
    kept.options |= config or {}
    yield kept


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kept:
    found = Kept()
    start = partial(started, found)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=start, Run=Kept, Image=Picture))
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(
        start_run=start, log_params=found.options.update, log_metrics=found.log, set_tracking_uri=str))
    monkeypatch.setattr(qgan, "Configuration", lambda steps, seed: small({"steps": 2, "seed": seed}))
    monkeypatch.setattr(qgan, "train", partial(qgan.train, data=JETS, quiet=True))
    monkeypatch.chdir(tmp_path)
    return found


@pytest.mark.parametrize("file", ["to_wandb.py", "to_mlflow.py", "pictures.py"])
def test_an_example_keeps_the_figures(file: str, kept: Kept) -> None:
    exec(compile(FILES[file], file, "exec"), {"__name__": file})
    assert kept.options["seed"] == 1
    assert kept.steps_of("loss/generator") == [1, 2]
    assert kept.steps_of("at a glance/w1_worst") == [2]
    assert bool(kept.steps_of("jets/w generated")) == (file == "pictures.py")


def test_plots_are_kept_too(kept: Kept) -> None:
    names: dict[str, Any] = {}
    exec(compile(FILES["pictures.py"], "pictures.py", "exec"), names)
    names["ToWandb"](kept).figure(7, "means/w", Figure())
    assert kept.steps_of("means/w") == [7]
