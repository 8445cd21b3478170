"""From files of jets to what a training needs: splits, the table of conditions, transforms, densities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from ..base.errors import ConfigError, DataError
from ..base.seeding import integer_seed, numpy_rng
from ..data import JetImages, embedded_jets, read_jets
from ..data.convert import crop
from ..data.peculiar import without_empty
from ..data.reading import Paths
from ..data.units import Scale
from ..models.blueprint import Blueprint
from ..models.laws import CENTROID
from ..models.recipes import blueprint_kind
from ..observables.registry import codable
from ..observables.tensors import statistics
from ..runs.configuration import Configuration, DataOptions
from ..sampling.conditions import ConditionDensity, condition_table
from ..sampling.source import describe_source
from .parts import check_parts
from .start import Start, start_from

#: Jets of each class, for training and for validation, below which nothing can be fitted or measured.
FEWEST = 5
_BLOCK = 4096


@dataclass(frozen=True)
class Prepared:
    """Jets and all that is fitted on the training jets.

    Attributes:
        train, validation: the jets.
        seen: the training jets as they are learnt from, in GeV or as if they were.
        table: (N, C) float32 of the training jets, columns ``names``, the label first.
        names: of the columns.
        dropped: conditions and codings that were left out, and why.
        constants: jet quantities that are the same in all training jets, by name.
        density: of all columns but the label, per class.
        blueprint: of the generator.
        weights: that it begins with, by name; None for random ones.
        uses: what the model that these are of was made with.
    """

    train: JetImages
    validation: JetImages
    seen: JetImages
    table: np.ndarray
    names: tuple[str, ...]
    dropped: dict[str, str]
    constants: dict[str, float]
    density: ConditionDensity
    blueprint: Blueprint
    weights: Mapping[str, torch.Tensor] | None = None
    uses: tuple[str, ...] = ()

    @property
    def description(self) -> dict[str, Any]:
        """Of the source of jets that a training makes, as checkpoints keep it."""
        return describe_source(self.blueprint, self.density, self.constants, self.train)


def prepare(configuration: Configuration, data: Paths | JetImages | None) -> Prepared:
    """Reads the jets unless they are at hand, splits them, and fits what is fitted on the training part.

    Raises:
        DataError: a file is not what it should be, or holds too few jets of a class.
        ConfigError, ConditionError: a condition, coding or crop that does not fit the jets.
    """
    return prepare_jets(configuration, *load(configuration.data, data, configuration.seed))


def prepare_jets(configuration: Configuration, train: JetImages, validation: JetImages) -> Prepared:
    """The same for jets at hand, cropped already; nothing is fitted on ``validation``.

    Raises:
        DataError: too few jets of a class.
        ConfigError, ConditionError: a condition or coding that does not fit the jets.
    """
    options = configuration.data
    check_parts(configuration)
    _check_classes(train, validation)
    seen = replace(train, images=Scale.of(train.images, train.units).to_gev(train.images), units="GeV")
    known = statistics_of(seen, [name for name in options.codings if name in codable()])
    wanted = sorted([*options.conditions, *options.codings], key=CENTROID.__contains__)
    twice = [name for name in wanted if name == "label" or wanted.count(name) > 1]
    if twice:
        raise ConfigError(f"data.conditions, data.codings: {twice[0]}: twice (the label is always there)")
    columns = condition_table(train, wanted, extra=known)
    constants = {name: float(train.conditions[name][0]) for name in columns.dropped if name in train.conditions}
    names = ("label", *columns.names)
    table = np.concatenate((train.label[:, None].astype(np.float32), columns.values), 1)
    values = columns.values if options.joint else _unpaired(columns.values, train.label, configuration.seed)
    density = ConditionDensity.fit(values, columns.names, train.label)
    return Prepared(train, validation, seen, table, names, columns.dropped, constants, density,
                    *_start(configuration, seen, table, names))


def _check_classes(train: JetImages, validation: JetImages) -> None:
    for label in sorted({*train.classes, *validation.classes}):
        for part, jets in (("training", train), ("validation", validation)):
            n = int((jets.label == label).sum())
            if n < FEWEST:
                raise DataError(jets.source, "signal", f"leaves {n} jets of class {jets.name(label)} for {part}, "
                                                       f"expected at least {FEWEST}")


def load(options: DataOptions, data: Paths | JetImages | None, seed: int) -> tuple[JetImages, JetImages]:
    """Training and validation jets: those at hand, those of the files, or those that ship with the package."""
    if data:
        jets = without_empty(data if isinstance(data, JetImages) else read_jets(data))
        train, validation = jets.split(seed, (1 - options.validation, options.validation))
    else:
        train, validation = (embedded_jets(options.jets, split, mixed=False) for split in ("train", "validation"))
    return cropped(options, train), cropped(options, validation)


def cropped(options: DataOptions, jets: JetImages) -> JetImages:
    """The rows and columns that the options name; all of them where they name none."""
    if options.rows is None and options.columns is None:
        return jets
    return crop(jets, options.rows or (0, jets.grid.height), options.columns or (0, jets.grid.width))


def statistics_of(jets: JetImages, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Image statistics of jets by name, (N,) float32 each, as the generator's losses see them."""
    blocks = [statistics(torch.from_numpy(np.asarray(jets.images[i:i + _BLOCK])), jets.grid, names)
              for i in range(0, len(jets), _BLOCK)]
    return {name: torch.cat([block[name] for block in blocks]).numpy() for name in names}


def _unpaired(values: np.ndarray, label: np.ndarray, seed: int) -> np.ndarray:
    """Each column shuffled within its class: the densities of one, without their correlation."""
    shuffled = values.copy()
    for c in np.unique(label):
        rows = np.flatnonzero(label == c)
        for column in range(values.shape[1]):
            order = numpy_rng(seed, "unpaired", int(c), column).permutation(len(rows))
            shuffled[rows, column] = values[rows[order], column]
    return shuffled


def _start(configuration: Configuration, train: JetImages, table: np.ndarray,
           names: tuple[str, ...]) -> Start:
    """The generator, and what it begins with."""
    fitted = blueprint_kind(configuration.generator.architecture).fit(
        asdict(configuration.generator), train.images, table, names, train.grid, power=configuration.data.power,
        frame=train.frame, symmetry=configuration.symmetry, plugins=configuration.plugins,
        seed=integer_seed(configuration.seed, "generator") % 2**31)
    return Start(fitted) if configuration.start is None else start_from(configuration.start, fitted, train)
