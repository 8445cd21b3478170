"""The examples in docstrings do what they say, and there is one where people start."""

from __future__ import annotations

import doctest
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from documentation import PAGES

import anomaly
import qgan

ROOT = Path(qgan.__file__).resolve().parents[1]
#: Modules with an example.
MODULES = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for package in ("qgan", "anomaly")
                 for path in (ROOT / package).rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))
#: Where people start.
START = [qgan.train, qgan.generate, qgan.evaluate, qgan.QuantumLayer, qgan.read_jets, qgan.JetImages, anomaly.train]


#: What the reference of the Python API has, by its dotted name.
SHOWN = re.findall(r"^::: (\S+)\.(\w+)$", PAGES["docs/api.md"], re.MULTILINE)


def test_the_reference_has_every_public_name() -> None:
    """But for the configurations, which have a page of their own, the errors, whose module stands there, and the
    version."""
    shown = {getattr(import_module(module), name) for module, name in SHOWN}
    elsewhere = {"Configuration", "QganError", "__version__"}
    missing = [name for package in (qgan, anomaly) for name in package.__all__
               if name not in elsewhere and getattr(package, name) not in shown]
    assert missing == []


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, name in SHOWN if module.startswith("qgan")])
def test_what_is_public_is_told_of(module: str, name: str) -> None:
    """Every argument of a function but its seed, every method and property of a class."""
    thing = getattr(import_module(module), name)
    if inspect.isfunction(thing):
        said = inspect.getdoc(thing) or ""
        words = [word for word in inspect.signature(thing).parameters if word != "seed"]
        assert [word for word in words if not re.search(rf"\b{word}\b", said)] == []
    elif inspect.isclass(thing):
        own = [key for key, value in vars(thing).items() if not key.startswith("_") and (
            callable(value) or isinstance(value, property | classmethod | staticmethod))]
        assert [key for key in own if not inspect.getdoc(getattr(thing, key))] == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("place", START, ids=lambda place: place.__name__)
def test_there_is_an_example_where_people_start(place: object) -> None:
    assert ">>> " in (inspect.getdoc(place) or "")
