"""A simulation from start to file: chunks on several processes or a scheduler, kept in a folder until all are there.

Beside ``w.h5`` the folder ``.w.h5.parts`` holds the settings and one file a chunk, each written whole or
not at all. Killed at any moment, the same command goes on from there and ends with the same file.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

from ..base.arguments import check_types
from ..base.errors import ConfigError
from ..base.interrupt import kept_if_interrupted
from ..base.io import read_json
from ..base.progress import progress
from ..base.scheduler import results
from ..base.workers import side_by_side
from ..data.jets import Frame
from ..data.stores import check_jets_output
from ..data.writer import JetWriter
from ..runs import kept
from .chunks import Chunk, Settings, jets_of, make_chunk
from .engines import require_engines, versions
from .processes import process_named


def simulate(process: str, n: int, out: str | Path, *, seed: int = 0, workers: int = 1, size: int = 25,
             half_width: float | None = None, frame: Frame | None = None, light_quarks: bool = False,
             scheduler: str | None = None, overwrite: bool = False, resume: bool = True, quiet: bool = False) -> Path:
    """Simulates jets and writes them to a native file, in both frames.

    The file depends on ``process``, ``n``, ``seed``, the image and the versions of Pythia and FastJet;
    not on ``workers`` or ``scheduler``, nor on whether the work was interrupted. ``tau_*`` are divided by the process's
    own half-width, whatever the image's. ``jet_delta_R`` is 0 for ``quark`` and ``gluon``.

    Args:
        process: one of :data:`~.processes.PROCESSES`.
        n: number of jets.
        seed: the same one gives the same jets.
        out: the file to write, packed as its suffix says (see :class:`~qgan.data.JetWriter`).
        workers: number of processes.
        size, half_width: of the square image (pixels, radians); the process's own half-width by default.
        frame: of ``image``, the process's own by default; the other is ``image_raw`` or ``image_canonical``.
        light_quarks: keep u, d and s quarks only (for ``quark``).
        scheduler: address of a Dask scheduler, ``tcp://host:8786``; its workers make the jets.
        overwrite: replace ``out``.
        resume: go on from what an interrupted run with the same settings left; else start anew.
        quiet: no progress bar.

    Raises:
        ConfigError: an argument has no meaning, the scheduler does not answer, or an interrupted run with other
            settings would be lost.
        DataError: Pythia or FastJet is not installed, or ``out`` exists or has an unknown suffix.
    """
    check_types("simulate(process, n, out)", process=(process, str), n=(n, Integral), out=(out, str | Path))
    require_engines()
    physics = process_named(process)
    settings = Settings(process, n, seed, size, float(half_width or physics.half_width), frame or physics.frame,
                        light_quarks)
    _check(settings, half_width, workers)
    out = Path(out)
    parts, origin = out.parent / f".{out.name}.parts", settings.origin()
    files = [parts / f"{chunk:06d}.npz" for chunk in range(settings.n_chunks)]
    begun = (parts / kept.SETTINGS).is_file() and read_json(parts / kept.SETTINGS) == origin
    # Whether an earlier run finished the file and was killed before it removed its parts.
    done = out.exists() and begun and all(file.exists() for file in files)
    if not (done and resume and not overwrite):
        check_jets_output(out, overwrite)
        kept.folder(parts, origin, pieces="*.npz", restart=not resume or (overwrite and not begun))
        with kept_if_interrupted(parts):
            _make(settings, files, workers, scheduler, quiet)
        _assemble(settings, files, out, origin, overwrite)
    shutil.rmtree(parts)
    return out


def _check(settings: Settings, half_width: float | None, workers: int) -> None:
    problems = {
        f"n: {settings.n}, expected at least 1": settings.n < 1,
        f"workers: {workers}, expected at least 1": workers < 1,
        f"size: {settings.size}, expected at least 2 pixels": settings.size < 2,
        f"half_width: {half_width}, expected 0 to pi radians": not 0 < settings.half_width < math.pi or half_width == 0,
        f"frame: {settings.frame!r}, expected raw or canonical": settings.frame not in ("raw", "canonical"),
        f"light_quarks: has no meaning for {settings.process}": settings.light_quarks and settings.process != "quark",
    }
    for problem, wrong in problems.items():
        if wrong:
            raise ConfigError(problem)


def _make(settings: Settings, files: Sequence[Path], workers: int, scheduler: str | None, quiet: bool) -> None:
    """Makes the chunks that are missing."""
    missing = [chunk for chunk, file in enumerate(files) if not file.exists()]

    def made() -> int:
        return settings.n - sum(settings.jets_in(chunk) for chunk in missing if not files[chunk].exists())

    label = f"simulate {settings.process}"
    if scheduler is None and min(workers, len(missing)) > 1:
        side_by_side(_keep, [(settings, chunk, files[chunk]) for chunk in missing], workers, label=label, unit="jets",
                     total=settings.n, done=made, quiet=quiet)
        return
    with progress(settings.n, label, "jets", start=made(), quiet=quiet) as bar:
        if scheduler is None:
            for chunk in missing:
                _keep(settings, chunk, files[chunk], bar.update)
        elif missing:
            for (_, chunk), jets in results(scheduler, make_chunk, [(settings, chunk) for chunk in missing],
                                            versions):
                kept.arrays(files[chunk], partial(dict, jets))
                bar.update(settings.jets_in(chunk))


def _keep(settings: Settings, chunk: int, file: Path, made: Callable[[int], object] | None = None) -> Chunk:
    return kept.arrays(file, partial(make_chunk, settings, chunk, made))


def _assemble(settings: Settings, files: Sequence[Path], out: Path, origin: dict[str, Any], overwrite: bool) -> None:
    with JetWriter(out, grid=settings.grid, frame=settings.frame, class_names=settings.physics.class_names,
                   origin=origin, overwrite=overwrite) as writer:
        for chunk, file in enumerate(files):
            writer.append(*jets_of(_keep(settings, chunk, file), settings, str(file)))
