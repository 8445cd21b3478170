"""Which jets a training sees: those of the usual class alone, in training and in validation."""

from __future__ import annotations

import numpy as np

from qgan.base.errors import ConfigError, DataError
from qgan.data import embedded_jets, read_jets
from qgan.data.jets import JetImages
from qgan.data.reading import Paths

from .configuration import DataOptions, Embedded, PreprocessingOptions
from .preprocess import prepare
from .usual import classes_of, require_both, require_only

#: Jets at hand, or one file of them or several.
Jets = JetImages | Paths
#: The classes of the embedded jets.
CLASSES: dict[Embedded, tuple[str, str]] = {"quark_gluon": ("gluon", "quark"), "w_qcd": ("qcd", "w")}


def embedded_set(usual: str) -> Embedded:
    """The embedded jets that hold the usual classes."""
    return next((name for name, pair in CLASSES.items() if {*classes_of(usual)} <= {*pair}), "quark_gluon")


def embedded_usual(options: DataOptions, split: str) -> JetImages:
    """The usual jets of a split of those that ship.

    Raises:
        ConfigError: the embedded jets have no such class.
    """
    names, there = classes_of(options.normal), CLASSES[options.jets]
    if not {*names} <= {*there}:
        raise ConfigError(f"data.normal: {options.normal!r}, expected one of {', '.join(there)} in {options.jets}")
    return embedded_jets(names[0] if len(names) == 1 else options.jets, split)


def jets_of(data: Jets) -> JetImages:
    """The jets themselves, read if they are files.

    Raises:
        DataError: a file does not exist or holds no jets.
    """
    if isinstance(data, JetImages):
        return data
    return read_jets(data)


def usual_jets(options: DataOptions, data: Jets | None, seed: int) -> tuple[JetImages, JetImages]:
    """Training and validation jets, all of the usual class; those that ship where ``data`` is None.

    Raises:
        DataError: there are jets of another class among them, or too few.
        ConfigError: the embedded jets have no such class.
    """
    if data is not None:
        return divide(jets_of(data), options, seed)
    train, validation = (require_only(embedded_usual(options, split), options.normal)
                         for split in ("train", "validation"))
    return limited(train, options), validation


def divide(jets: JetImages, options: DataOptions, seed: int) -> tuple[JetImages, JetImages]:
    """Jets of the usual class alone, divided into training and validation jets.

    Raises:
        DataError: there are others among them, or too few.
    """
    require_only(jets, options.normal)
    train, validation = jets.split(seed, (1 - options.validation, options.validation))
    if not len(train) or not len(validation):
        raise DataError(jets.source, "signal", f"{len(jets)} {options.normal} jets leave {len(validation)} for "
                                               "validation, expected at least 1")
    return limited(train, options), validation


def test_jets(data: Jets | None, jets: Embedded, usual: str) -> JetImages:
    """Jets to score, some of them usual: ``data``, or the embedded test jets.

    Raises:
        DataError: all are usual, or none, or there is no such class among the embedded jets.
    """
    if data is None and not {*classes_of(usual)} <= {*CLASSES[jets]}:
        raise DataError("embedded jets", "", f"hold no {usual} jets; give files of jets")
    return require_both(embedded_jets(jets, "test", mixed=False) if data is None else jets_of(data), usual)


def inputs(jets: JetImages, options: PreprocessingOptions) -> np.ndarray:
    """(N, size, size): what a model sees of jets."""
    return prepare(jets, options.size, options.scaling, options.pooling)


def limited(jets: JetImages, options: DataOptions) -> JetImages:
    """The first ``options.n`` jets."""
    return jets[:options.n] if options.n else jets
