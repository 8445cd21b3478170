"""Jets of several classes, each divided into jets to train on, to stop by and to score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qgan.base.errors import DataError
from qgan.data import embedded_jets, read_jets
from qgan.data.jets import JetImages, check_alike
from qgan.data.reading import Files

from .comparison import FRACTIONS
from .configuration import Embedded
from .preparation import CLASSES


@dataclass(frozen=True)
class Parts:
    """Jets of one class; all classes have the same names, in the same order."""

    train: JetImages
    validation: JetImages
    test: JetImages


def embedded_classes(pair: Embedded) -> dict[str, Parts]:
    """The jets that ship, by class, divided as they ship."""
    return {name: Parts(*(embedded_jets(name, split) for split in ("train", "validation", "test")))
            for name in CLASSES[pair]}


def classes_of_files(files: Files | Sequence[JetImages], seed: int = 0) -> dict[str, Parts]:
    """The jets of each file, or set, by the name of their class, 60 % to train on, 10 % to stop by, 30 % to score.

    Raises:
        DataError: two files hold jets of one class, there is but one class, or they differ in pixels, frame or units.
    """
    found: dict[str, JetImages] = {}
    sets = files if not isinstance(files, Files) else [read_jets(replace(files, paths=(p,))) for p in files.paths]
    for jets in sets:
        for label in jets.classes:
            part, name = jets.only(label), jets.name(label)
            if name in found:
                raise DataError(jets.source, "signal", f"holds {name} jets, as {found[name].source} does")
            found[name] = part
    if len(found) < 2:
        raise DataError(next(iter(found.values())).source, "signal", "holds jets of one class, expected several")
    names, first = tuple(found), next(iter(found.values()))
    for jets in found.values():
        check_alike(first, jets, what=("grid", "frame", "units"))
    named = {name: replace(jets, label=np.full(len(jets), names.index(name)), class_names=names)
             for name, jets in found.items()}
    return {name: Parts(*jets.split(seed, FRACTIONS)) for name, jets in named.items()}
