"""A simulation from start to file: chunks on several processes or a scheduler, kept in a folder until all are there.

Beside ``w.h5`` the folder ``.w.h5.parts`` holds the settings and one file a chunk, each written whole or
not at all. Killed at any moment, the same command goes on from there and ends with the same file.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

from ..base.errors import ConfigError, DataError
from ..base.io import check_output, read_json, write_json
from ..base.progress import progress
from ..base.workers import local_workers
from ..data.jets import Frame
from ..data.writer import JetWriter
from .chunks import Settings, load_chunk, make_chunk, save_chunk
from .engines import require_engines
from .processes import process_named
from .scheduler import made_by_scheduler

_SETTINGS = "settings.json"


def simulate(process: str, n: int, out: str | Path, *, seed: int = 0, workers: int = 1, size: int = 25,
             half_width: float | None = None, frame: Frame | None = None, light_quarks: bool = False,
             scheduler: str | None = None, overwrite: bool = False, resume: bool = True, quiet: bool = False) -> Path:
    """Simulates jets and writes them to a native file, in both frames.

    The file depends on ``process``, ``n``, ``seed``, the image and the versions of Pythia and FastJet;
    not on ``workers`` or ``scheduler``, nor on whether the work was interrupted. ``tau_*`` are divided by the process's
    own half-width, whatever the image's. ``jet_delta_R`` is 0 for ``quark`` and ``gluon``.

    Args:
        process: ``w``, ``qcd``, ``quark``, ``gluon``, ``top`` or ``qcd_jet``.
        n: number of jets.
        out: the HDF5 file to write.
        workers: number of processes.
        size, half_width: of the square image (pixels, radians); the process's own half-width by default.
        frame: of ``image``, the process's own by default; the other is ``image_raw`` or ``image_canonical``.
        light_quarks: keep u, d and s quarks only (for ``quark``).
        scheduler: address of a Dask scheduler, ``tcp://host:8786``; its workers make the jets.
        resume: go on from what an interrupted run with the same settings left; else start anew.

    Raises:
        ConfigError: an argument has no meaning, or the scheduler does not answer.
        DataError: Pythia or FastJet is not installed, ``out`` exists, or an interrupted run with other
            settings would be lost.
    """
    require_engines()
    physics = process_named(process)
    settings = Settings(process, n, seed, size, float(half_width or physics.half_width), frame or physics.frame,
                        light_quarks)
    _check(settings, half_width, workers)
    out = Path(out)
    parts = out.parent / f".{out.name}.parts"
    origin = settings.origin()
    if out.exists() and not overwrite and resume and _done(parts, origin, settings):
        shutil.rmtree(parts)
        return out
    _prepare(out, parts, origin, overwrite, resume)
    missing = [k for k in range(settings.n_chunks) if not _part(parts, k).exists()]
    start = n - sum(settings.jets_in(k) for k in missing)
    with progress(n, f"simulate {process}", "jets", start=start, quiet=quiet) as bar:
        if scheduler is None:
            _make(settings, parts, missing, workers, bar.update)
        elif missing:
            for chunk, jets in made_by_scheduler(scheduler, settings, missing):
                save_chunk(_part(parts, chunk), jets)
                bar.update(settings.jets_in(chunk))
    _assemble(settings, out, parts, origin, overwrite)
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


def _part(parts: Path, chunk: int) -> Path:
    return parts / f"{chunk:06d}.npz"


def _done(parts: Path, origin: dict[str, Any], settings: Settings) -> bool:
    """Whether an earlier run finished the file and was killed before it removed its parts."""
    return ((parts / _SETTINGS).exists() and read_json(parts / _SETTINGS) == origin
            and all(_part(parts, k).exists() for k in range(settings.n_chunks)))


def _prepare(out: Path, parts: Path, origin: dict[str, Any], overwrite: bool, resume: bool) -> None:
    check_output(out, overwrite)
    saved = parts / _SETTINGS
    if saved.exists() and resume and read_json(saved) != origin and not overwrite:
        raise DataError(parts, "", "holds an interrupted simulation with other settings; give those settings "
                                   "to go on with it, or pass --overwrite to drop it")
    if parts.exists() and not (resume and saved.exists() and read_json(saved) == origin):
        shutil.rmtree(parts)
    parts.mkdir(exist_ok=True)
    write_json(saved, origin)
    for unfinished in (*out.parent.glob(f".{out.name}.*.part"), *parts.glob(".*.part")):
        unfinished.unlink()


def _make(settings: Settings, parts: Path, missing: list[int], workers: int, made: Callable[[int], object]) -> None:
    """Makes the missing chunks; tells ``made`` how many jets each step added."""
    if workers == 1 or len(missing) < 2:
        for chunk in missing:
            save_chunk(_part(parts, chunk), make_chunk(settings, chunk, made))
        return
    with local_workers(min(workers, len(missing))) as pool:
        jobs = [pool.submit(_make_part, settings, parts, chunk) for chunk in missing]
        for job in as_completed(jobs):
            made(job.result())


def _make_part(settings: Settings, parts: Path, chunk: int) -> int:
    save_chunk(_part(parts, chunk), make_chunk(settings, chunk))
    return settings.jets_in(chunk)


def _assemble(settings: Settings, out: Path, parts: Path, origin: dict[str, Any], overwrite: bool) -> None:
    with JetWriter(out, grid=settings.grid, frame=settings.frame, class_names=settings.physics.class_names,
                   origin=origin, overwrite=overwrite) as writer:
        for chunk in range(settings.n_chunks):
            writer.append(*load_chunk(_part(parts, chunk), settings))
