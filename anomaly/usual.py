"""Which jets are usual: those of a class, or of several, ``w+qcd``."""

from __future__ import annotations

import numpy as np

from qgan.base.errors import DataError
from qgan.data.jets import JetImages


def classes_of(usual: str) -> tuple[str, ...]:
    """The names of the classes.

    >>> classes_of("w+qcd")
    ('w', 'qcd')
    """
    return tuple(name.strip() for name in usual.split("+"))


def is_usual(jets: JetImages, usual: str) -> np.ndarray:
    """(N,) bool.

    Raises:
        DataError: the jets know no such class.
    """
    names = classes_of(usual)
    for name in names:
        if name not in jets.class_names:
            raise DataError(jets.source, "signal", f"no class {name!r}; the classes are {', '.join(jets.class_names)}")
    return np.isin(jets.label, [jets.class_names.index(name) for name in names])


def others(jets: JetImages, usual: str) -> str:
    """The names of the classes there are that are not usual."""
    return " and ".join(name for name in map(jets.name, jets.classes) if name not in classes_of(usual))


def require_only(jets: JetImages, usual: str) -> JetImages:
    """``jets``, if all of them are usual.

    Raises:
        DataError: there are others, or none at all: what is to be found must not be trained on.
    """
    unusual = int((~is_usual(jets, usual)).sum())
    if unusual:
        raise DataError(jets.source, "signal", f"{unusual} of {len(jets)} jets are no {usual} jets, expected none")
    if not len(jets):
        raise DataError(jets.source, "signal", f"no {usual} jets to train on")
    return jets


def require_both(jets: JetImages, usual: str) -> JetImages:
    """``jets``, if some are usual and some are not.

    Raises:
        DataError: they are not.
    """
    known = {*classes_of(usual)} <= {*jets.class_names}
    if not known or len(set(is_usual(jets, usual).tolist())) < 2:
        found = " and ".join(map(jets.name, jets.classes)) or "no"
        raise DataError(jets.source, "signal", f"holds {found} jets alone, expected {usual} jets and others")
    return jets
