"""What a model finds against how many numbers it trains: families of models in several sizes, counting beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from qgan.base.console import aligned
from qgan.base.errors import QganError
from qgan.base.parsing import find_configuration
from qgan.base.registry import Registry

from .configuration import Configuration, Embedded
from .matrix import Plan, matrix
from .models.registry import TRIVIAL, build
from .report import ScoreRow


@dataclass(frozen=True)
class Family:
    """A model in several sizes.

    Attributes:
        preset: the configuration that it is otherwise.
        option: of the model, which sets the size; ``size`` for the pixels a side.
        values: of it.
        fixed: further options of the model that differ from the preset's.
        title: what it is.
    """

    preset: str
    option: str
    values: tuple[int, ...]
    title: str
    fixed: Mapping[str, Any] | None = None

    def configurations(self, n: int = 0) -> dict[int, Configuration]:
        """One for each value, on at most ``n`` training jets."""
        usual = Configuration.read(find_configuration(self.preset))
        usual = replace(usual, data=replace(usual.data, n=n))
        return {value: self._sized(usual, value) for value in self.values}

    def _sized(self, usual: Configuration, value: int) -> Configuration:
        if self.option == "size":
            return replace(usual, preprocessing=replace(usual.preprocessing, size=value))
        options = {**usual.model.options, **(self.fixed or {}), self.option: value}
        return replace(usual, model=replace(usual.model, options=options))


FAMILIES: Registry[Family] = Registry("family of models", "anomaly.families", of=Family)

for _name, _family in {
    "quantum": Family("anomaly_quantum", "uploads", (1, 2, 5, 10), "quantum autoencoder"),
    "unentangled": Family("anomaly_quantum", "uploads", (1, 2, 5, 10), "the same without CNOTs",
                          {"circuit": {"entangler": "none"}}),
    "one_particle": Family("anomaly_one_particle", "layers", (1, 2, 5, 10), "one particle, one qubit"),
    "overlap": Family("anomaly_overlap", "layers", (1, 2, 4, 8, 16), "overlap with a prepared state"),
    "overlap_product": Family("anomaly_overlap", "layers", (1, 2, 4, 8, 16), "overlap with a product state",
                              {"entangler": "none"}),
    "overlap_free": Family("anomaly_overlap_free", "size", (4, 6, 8, 12, 25), "overlap with any vector"),
    "filter": Family("anomaly_filter", "size", (4, 6, 8, 12, 24), "matched filter"),
    "conv": Family("anomaly_conv", "budget", (400, 1000, 3000, 10000), "convolutional autoencoder"),
}.items():
    FAMILIES.add(_name, _family)


class Point(NamedTuple):
    """A family in one size.

    Attributes:
        family: its name.
        parameters: that are trained.
        row: its scores, one a seed.
    """

    family: str
    parameters: int
    row: ScoreRow

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"family": self.family, "parameters": self.parameters, **self.row.to_dict()}


class Curve(NamedTuple):
    """All points, and the scores of the same jets that train nothing.

    Attributes:
        usual, anomaly: the classes.
        points: in the order of the families, then of their sizes.
        untrained: scores without training.
        failures: why a training has no figures.
    """

    usual: str
    anomaly: str
    points: list[Point]
    untrained: list[ScoreRow]
    failures: list[str]

    def table(self) -> str:
        """As lines of text."""
        lines = [["", "parameters", "AUC ± bootstrap", "over seeds", "at equal NNZ"]]
        lines += [[FAMILIES[point.family].title, f"{point.parameters:,}", *_told(point.row)] for point in self.points]
        return aligned([*lines, *([row.name, "0", *_told(row)] for row in self.untrained)], heads=1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"usual": self.usual, "anomaly": self.anomaly, "points": [point.to_dict() for point in self.points],
                "untrained": [row.to_dict() for row in self.untrained], "failures": self.failures}


def _told(row: ScoreRow) -> list[str]:
    spread, equal = row.spread, row.figure("equal_nnz")
    return [str(row.auc), "" if spread is None else f"{spread:.3f}", "-" if equal is None else str(equal)]


def curve(families: Sequence[str], out: str | Path, *, usual: str = "quark", seeds: int = 3, n: int = 0,
          embedded: Embedded = "quark_gluon", n_bootstrap: int = 50, threads: int = 0, restart: bool = False,
          quiet: bool = False) -> Curve:
    """Trains and scores everything; the same call goes on from where it was stopped.

    Args:
        families: names of :data:`FAMILIES`.
        out: folder that the figures are kept in.
        usual: the class that is trained on; the other one of the jets that ship is the anomaly.
        seeds: trainings of each size.
        n: training jets at most, 0 for all.
        embedded: which of the jets that ship.
        n_bootstrap: samples of the errors.
        threads: of the arithmetic; 0 leaves torch's choice.
        restart: drop what earlier work left there.
        quiet: no progress bar.

    Raises:
        QganError: no such family or class, or a folder of other work.
    """
    chosen = {name: FAMILIES[name] for name in families}
    sized = {f"{name} {value}": (name, replace(one, threads=threads)) for name, family in chosen.items()
             for value, one in family.configurations(n).items()}
    found = matrix({name: one for name, (_, one) in sized.items()}, out,
                   plan=Plan((usual,), (), (), seeds, n_bootstrap), embedded=embedded, restart=restart, quiet=quiet)
    if not found.cells:
        raise QganError(f"no training has figures; {found.failures[0]}")
    (anomaly, rows), = found.of(usual).items()
    points = [Point(family, _parameters(one), rows[name]) for name, (family, one) in sized.items() if name in rows]
    return Curve(usual, anomaly, points, [rows[name] for name in TRIVIAL.names() if name in rows], found.failures)


def _parameters(configuration: Configuration) -> int:
    return build(configuration.model, (configuration.preprocessing.size,) * 2).n_parameters
