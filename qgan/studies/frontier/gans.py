"""The same networks of shares as whole GANs: trained under one protocol, each at the best of the same rates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...base.errors import ConfigError
from ...base.plugins import load_plugins
from ...evaluation.watch import EMPTY
from ...models.shares import SHARES
from ...runs import RunFolder, kept
from ...runs.configuration import Configuration, LoggingOptions, telling
from ...runs.recorders import read_log
from ..compare.entries import Entry
from ..compare.headlines import compared
from ..compare.run import Judging, compare
from ..compare.trained import train_runs
from .run import Point

#: What is shown of an evaluation, and what a rate is chosen by: the look at validation jets at the end of a training.
FIGURES = ("w1_median", "w1_worst", "mean_image", "auc_images", "auc_unused", "auc_used", "mass_bias",
           "mass_resolution", "coverage")
_CHOICE = "at a glance/w1_median"
#: Of the recipe: what the frontier sets itself, or a folder of results tells by a name of its own.
_TOLD = ("seed", "steps", "device", "threads", "plugins", "data.jets", "generator.core", "generator.numbers",
         "generator.noise", "optimiser.generator_rate", "logging.")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class GanPlan:
    """What is trained: the same for every family.

    Attributes:
        recipe: jets, conditions, losses, steps and all else but network, size, rate, seed and looks. Its plugins are
            files by paths that all processes find, or modules, that may register families of one's own.
        families: names of networks of shares.
        sizes: trained numbers of the network; each family comes as near as it can. The grain is beside them.
        seeds: trainings of each.
        rates: of the generator, tried with the first seed; the best by the median W1 of validation jets is taken with
            which no seed ends in empty images or diverges. A family that has none is left out.
    """

    recipe: Configuration
    families: tuple[str, ...]
    sizes: tuple[int, ...]
    seeds: int
    rates: tuple[float, ...] = (0.01, 0.03, 0.1)

    @property
    def settings(self) -> dict[str, Any]:
        """What all results of a folder have in common, as plain values."""
        further = telling(self.recipe, never=_TOLD)
        return {"pair": self.recipe.data.jets, "steps": self.recipe.steps, "noise": self.recipe.generator.noise,
                **({"recipe": further} if further else {})}


def gans(plan: GanPlan, out: str | Path, *, judging: Judging | None = None, workers: int = 1,
         scheduler: str | None = None, restart: bool = False, quiet: bool = False) -> list[Point]:
    """Trains everything that is not in ``out`` yet, and judges it on test jets, once.

    A training is a folder, an evaluation a file, and what is found of a family at a size a small file. The same call
    goes on from where it was stopped, here or on another machine; where there are small files it needs nothing else.

    Args:
        plan: what is trained.
        out: folder of runs, evaluations and what is found.
        judging: how they are judged; by default a quick evaluation.
        workers: trainings side by side, each in a process of one thread.
        scheduler: address of a Dask scheduler, whose workers train; they are judged here.
        restart: drop what an earlier study left there.
        quiet: no progress bar.

    Returns:
        A point for each figure, size and family, ``label`` the figure's name.

    Raises:
        QganError: no such family or jets, or a folder of another study; or as
            :func:`~qgan.base.scheduler.results` has it.
    """
    load_plugins(plan.recipe.plugins)
    for name in plan.families:
        SHARES[name]
    judging = judging or Judging(quick=True)
    folder = kept.folder(out, plan.settings, pieces="[reg]*", restart=restart)
    files = {(family, size): folder / f"gan-{family.replace(':', '_')}-{size}.json"
             for size in plan.sizes for family in plan.families}
    made_of = {"seeds": plan.seeds, "rates": list(plan.rates), "judging": vars(judging)}
    missing = [key for key, file in files.items() if not kept.is_kept(file, made_of)]
    if missing:
        train = partial(train_runs, out=folder / "runs", workers=workers, scheduler=scheduler, quiet=quiet)
        for key, points in _made(plan, missing, folder, train, judging, quiet).items():
            kept.plain(files[key], partial(list, [one._asdict() for one in points]), made_of)
    found = [kept.plain(file, list, made_of) for file in files.values()]
    for (family, size), points in zip(files, found, strict=True):
        if not points:
            _LOG.warning(f"{family}, {size:,} numbers: is left out, since with each rate a seed collapses")
    return [Point(**one) for name in FIGURES for points in found for one in points
            if one["label"] == compared()[name].heading]


def _made(plan: GanPlan, keys: Sequence[tuple[str, int]], folder: Path, train: Callable[..., object],
          judging: Judging, quiet: bool) -> dict[tuple[str, int], list[Point]]:
    """Points of families at sizes, none where with each rate a seed collapses."""
    tried = {(*key, rate): _configuration(plan, *key, rate) for key in keys for rate in plan.rates}
    named = {key: f"{key[0].replace(':', '_')}-{key[1]}-rate-{key[2]:g}" for key in tried}
    train({named[key]: one for key, one in tried.items()}, [1])
    scores = {key: _validated(folder / "runs" / name / "seed-1") for key, name in named.items()}
    best = dict[tuple[str, int], float]()
    left = {key: sorted(plan.rates, key=lambda rate: scores[*key, rate]) for key in keys}
    while left:
        # The best by the first seed, unless another seed collapses with it.
        now = {key: rates.pop(0) for key, rates in left.items()}
        train({named[*key, rate]: tried[*key, rate] for key, rate in now.items()}, range(1, plan.seeds + 1))
        best |= {key: rate for key, rate in now.items() if all(
            np.isfinite(_validated(folder / "runs" / named[*key, rate] / f"seed-{seed}"))
            for seed in range(1, plan.seeds + 1))}
        left = {key: rates for key, rates in left.items() if key not in best and rates}
    if not best:
        return {key: [] for key in keys}
    chosen = {named[*key, rate]: tried[*key, rate] for key, rate in best.items()}
    entries = {entry.name: entry for entry in compare(
        chosen, out=folder, seeds=range(1, plan.seeds + 1), judging=judging, with_controls=False, quiet=quiet).entries}
    return {key: list(_points(entries[named[*key, best[key]]], *key, best[key], scores[*key, best[key]]))
            if key in best else [] for key in keys}


def _configuration(plan: GanPlan, family: str, size: int, rate: float) -> Configuration:
    recipe, steps = plan.recipe, plan.recipe.steps
    # One look, at the end.
    return replace(recipe, threads=1, generator=replace(recipe.generator, core=family, numbers=size),
                   optimiser=replace(recipe.optimiser, generator_rate=rate),
                   logging=LoggingOptions(quality=steps, costly=0, checkpoint=max(1, steps // 4)))


def _validated(run: Path) -> float:
    """The median W1 of validation jets at the end of a run; infinite where it diverged, or its images are empty."""
    looks = [line.get(_CHOICE) for line in read_log(RunFolder(run).log) if _CHOICE in line or EMPTY in line]
    if not looks:
        raise ConfigError(f"{run}: its log tells of no look at validation jets; remove it to have it trained again")
    return np.inf if looks[-1] is None else float(looks[-1])


def _points(entry: Entry, family: str, size: int, rate: float, score: float) -> Iterator[Point]:
    for name in FIGURES:
        headline = compared()[name]
        figures = [one["all"][name] for one in entry.figures if name in one["all"]]
        if len(figures) < len(entry.figures) or entry.parameters is None:
            continue
        factor = headline.scale
        errors = [one.error for one in figures if one.error is not None]
        floors = [one.floor for one in figures if one.floor is not None]
        yield Point(headline.heading, family, size, entry.parameters["generator"], rate,
                    [factor * one.value for one in figures], factor * float(np.mean(errors)) if errors else 0.0,
                    [score], entry.seconds_per_step and 1000 * entry.seconds_per_step,
                    factor * float(np.mean(floors)) if floors else None, headline.more_is_better)
