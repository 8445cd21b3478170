"""What people extend stands in registries: a name for each thing, from this package, a call, or another package.

A file of the room itself registers what it defines when it is imported; a package of its own lists its modules (or
the things themselves) as entry points, in its ``pyproject.toml``, and is found wherever it is installed::

    [project.entry-points."qgan.metrics"]
    girth = "my_package.girth"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from threading import RLock
from types import ModuleType
from typing import Any, Generic, TypeVar

from .errors import ConfigError, did_you_mean
from .plugins import imported

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name, in the order in which they were registered.

    Args:
        kind: of things, in the words of an error: ``metric``.
        group: of the entry points that other packages may give, e.g. ``qgan.metrics``.
        package: dotted name of the package whose modules register things; all of them are imported, by name, at the
            first look.
        of: what a thing must be an instance of.

    >>> shapes: Registry[str] = Registry("shape", "qgan.doctest.shapes", of=str)
    >>> shapes.add("round", "like a ball")
    'like a ball'
    >>> shapes["rond"]
    Traceback (most recent call last):
    qgan.base.errors.ConfigError: there is no shape rond; did you mean round? Known: round
    """

    def __init__(self, kind: str, group: str, *, package: str = "", of: type | None = None) -> None:
        self.kind, self.group = kind, group
        self._package, self._of = package, of
        self._things: dict[str, T] = {}
        self._needs: dict[str, tuple[str, str]] = {}
        self._complete = self._loading = False
        self._lock = RLock()

    def register(self, name: str, *, replace: bool = False) -> Callable[[T], T]:
        """A decorator that registers a function or a class under ``name``; see :meth:`add`."""
        return lambda thing: self.add(name, thing, replace=replace)

    def add(self, name: str, thing: T, *, replace: bool = False, needs: tuple[str, str] | None = None) -> T:
        """Registers a thing and returns it; with ``replace`` the name may be taken (a notebook cell that runs twice).

        Args:
            needs: the library that it cannot do without, as it is imported, and the extra that installs it.

        Raises:
            ConfigError: the name is taken, or the thing is not what things of this kind are.
        """
        if name in self._things and not replace:
            raise ConfigError(f"{self.kind} {name}: there is one of this name already")
        self._things[name] = self._checked(name, thing)
        if needs is not None:
            self._needs[name] = needs
        return thing

    def __getitem__(self, name: str) -> T:
        """The thing of a name, or what ``my_package.parts:Girth`` imports.

        Raises:
            ConfigError: there is none; says which there are. Or the library that it needs is not installed.
        """
        if ":" in name:
            return self._checked(name, imported(name))
        known = self._all()
        if name not in known:
            raise ConfigError(f"there is no {self.kind} {name}{did_you_mean(name, known) or ';'} "
                              f"Known: {', '.join(known) or 'none'}")
        if (lacking := self.lacks(name)) is not None:
            raise ConfigError(f"{self.kind} {name} needs a library that is not installed: pip install "
                              f"'qgan[{lacking}]'")
        return known[name]

    def lacks(self, name: str) -> str | None:
        """The extra that installs what a thing needs and is not installed; None where nothing is missing."""
        library, extra = self._needs.get(name, ("", ""))
        return extra if library and find_spec(library) is None else None

    def _checked(self, name: str, thing: T) -> T:
        if self._of is not None and not isinstance(thing, self._of):
            raise ConfigError(f"{self.kind} {name}: is of type {type(thing).__name__}, expected {self._of.__name__}")
        return thing

    def __contains__(self, name: object) -> bool:
        if isinstance(name, str) and ":" in name:
            return bool(self[name])
        return name in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._all())

    def names(self) -> list[str]:
        """Of all things, in order."""
        return list(self._all())

    def values(self) -> list[T]:
        """All things, in order."""
        return list(self._all().values())

    def items(self) -> list[tuple[str, T]]:
        """Names and things, in order."""
        return list(self._all().items())

    def _all(self) -> dict[str, T]:
        """The things, after everything that registers some was imported once."""
        if not self._complete:
            # Other threads wait; this one may look up what is there so far, since what is imported may do so.
            with self._lock:
                if not self._complete and not self._loading:
                    self._loading = True
                    try:
                        self._import_own()
                        for point in sorted(entry_points(group=self.group), key=lambda point: point.name):
                            self._load(point)
                        self._complete = True
                    finally:
                        self._loading = False
        return self._things

    def _import_own(self) -> None:
        if self._package:
            for module in sorted(iter_modules(import_module(self._package).__path__), key=lambda module: module.name):
                import_module(f"{self._package}.{module.name}")

    def _load(self, point: EntryPoint) -> None:
        """An entry point: a module that registers things itself, or one thing."""
        try:
            thing: Any = point.load()
            known = any(thing is other for other in self._things.values())
            if not isinstance(thing, ModuleType) and not known:
                self.add(point.name, thing)
        except Exception as error:
            package = point.dist.name if point.dist else "unknown package"
            raise ConfigError(f"{package}: entry point {point.name} of {self.group} ({point.value}): "
                              f"{type(error).__name__}: {error}") from error
