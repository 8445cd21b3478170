"""The same networks of shares as whole GANs: trained under one protocol, each at the best of the same rates."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ...base.errors import ConfigError
from ...base.plugins import load_plugins
from ...evaluation.watch import EMPTY
from ...models.shares import SHARES
from ...runs import RunFolder, kept
from ...runs.configuration import (
    Configuration,
    DataOptions,
    GeneratorOptions,
    LoggingOptions,
    OptimiserOptions,
    Pair,
)
from ...runs.recorders import read_log
from ..compare.headlines import compared
from ..compare.run import Comparison, Judging, compare
from ..compare.trained import train_runs
from .run import Point

#: What is shown of an evaluation, and what a rate is chosen by: the look at validation jets at the end of a training.
FIGURES = ("w1_median", "w1_worst", "mean_image", "auc_images", "auc_unused", "auc_used", "mass_bias",
           "mass_resolution", "coverage")
_CHOICE = "at a glance/w1_median"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class GanPlan:
    """What is trained: the same for every family.

    Attributes:
        pair: jets that ship.
        families: names of networks of shares.
        sizes: trained numbers of the network; each family comes as near as it can. A grain of three is beside it.
        seeds: trainings of each.
        steps: of each training.
        noise: values that the network is told beside the conditions.
        rates: of the generator, tried with the first seed; the best by the median W1 of validation jets is taken with
            which no seed ends in empty images or diverges. A family that has none is left out.
        plugins: files (by paths that all processes find) and modules that register families of one's own.
    """

    pair: Pair
    families: tuple[str, ...]
    sizes: tuple[int, ...]
    seeds: int
    steps: int
    noise: int = 4
    rates: tuple[float, ...] = (0.01, 0.03, 0.1)
    plugins: tuple[str, ...] = ()


def gans(plan: GanPlan, out: str | Path, *, judging: Judging | None = None, workers: int = 1,
         scheduler: str | None = None, restart: bool = False,
         quiet: bool = False) -> tuple[list[Point], Comparison]:
    """Trains everything that is not in ``out`` yet, and judges it on test jets, once.

    A training is a folder, an evaluation a file: the same call goes on from where it was stopped, here or on another
    machine.

    Args:
        plan: what is trained.
        out: folder of runs and evaluations.
        judging: how they are judged; by default a quick evaluation.
        workers: trainings side by side, each in a process of one thread.
        scheduler: address of a Dask scheduler, whose workers train; they are judged here.
        restart: drop what an earlier study left there.
        quiet: no progress bar.

    Returns:
        A point for each figure, size and family, ``label`` the figure's name; and the comparison that they are of.

    Raises:
        QganError: no such family or jets, or a folder of another study; or as
            :func:`~qgan.base.scheduler.results` has it.
    """
    load_plugins(plan.plugins)
    for name in plan.families:
        SHARES[name]
    same = {"pair": plan.pair, "steps": plan.steps, "noise": plan.noise}
    folder = kept.folder(out, same, pieces="[re]*", restart=restart)
    tried = {(family, size, rate): _configuration(plan, family, size, rate)
             for size in plan.sizes for family in plan.families for rate in plan.rates}
    named = {key: f"{key[0].replace(':', '_')}-{key[1]}-rate-{key[2]:g}" for key in tried}
    trained = partial(train_runs, out=folder / "runs", workers=workers, scheduler=scheduler, quiet=quiet)
    trained({named[key]: one for key, one in tried.items()}, [1])
    scores = {key: _validated(folder / "runs" / name / "seed-1") for key, name in named.items()}
    best = dict[tuple[str, int], float]()
    left = {(family, size): sorted(plan.rates, key=lambda rate: scores[family, size, rate])
            for family, size, _ in scores}
    while left:
        # The best by the first seed, unless another seed collapses with it.
        now = {key: rates.pop(0) for key, rates in left.items()}
        trained({named[*key, rate]: tried[*key, rate] for key, rate in now.items()}, range(1, plan.seeds + 1))
        best |= {key: rate for key, rate in now.items() if all(
            np.isfinite(_validated(folder / "runs" / named[*key, rate] / f"seed-{seed}"))
            for seed in range(1, plan.seeds + 1))}
        left = {key: rates for key, rates in left.items() if key not in best and rates}
    for family, size in dict.fromkeys((family, size) for family, size, _ in scores if (family, size) not in best):
        _LOG.warning(f"{family}, {size:,} numbers: is left out, since with each rate a seed collapses")
    chosen = {named[*key, rate]: tried[*key, rate] for key, rate in best.items()}
    found = compare(chosen, out=folder, seeds=range(1, plan.seeds + 1), judging=judging or Judging(quick=True),
                    with_controls=False, workers=workers, quiet=quiet)
    return _points(found, best, named, scores), found


def _configuration(plan: GanPlan, family: str, size: int, rate: float) -> Configuration:
    # One look, at the end.
    return Configuration(steps=plan.steps, threads=1, plugins=list(plan.plugins), data=DataOptions(jets=plan.pair),
                         generator=GeneratorOptions(core=family, numbers=size, noise=plan.noise),
                         optimiser=OptimiserOptions(generator_rate=rate),
                         logging=LoggingOptions(quality=plan.steps, costly=0, checkpoint=max(1, plan.steps // 4)))


def _validated(run: Path) -> float:
    """The median W1 of validation jets at the end of a run; infinite where it diverged, or its images are empty."""
    looks = [line.get(_CHOICE) for line in read_log(RunFolder(run).log) if _CHOICE in line or EMPTY in line]
    if not looks:
        raise ConfigError(f"{run}: its log tells of no look at validation jets; remove it to have it trained again")
    return np.inf if looks[-1] is None else float(looks[-1])


def _points(found: Comparison, best: Mapping[tuple[str, int], float], named: Mapping[tuple[str, int, float], str],
            scores: Mapping[tuple[str, int, float], float]) -> list[Point]:
    entries = {entry.name: entry for entry in found.entries}
    points = []
    for name in FIGURES:
        headline = compared()[name]
        for (family, size), rate in best.items():
            entry = entries[named[family, size, rate]]
            figures = [one["all"][name] for one in entry.figures if name in one["all"]]
            if len(figures) < len(entry.figures) or entry.parameters is None:
                continue
            factor = headline.scale
            errors = [one.error for one in figures if one.error is not None]
            floors = [one.floor for one in figures if one.floor is not None]
            points.append(Point(headline.heading, family, size, entry.parameters["generator"], rate,
                                [factor * one.value for one in figures],
                                factor * float(np.mean(errors)) if errors else 0.0, [scores[family, size, rate]],
                                1000 * (entry.seconds_per_step or np.nan),
                                factor * float(np.mean(floors)) if floors else None, headline.more_is_better))
    return points
