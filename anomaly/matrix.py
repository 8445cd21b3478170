"""Usual × anomaly: every model trained on jets of each class, and asked of each other class whether it is unusual.

Beside the other classes stand pseudo-anomalies made of the usual test jets (:mod:`.pseudo_anomalies`), scores that need
no training, and as a ceiling taggers that were trained on both classes (:mod:`qgan.taggers`): what an anomaly score
cannot reach, since it knows one of them alone. What is finished is kept, one small file a training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qgan.base.console import aligned
from qgan.base.devices import resolve_device
from qgan.base.errors import ConfigError, QganError
from qgan.base.progress import progress
from qgan.base.seeding import integer_seed
from qgan.data.jets import JetImages
from qgan.data.reading import Files
from qgan.runs import kept
from qgan.taggers import TAGGERS, Labelled, Seen, Setting

from .classes import Parts, classes_of_files, embedded_classes
from .configuration import Configuration, Embedded, check
from .counting import Sample, judged
from .experiment import fitted
from .models.registry import build
from .pseudo_anomalies import KINDS, pseudo_anomalies
from .report import Kind, ScoreRow
from .scoring import Score

#: Scores of each training by name, of each anomaly: plain values of a :class:`~.scoring.Score`.
Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """What is trained and scored.

    Attributes:
        usual: classes that are usual in turn; empty for all.
        made: kinds of pseudo-anomaly.
        taggers: of the ceiling, by name.
        seeds: trainings of each model and tagger.
        n_bootstrap: of the errors.
    """

    usual: tuple[str, ...] = ()
    made: tuple[str, ...] = ("overlaid", "split", "smeared", "merged")
    taggers: tuple[str, ...] = ("trees",)
    seeds: int = 3
    n_bootstrap: int = 50


@dataclass(frozen=True)
class Cell:
    """One score, trained on one class and asked of one kind of anomaly.

    Attributes:
        usual, anomaly: classes, or a kind of pseudo-anomaly in brackets.
        row: the score, of each training.
    """

    usual: str
    anomaly: str
    row: ScoreRow


@dataclass(frozen=True)
class Matrix:
    """All cells, and how many jets they are made of.

    Attributes:
        cells: one a score, usual class and anomaly.
        jets: by class, how many were trained on, stopped by and scored.
        failures: why a training has no figures.
    """

    cells: list[Cell]
    jets: dict[str, tuple[int, int, int]]
    failures: list[str]

    def of(self, usual: str) -> dict[str, dict[str, ScoreRow]]:
        """The scores of the models that were trained on a class: by anomaly, then by name."""
        found: dict[str, dict[str, ScoreRow]] = {}
        for cell in self.cells:
            if cell.usual == usual:
                found.setdefault(cell.anomaly, {})[cell.row.name] = cell.row
        return found

    @property
    def usual(self) -> list[str]:
        """The classes that were usual."""
        return list(dict.fromkeys(cell.usual for cell in self.cells))

    def table(self, figure: str = "auc") -> str:
        """A table a usual class of one figure (see :data:`~.report.HEADS`), as lines of text."""
        texts = []
        for usual in self.usual:
            found = self.of(usual)
            names = dict.fromkeys(name for rows in found.values() for name in rows)
            lines = [[f"{usual} jets are usual", *found]]
            lines += [[name, *(_text(rows.get(name), figure) for rows in found.values())] for name in names]
            texts.append(aligned(lines))
        return "\n\n".join([*texts, *self.failures])

    def to_dict(self) -> dict[str, Any]:
        return {"jets": self.jets, "failures": self.failures, "cells": [
            {"usual": cell.usual, "anomaly": cell.anomaly, **cell.row.to_dict()} for cell in self.cells]}


def _text(row: ScoreRow | None, figure: str) -> str:
    found = row and row.figure(figure)
    spread = None if row is None else row.spread_of(figure)
    return "-" if found is None else f"{found}" + ("" if spread is None else f" ± {spread:.3f}")


def matrix(configurations: Mapping[str, Configuration], out: str | Path, *, plan: Plan = Plan(),
           data: Files | Sequence[JetImages] | None = None, embedded: Embedded = "quark_gluon",
           restart: bool = False, quiet: bool = False) -> Matrix:
    """Trains and scores everything; the same call goes on from where it was stopped.

    Args:
        configurations: models by name; their ``data.normal`` is replaced by each usual class.
        out: folder that the figures are kept in.
        plan: what is trained and scored.
        data: files, or sets, of jets of one class each; by default the jets that ship.
        embedded: which of these.
        restart: drop what earlier work left there.
        quiet: no progress bar.

    Raises:
        QganError: options or jets that do not fit, no such class, kind or tagger, or a folder of other work.
    """
    classes = embedded_classes(embedded) if data is None else classes_of_files(data)
    plan = replace(plan, usual=plan.usual or tuple(classes))
    _check(configurations, plan, classes)
    jets = {name: [part.fingerprint() for part in vars(parts).values()] for name, parts in classes.items()}
    pairs = [(usual, other) for usual in plan.usual for other in classes if other != usual]
    once = list(dict.fromkeys((min(pair), max(pair)) for pair in pairs))
    total = plan.seeds * (len(configurations) * len(plan.usual) + len(plan.taggers) * len(once))
    found: dict[tuple[str, str, str, Kind], list[Score]] = {}
    failures: list[str] = []
    with progress(total, "matrix", "trainings", quiet=quiet) as bar:
        for name, configuration in configurations.items():
            settings = {"configuration": configuration.to_dict(), "jets": jets, "n_bootstrap": plan.n_bootstrap}
            folder = kept.folder(Path(out) / name, settings, pieces="*.json", restart=restart)
            for usual in plan.usual:
                for seed in range(configuration.seed, configuration.seed + plan.seeds):
                    piece = kept.plain(folder / f"{usual}_{seed}.json", partial(
                        _model, name, configuration, usual, classes, seed, plan), list(plan.made))
                    failures += [f"{name}, {usual}, seed {seed}: {piece['failure']}"] if piece["failure"] else []
                    _collect(found, usual, piece["models"], "model")
                    if name == next(iter(configurations)) and seed == configuration.seed:
                        _collect(found, usual, piece["controls"], "trivial")
                    bar.update()
        for name in plan.taggers:
            folder = kept.folder(Path(out) / f"tagger {name}", {"jets": jets, "n_bootstrap": plan.n_bootstrap},
                                 pieces="*.json", restart=restart)
            for pair in once:
                for seed in range(plan.seeds):
                    piece = kept.plain(folder / f"{'_'.join(pair)}_{seed}.json",
                                       partial(_ceiling, name, pair, classes, seed, plan))
                    for usual in set(pair) & {*plan.usual}:
                        _collect(found, usual, piece[usual], "fitted")
                    bar.update()
    sizes = {name: (len(parts.train), len(parts.validation), len(parts.test)) for name, parts in classes.items()}
    return Matrix([Cell(usual, anomaly, ScoreRow(name, kind, scores))
                   for (usual, anomaly, name, kind), scores in found.items()], sizes, failures)


def _check(configurations: Mapping[str, Configuration], plan: Plan, classes: Mapping[str, Parts]) -> None:
    if not configurations or plan.seeds < 1:
        raise ConfigError(f"{'seeds' if configurations else 'configs'}: expected at least one")
    for name in plan.usual:
        if name not in classes:
            raise ConfigError(f"usual: there are no {name} jets, expected some of {', '.join(classes)}")
    for name in plan.made:
        KINDS[name]
    for name in plan.taggers:
        TAGGERS[name]
    for configuration in configurations.values():
        check(configuration)
        # Now, rather than after an hour of training the others.
        build(configuration.model, (configuration.preprocessing.size,) * 2)


def _collect(found: dict[tuple[str, str, str, Kind], list[Score]], usual: str, figures: Figures, kind: Kind) -> None:
    for anomaly, by_name in figures.items():
        for name, plain in by_name.items():
            found.setdefault((usual, anomaly, name, kind), []).append(Score.from_dict(plain))


def _model(name: str, configuration: Configuration, usual: str, classes: Mapping[str, Parts], seed: int,
           plan: Plan) -> dict[str, Any]:
    """One training: figures of its scores of every anomaly, and those of scores without a network."""
    parts = classes[usual]
    options = replace(configuration, seed=seed, data=replace(configuration.data, normal=usual))
    train = parts.train[:options.data.n] if options.data.n else parts.train
    try:
        detector, _ = fitted(options, train, parts.validation)
    except ConfigError:
        raise
    except QganError as error:
        return {"failure": str(error), "models": {}, "controls": {}}
    anomalies = {other: jets.test for other, jets in classes.items() if other != usual}
    made = pseudo_anomalies(parts.test)
    anomalies |= {f"({kind})": made[kind] for kind in plan.made}

    def told(scores: Callable[[JetImages], dict[str, np.ndarray]]) -> Figures:
        ours = scores(parts.test)
        return {other: {key.replace("model", name): judged_apart(key, parts.test, jets, ours[key], theirs, plan)
                        for key, theirs in scores(jets).items()} for other, jets in anomalies.items()}

    # Whatever the seed, scores without a network say the same.
    controls = told(detector.controls) if seed == configuration.seed else {}
    return {"failure": "", "models": told(detector.scores), "controls": controls}


def _ceiling(name: str, pair: tuple[str, str], classes: Mapping[str, Parts], seed: int, plan: Plan) -> dict[str, Any]:
    """One tagger that was trained on jets of both classes: figures by which of them is usual."""
    parts = [classes[one] for one in pair]
    train, validation = (Labelled.of(*(Seen.of(getattr(part, split)) for part in parts))
                         for split in ("train", "validation"))
    setting = Setting(integer_seed(seed, "tagger") % 2**31, resolve_device("auto"))
    tagger = TAGGERS[name].fit(train, validation, setting)
    first, second = (tagger.scores(Seen.of(part.test))[:, 1] for part in parts)
    title = f"{name}, trained on {len(train) + len(validation):,} jets of both"
    return {pair[0]: {pair[1]: {title: judged_apart(name, parts[0].test, parts[1].test, first, second, plan)}},
            pair[1]: {pair[0]: {title: judged_apart(name, parts[1].test, parts[0].test, -second, -first, plan)}}}


def judged_apart(name: str, usual: JetImages, unusual: JetImages, ours: np.ndarray, theirs: np.ndarray,
                 plan: Plan) -> dict[str, Any]:
    """All figures of a score of usual and of unusual jets, as plain values."""
    sample = Sample.of_both(usual, unusual)
    return asdict(judged(name, np.concatenate([ours, theirs]), sample, n_bootstrap=plan.n_bootstrap))
