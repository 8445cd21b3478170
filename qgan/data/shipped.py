"""The jets that ship with the package."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.errors import DataError
from ..base.seeding import numpy_rng
from .files import read_jets
from .jets import JetImages

FOLDER = Path(__file__).parent / "embedded"
SPLITS = ("train", "validation", "test")
#: The processes of each set; label 0 first.
SETS = {"w_qcd": ("qcd", "w"), "quark_gluon": ("gluon", "quark"),
        "w": ("w",), "qcd": ("qcd",), "quark": ("quark",), "gluon": ("gluon",)}


def shipped_set(class_names: tuple[str, ...]) -> str | None:
    """The set that holds both classes, whatever their labels are, if one ships."""
    return next((name for name, processes in SETS.items() if processes in (class_names, class_names[::-1])), None)


def embedded_jets(name: str, split: str, *, mixed: bool = True) -> JetImages:
    """Jets of our own simulation, 25×25 pixels; the classes are mixed, the jets of each in their order.

    Args:
        name: ``w_qcd`` or ``quark_gluon`` for both classes, or ``w``, ``qcd``, ``quark``, ``gluon``.
        split: ``train``, ``validation`` or ``test``: different jets of one seeded simulation
            (:mod:`.embedded.make`).
        mixed: false for one class after the other, as the seeds of trainings take them.

    Raises:
        DataError: there is no such set or split.
    """
    if name not in SETS:
        raise DataError("embedded jets", name, f"no such set, expected one of {', '.join(SETS)}")
    if split not in SPLITS:
        raise DataError("embedded jets", split, f"no such split, expected one of {', '.join(SPLITS)}")
    jets = replace(read_jets([FOLDER / split / f"{process}.h5" for process in SETS[name]]),
                   source=f"embedded {split} jets of {name}")
    if not mixed or len(SETS[name]) == 1:
        return jets
    classes = numpy_rng(0, "mixed").permutation(jets.label)
    order = np.empty(len(jets), np.int64)
    for label in jets.classes:
        order[classes == label] = np.flatnonzero(jets.label == label)
    return jets[order]
