"""Files and packages of the user's own that register parts, imported because a configuration or a model names them.

A plugin is the path of a Python file, or the name of a module that can be imported. Whoever names one runs its code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import ConfigError


def beside(plugins: Iterable[str], folder: str | Path) -> list[str]:
    """The plugins, those that are files in ``folder`` by their absolute paths, so that they are found from anywhere.

    Args:
        plugins: ``girth`` stands for ``girth.py`` where the folder holds one.
        folder: that of the configuration which names them.
    """
    files = {plugin: Path(folder, plugin if plugin.endswith(".py") else f"{plugin}.py") for plugin in plugins}
    return [str(file.resolve()) if file.is_file() else plugin for plugin, file in files.items()]


def load_plugins(plugins: Iterable[str]) -> list[ModuleType]:
    """Imports them, each once however often it is named.

    Raises:
        ConfigError: one is missing, or fails; names it.
    """
    return [_file(Path(plugin)) if plugin.endswith(".py") else _module(plugin) for plugin in plugins]


def imported(name: str) -> Any:
    """What ``my_package.parts:Girth`` stands for.

    Raises:
        ConfigError: there is no such module, or nothing of that name in it.
    """
    module, _, attribute = name.partition(":")
    found = _module(module)
    if not hasattr(found, attribute):
        raise ConfigError(f"{name}: nothing in {module} is called {attribute}")
    return getattr(found, attribute)


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigError(f"plugin {path}: no such file")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        # Not by its path alone: other processes have to find what is pickled by the name of its module. At the end,
        # so that no file there hides another module.
        sys.path.append(folder)
    module = _module(path.stem)
    if Path(module.__file__ or "").resolve() != path.resolve():
        raise ConfigError(f"plugin {path}: {module.__file__ or 'a built-in module'} has the same name, expected one "
                          "that no other module has")
    return module


def _module(name: str) -> ModuleType:
    invalidate_caches()
    try:
        return import_module(name)
    except Exception as error:  # a module of the user's own may fail in any way
        itself = isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")
        problem = (f"no such module, and no file {name}.py beside the configuration" if itself
                   else f"{type(error).__name__}: {error}")
        raise ConfigError(f"plugin {name}: {problem}") from error
