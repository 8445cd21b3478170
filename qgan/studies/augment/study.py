"""Do generated jets help to train a tagger, and how many real jets are they worth?

For each size N and each seed, N real jets are drawn, a generator is trained on exactly these, and taggers are trained
on these, on copies of them, on generated jets, and on both. All are tested on the same held-out jets. The histograms
of many generated jets are compared with those of jets that the generator did not see.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from ...base.devices import resolve_device, set_threads
from ...base.errors import DataError
from ...base.io import check_output
from ...base.plugins import load_plugins
from ...base.workers import side_by_side
from ...data.jets import JetImages
from ...data.matching import check_disjoint, matched
from ...data.writer import write_jets
from ...runs import checkpoint, kept
from ...runs.configuration import Configuration, check
from ...sampling.source import load_source
from ...training.experiment import STRUCTURE
from ...training.parts import check_parts
from .held_out import HeldOut
from .part import Given, Part
from .plan import Results, StudyPlan
from .subsets import draw, mixed_jets


def study(pool: JetImages, test: JetImages, configuration: Configuration, plan: StudyPlan, out: str | Path, *,
          run: str | Path | None = None, mixed: str | Path | None = None, restart: bool = False,
          overwrite: bool = False, workers: int = 1, quiet: bool = False) -> Results:
    """Trains and tests everything; what is finished is kept, and the same call goes on from there.

    Args:
        pool: real jets, cropped already, that the N are drawn from.
        test: held-out real jets of the same kind.
        configuration: of the generators; each has a seed of its own.
        plan: what is studied.
        out: folder that generators and scores are kept in.
        run: a trained generator that saw other jets, as a separate way to train taggers.
        mixed: file to write the training jets of the largest size's first seed to, marked jet by jet.
        restart: drop what an earlier study left in the folder.
        overwrite: replace ``mixed`` if it exists.
        workers: generators and their taggers side by side, each in a process and, where the configuration does not
            say, on one thread.
        quiet: no progress bars.

    Raises:
        QganError: too few jets, settings that do not fit, a folder of another study; the message names them.
        KeyboardInterrupt: after what was finished was kept.
    """
    check_parts(configuration)
    plan.check()
    check(configuration)
    device = resolve_device(configuration.device)
    test = matched(pool, test)
    check_disjoint(test, pool)
    for size in plan.sizes:
        draw(pool, size, plan.seed, 0)
    if len(test.classes) < 2:
        raise DataError(test.source, "signal", "holds one class alone, expected both to test taggers on")
    if more := next((jets for jets in (pool, test) if jets.classes[2:]), None):
        raise DataError(more.source, "signal", f"holds {len(more.classes)} classes, expected two for the taggers")
    given = _given(run, test, device) if run is not None else None
    if mixed is not None:
        check_output(mixed, overwrite)
    set_threads(configuration.threads)
    folder = kept.folder(out, _settings(pool, test, configuration, plan), pieces="jets_*", restart=restart)
    held_out, results = HeldOut(pool, test, plan), Results(test.label)
    parts = [Part(held_out, configuration, plan, folder, size, turn, given, quiet)
             for size in plan.sizes for turn in range(plan.seeds)]
    if workers > 1:
        _finish(parts, workers, quiet)
    for part in parts:
        part.tag(results)
        part.fill(results)
    if mixed is not None:
        write_mixed(next(part for part in parts if part.size == max(plan.sizes)), mixed, overwrite)
    return results


def _finish(parts: Sequence[Part], workers: int, quiet: bool) -> None:
    """Finishes parts side by side, the largest first; a generator under way leaves a checkpoint when it is ended."""
    missing = sorted((part for part in parts if part.unfinished), key=lambda part: -part.size)
    if missing:
        side_by_side(_finish_one, [(index,) for index in range(len(missing))], workers, label="augment", unit="steps",
                     total=sum(part.configuration.steps for part in missing),
                     done=lambda: sum(_steps(part.checkpoint) for part in missing), quiet=quiet,
                     prepare=(_prepare, missing))


def _steps(generator: Path) -> int:
    """Steps that a generator has taken, as far as its checkpoint tells."""
    return _steps_then(generator, generator.stat().st_mtime_ns) if generator.is_file() else 0


@cache
def _steps_then(generator: Path, changed: int) -> int:
    """Read once, since it is asked for every second."""
    return checkpoint.load(generator).step


def _prepare(parts: Sequence[Part]) -> None:
    """Gives a worker all parts; they share their jets."""
    global _parts
    load_plugins(parts[0].configuration.plugins)
    set_threads(parts[0].configuration.threads or 1)
    _parts = [replace(part, quiet=True) for part in parts]


def _finish_one(index: int) -> None:
    nowhere = Results(_parts[index].jets.test.label)
    _parts[index].tag(nowhere)
    _parts[index].fill(nowhere)


_parts: list[Part]


def write_mixed(part: Part, path: str | Path, overwrite: bool = False) -> None:
    """Writes a part's real jets and, after them, the generated ones of its taggers: ``generated`` is 0 and 1."""
    made = part.generated(substructure=True)
    jets = replace(mixed_jets(part.real, made), origin={
        "real": part.real.origin, "real_jets": len(part.real), "generated_jets": len(made),
        "generator": part.source.origin})
    write_jets(path, jets, overwrite)


def _given(run: str | Path, test: JetImages, device: torch.device) -> Given:
    source = load_source(run, device)
    for what, mine, theirs in (("grid", source.grid, test.grid), ("frame", source.frame, test.frame),
                               ("class_names", source.class_names, test.class_names)):
        if mine != theirs:
            raise DataError(run, what, f"its generator makes {mine}, {test.source} has {theirs}")
    return Given(source, f"{zlib.crc32(Path(source.origin['checkpoint']).read_bytes()):08x}")


def _settings(pool: JetImages, test: JetImages, configuration: Configuration, plan: StudyPlan) -> dict[str, Any]:
    """What no finished part may differ in; sizes, seeds, taggers and observables may be added."""
    chosen = configuration.to_dict()
    return {"seed": plan.seed, "generated_per_real": plan.generated_per_real, "jets": pool.fingerprint(),
            "test": test.fingerprint(), "steps": configuration.steps,
            **{key: chosen[key] for key in STRUCTURE if key != "seed"}}
