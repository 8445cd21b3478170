"""The examples in docstrings do what they say, and there is one where people start."""

from __future__ import annotations

import doctest
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import anomaly
import qgan

ROOT = Path(qgan.__file__).resolve().parents[1]
#: Modules with an example.
MODULES = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for package in ("qgan", "anomaly")
                 for path in (ROOT / package).rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))
#: Where people start.
START = [qgan.train, qgan.generate, qgan.evaluate, qgan.QuantumLayer, qgan.read_jets, qgan.JetImages, anomaly.train]


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("place", START, ids=lambda place: place.__name__)
def test_there_is_an_example_where_people_start(place: object) -> None:
    assert ">>> " in (inspect.getdoc(place) or "")
