"""Registries of what people extend: lookup, other packages, and errors that name who is at fault."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

from qgan.base.errors import ConfigError
from qgan.base.registry import Registry


def package(folder: Path, name: str, text: str, points: str) -> None:
    """An installed package of one module, with entry points."""
    (folder / f"{name}.py").write_text(text)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[qgan.test_things]\n{points}\n")


@pytest.fixture
def things() -> Registry[str]:
    registry: Registry[str] = Registry("thing", "qgan.test_things", of=str)
    registry.add("first", "one")
    return registry


def test_what_is_registered_is_found_in_its_order() -> None:
    registry: Registry[Callable[[int], int]] = Registry("function", "qgan.test_functions")

    @registry.register("double")
    def double(x: int) -> int:
        return 2 * x

    registry.add("alpha", abs)
    assert double(3) == 6
    assert registry["double"] is double
    assert registry.names() == list(registry) == ["double", "alpha"]
    assert registry.values() == [double, abs]
    assert registry.items()[1] == ("alpha", abs)
    assert "alpha" in registry
    assert "beta" not in registry
    assert len(registry) == 2


def test_an_unknown_name_gets_a_near_one_and_all_there_are(things: Registry[str]) -> None:
    with pytest.raises(ConfigError, match=r"^there is no thing frist; did you mean first\? Known: first$"):
        things["frist"]
    with pytest.raises(ConfigError, match=r"^there is no thing xyz; Known: first$"):
        things["xyz"]


def test_a_name_is_taken_once_unless_it_is_to_be_replaced(things: Registry[str]) -> None:
    with pytest.raises(ConfigError, match="thing first: there is one of this name already"):
        things.add("first", "another")
    assert things["first"] == "one"
    things.add("first", "another", replace=True)
    assert things["first"] == "another"


def test_a_thing_of_another_kind_is_refused(things: Registry[str]) -> None:
    with pytest.raises(ConfigError, match="thing number: is of type int, expected str"):
        things.add("number", 3)  # type: ignore[arg-type]


def test_other_packages_give_things_or_modules_that_register_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                  things: Registry[str]) -> None:
    package(tmp_path, "gives_a_thing", "thing = 'two'\n", "second = gives_a_thing:thing")
    package(tmp_path, "registers_itself", "import builtins\nbuiltins.things.add('third', 'three')\n",
            "anything = registers_itself")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("builtins.things", things, raising=False)
    assert dict(things.items()) == {"first": "one", "second": "two", "third": "three"}


@pytest.mark.parametrize(("text", "problem"), [
    ("import no_such_module_here\n", r"ModuleNotFoundError: No module named 'no_such_module_here'"),
    ("thing = 3\n", r"ConfigError: thing broken: is of type int, expected str"),
    ("other = ''\n", r"AttributeError: .*thing"),
])
def test_a_package_at_fault_is_named_and_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                     things: Registry[str], text: str, problem: str) -> None:
    package(tmp_path, "at_fault", text, "broken = at_fault:thing")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "at_fault", raising=False)
    for _ in range(2):
        with pytest.raises(ConfigError, match=rf"^at_fault: entry point broken of qgan.test_things "
                                              rf"\(at_fault:thing\): {problem}"):
            things.names()


def test_the_modules_of_the_own_package_are_imported_at_the_first_look(tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "a_room_of_things"
    room.mkdir()
    (room / "__init__.py").write_text("from qgan.base.registry import Registry\n"
                                      "THINGS = Registry('thing', 'qgan.test_none', package=__name__)\n")
    for name in ("b", "a"):
        (room / f"{name}.py").write_text(f"from . import THINGS\nTHINGS.add('{name}', '{name}')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    room_of_things = import_module("a_room_of_things")
    assert "a_room_of_things.a" not in sys.modules
    assert room_of_things.THINGS.names() == ["a", "b"]


def test_threads_that_ask_at_once_wait_until_all_is_there(things: Registry[str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly() -> None:
        assert things["first"] == "one", "what is imported may look up what is there"
        time.sleep(0.2)
        things.add("late", "two")

    monkeypatch.setattr(things, "_import_own", slowly)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: things["late"], range(4))) == ["two"] * 4
