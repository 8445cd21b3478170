"""Files and packages of the user's own: found beside a configuration, imported once, errors that name them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qgan.base.errors import ConfigError
from qgan.base.plugins import beside, imported, load_plugins
from qgan.base.registry import Registry


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_a_file_beside_the_configuration_is_found_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "girth_plugin.py").write_text("SIZE = 3\n")
    for name in ("girth_plugin", "girth_plugin.py"):
        (path,) = beside([name], tmp_path)
        assert path == str(tmp_path / "girth_plugin.py")
        assert [module.SIZE for module in load_plugins([path, path])] == [3, 3]
    assert beside(["json", "absent.py"], tmp_path) == ["json", "absent.py"]


def test_a_module_is_imported_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plugin_package").mkdir()
    (tmp_path / "plugin_package" / "__init__.py").write_text("")
    (tmp_path / "plugin_package" / "parts.py").write_text("def double(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [module.__name__ for module in load_plugins(["plugin_package.parts"])] == ["plugin_package.parts"]
    assert imported("plugin_package.parts:double")(4) == 8
    registry: Registry[object] = Registry("part", "qgan.test_parts")
    assert registry["plugin_package.parts:double"] is imported("plugin_package.parts:double")
    with pytest.raises(ConfigError, match=r"^plugin_package.parts:treble: nothing in plugin_package.parts is called"):
        imported("plugin_package.parts:treble")


@pytest.mark.parametrize(("plugin", "said"), [
    ("no_such_plugin", r"^plugin no_such_plugin: no such module, and no file no_such_plugin.py beside the conf"),
    ("/nowhere/no_such.py", r"^plugin /nowhere/no_such.py: no such file$"),
    ("needs_another.py", r"^plugin needs_another: ModuleNotFoundError: No module named 'no_such_need'"),
    ("fails_on_import.py", r"^plugin fails_on_import: ZeroDivisionError: division by zero"),
    ("json.py", r"json.py: .*json.__init__.py has the same name"),
])
def test_a_plugin_that_is_missing_or_fails_is_named(tmp_path: Path, plugin: str, said: str) -> None:
    (tmp_path / "needs_another.py").write_text("import no_such_need\n")
    (tmp_path / "fails_on_import.py").write_text("1 / 0\n")
    (tmp_path / "json.py").write_text("")
    with pytest.raises(ConfigError, match=said):
        load_plugins(beside([plugin], tmp_path))
