"""Jets: images and quantities of jets, files of them, their transforms, the density of their conditions, simulation.

Names are looked up when first used, so that a program that only needs arrays does not load the readers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .files import iter_jets, read_jets
    from .grid import Grid
    from .jets import JetImages, concatenate
    from .merging import merge
    from .shipped import embedded_jets
    from .summary import file_summary
    from .writer import JetWriter, write_jets

_HOMES = {
    "Grid": "grid", "JetImages": "jets", "concatenate": "jets", "embedded_jets": "shipped",
    "JetWriter": "writer", "file_summary": "summary", "iter_jets": "files", "merge": "merging", "read_jets": "files",
    "write_jets": "writer",
}

__all__ = ["Grid", "JetImages", "JetWriter", "concatenate", "embedded_jets", "file_summary", "iter_jets", "merge",
           "read_jets", "write_jets"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
