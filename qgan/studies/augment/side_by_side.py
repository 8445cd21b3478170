"""Parts of a study in several processes; what they find is kept in the study's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from ...base.devices import set_threads
from ...base.progress import progress
from ...base.workers import as_they_end, local_workers
from ...runs import checkpoint
from .part import Part
from .plan import Results


def finish(parts: Sequence[Part], workers: int, quiet: bool = False) -> None:
    """Trains the generators and taggers that are missing, one part a process; the largest parts first.

    An error or Ctrl-C ends all of them; each generator under way leaves a checkpoint.
    """
    missing = sorted((part for part in parts if _missing(part)), key=lambda part: -part.size)
    if not missing:
        return
    workers, results = min(workers, len(missing)), sum(map(_missing, missing))
    left, total = results, sum(part.configuration.steps for part in missing)
    with local_workers(workers, _prepare, missing) as pool, \
            progress(total, f"augment, {workers} at once", "steps", _steps(missing), quiet) as bar:

        def look() -> None:
            nonlocal left
            bar.update(_steps(missing) - bar.n)
            before, left = left, sum(map(_missing, missing))
            if left != before:
                bar.set_postfix_str(f"{results - left} of {results} results")

        as_they_end(pool, _finish, [(index,) for index in range(len(missing))], workers, look)


def _steps(parts: Sequence[Part]) -> int:
    """Steps that the parts' generators have taken, as far as their checkpoints tell."""
    paths = [part.checkpoint for part in parts]
    return sum(_step(path, path.stat().st_mtime_ns) for path in paths if path.is_file())


@cache
def _step(path: Path, changed: int) -> int:
    """Of the checkpoint as it was then: read once, since it is asked for every second."""
    return checkpoint.load(path).step


def _missing(part: Part) -> int:
    """Taggers to train, and one more if there are histograms to fill."""
    return part.untrained() + bool(part.unfilled())


def _prepare(parts: Sequence[Part]) -> None:
    """Gives a worker all parts; they share their jets."""
    global _parts
    set_threads(parts[0].configuration.threads or 1)
    _parts = [replace(part, quiet=True) for part in parts]


def _finish(index: int) -> None:
    part = _parts[index]
    nowhere = Results(part.jets.test.label)
    part.tag(nowhere)
    part.fill(nowhere)


_parts: list[Part]
