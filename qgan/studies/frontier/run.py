"""Quality against the number of trained numbers, of circuits and of their classical rivals, under one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...base.devices import one_thread
from ...base.errors import ConfigError, DataError
from ...base.plugins import load_plugins
from ...base.progress import progress
from ...base.scheduler import results
from ...base.workers import side_by_side
from ...data import embedded_jets
from ...data.jets import JetImages
from ...models.shares import SHARES, ShareSetting
from ...runs import kept
from .fit import divergences, fitted, told


@dataclass(frozen=True)
class Plan:
    """What is fitted: the same for every family.

    Attributes:
        pair: jets that ship.
        classes: of them, each by itself.
        families: names of networks of shares.
        sizes: trained numbers; each family comes as near as it can.
        seeds: fits of each.
        steps, batch_size: of each fit.
        rates: learning rates that are tried with the first seed; the best on validation jets is taken.
        plugins: files (by paths that all processes find) and modules that register families of one's own.
    """

    pair: str
    classes: tuple[str, ...]
    families: tuple[str, ...]
    sizes: tuple[int, ...]
    seeds: int
    steps: int
    batch_size: int = 64
    rates: tuple[float, ...] = (0.02, 0.05)
    plugins: tuple[str, ...] = ()


class Point(NamedTuple):
    """A family at a size, on one class or by one figure.

    Attributes:
        label: name of the class, or of the figure with its unit.
        family, size: as asked for.
        numbers: that it trains.
        rate: learning rate, chosen on validation jets.
        values: KL divergence of the shares of test jets from its own, mean over the jets, of each seed, in nats; or the
            figure.
        error: of such a value, from the spread over the jets.
        validation: on validation jets, of each seed; of a figure what the rate was chosen by.
        milliseconds: of a step; None where it is not known.
        floor: what real jets have; None where it is not known.
        more_is_better: of the values.
    """

    label: str
    family: str
    size: int
    numbers: int
    rate: float
    values: list[float]
    error: float
    validation: list[float]
    milliseconds: float | None
    floor: float | None = None
    more_is_better: bool = False

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        """Standard error of the mean over the seeds; 0 of one seed."""
        return float(np.std(self.values, ddof=1) / np.sqrt(len(self.values))) if len(self.values) > 1 else 0.0


def circuits_among(families: Sequence[str]) -> list[str]:
    """Those that are circuits, no twins of one without what is quantum: their networks have ``circuit`` true."""
    return [name for name in families if getattr(SHARES[name](ShareSetting(2, (4, 4), 100)), "circuit", False)]


def study(plan: Plan, out: str | Path, *, workers: int = 1, scheduler: str | None = None, restart: bool = False,
          quiet: bool = False) -> list[Point]:
    """Fits everything that is not in ``out`` yet: a small file for each class, family and size.

    So the folder can go on to another machine; the same call goes on from where it was stopped.

    Args:
        plan: what is fitted.
        out: folder of the results.
        workers: fits side by side, each in a process of one thread.
        scheduler: address of a Dask scheduler, whose workers make the fits.
        restart: drop what an earlier study left there.
        quiet: no progress bar.

    Raises:
        QganError: no such family or class, or a folder of another study; or as
            :func:`~qgan.base.scheduler.results` has it.
    """
    load_plugins(plan.plugins)
    for name in plan.families:
        SHARES[name]
    known = embedded_jets(plan.pair, "validation").class_names
    if unknown := [name for name in plan.classes if name not in known]:
        raise ConfigError(f"classes: {unknown[0]!r}, expected some of {', '.join(known)}")
    same = {key: value for key, value in asdict(plan).items() if key in ("pair", "seeds", "steps", "batch_size",
                                                                         "rates")}
    folder = kept.folder(out, {**same, "rates": list(plan.rates)}, pieces="*.json", restart=restart)
    asked = [(label, family, size) for label in plan.classes for size in plan.sizes for family in plan.families]
    files = {key: folder / f"{key[0]}-{key[1].replace(':', '_')}-{key[2]}.json" for key in asked}
    missing = [key for key, file in files.items() if not file.is_file()]

    def done() -> int:
        return sum(file.is_file() for file in files.values())

    if scheduler is not None and missing:
        with progress(len(asked), "fit", "curves", done(), quiet) as bar:
            for (_, *key), found in results(scheduler, _alone, [(plan, *key) for key in missing]):
                kept.plain(files[tuple(key)], partial(dict, found))
                bar.update()
    elif missing:
        side_by_side(_keep, [(plan, *key, files[key]) for key in missing], workers, label="fit", unit="curves",
                     total=len(asked), done=done, quiet=quiet)
    return [Point(**kept.plain(file, dict)) for file in files.values()]


def _keep(plan: Plan, label: str, family: str, size: int, file: Path) -> None:
    kept.plain(file, partial(_alone, plan, label, family, size))


def _alone(plan: Plan, label: str, family: str, size: int) -> dict[str, Any]:
    """In a process of its own."""
    load_plugins(plan.plugins)
    with one_thread():
        return point(plan, label, family, size)._asdict()


def point(plan: Plan, label: str, family: str, size: int) -> Point:
    """Fits one family at one size: the rates with the first seed, then every seed at the best rate."""
    train, validation, test = told(*(_only(embedded_jets(plan.pair, split), label)
                                     for split in ("train", "validation", "test")))

    def fit(rate: float, seed: int) -> Any:
        return fitted(family, size, train, steps=plan.steps, batch_size=plan.batch_size, rate=rate, seed=seed)

    tried = {rate: fit(rate, 0) for rate in plan.rates}
    rate = min(tried, key=lambda rate: np.nan_to_num(divergences(tried[rate].network, validation).mean(), nan=np.inf))
    fits = [tried[rate], *(fit(rate, seed) for seed in range(1, plan.seeds))]
    scores = [divergences(one.network, test) for one in fits]
    if not np.isfinite(scores).all():
        raise ConfigError(f"{family}, {size:,} numbers: the shares of a fit are no numbers; a network of shares must "
                          "give finite logarithms")
    return Point(label, family, size, fits[0].numbers, rate, [float(score.mean()) for score in scores],
                 float(np.mean([score.std() for score in scores]) / np.sqrt(len(test.inputs))),
                 [float(divergences(one.network, validation).mean()) for one in fits],
                 1000 * min(one.seconds for one in fits) / plan.steps)


def _only(jets: JetImages, label: str) -> JetImages:
    found = jets.only(jets.class_names.index(label))
    if not len(found):
        raise DataError(jets.source, "signal", f"holds no {label} jets")
    return found
