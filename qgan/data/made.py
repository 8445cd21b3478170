"""Who made jets: a generator, or a simulation (or nature)."""

from __future__ import annotations

from ..base.errors import DataError
from .jets import JetImages


def generator_of(jets: JetImages) -> str | None:
    """The checkpoint or the model that made the jets; None where one part or all of them have no such mark."""
    makers = _makers(jets)
    return " + ".join(dict.fromkeys(map(str, makers))) if makers and all(makers) else None


def require_generated(jets: JetImages) -> JetImages:
    """``jets``, if a generator made them.

    Raises:
        DataError: the file does not say which generator made them.
    """
    if generator_of(jets) is None:
        raise DataError(jets.source, "origin", "names no checkpoint, expected jets made by qgan generate")
    return jets


def require_real(jets: JetImages) -> JetImages:
    """``jets``, unless a generator made them.

    Raises:
        DataError: some of them carry the mark of a generator.
    """
    marked = jets.generated is not None and bool(jets.generated.any())
    if marked or any(_makers(jets)):
        raise DataError(jets.source, "origin", "names a generator, expected real jets")
    return jets


def _makers(jets: JetImages) -> list[object]:
    """Of each part the checkpoint or model that made it; None of what was not generated."""
    parts = jets.origin.get("merged", [jets.origin])
    return [part.get("checkpoint") or part.get("model") for part in parts if isinstance(part, dict)]
