"""Jets of which something is asked: a class, quantities within ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..base.errors import DataError, did_you_mean
from .jets import JetImages

#: By name of a quantity the lowest and highest value, both included; by ``label`` the name or number of a class.
Selection = Mapping[str, str | int | tuple[float, float]]


def select(jets: JetImages, wanted: Selection) -> JetImages:
    """The jets that have what is wanted; their origin says what that was.

    Args:
        wanted: ``{"label": "w", "pt": (265.0, 275.0)}``.

    Raises:
        DataError: the jets lack a quantity or class, or none is left.

    >>> from qgan.data import embedded_jets
    >>> few = select(embedded_jets("w_qcd", "test"), {"label": "w", "pt": (265.0, 275.0)})
    >>> few.classes, bool(few.conditions["pt"].min() >= 265)
    ([1], True)
    """
    chosen = np.ones(len(jets), bool)
    for name, value in wanted.items():
        if name == "label":
            chosen &= jets.label == _class_of(jets, str(value))
        elif isinstance(value, str | int):
            raise DataError("select", name, f"{value!r}, expected a range such as (265.0, 275.0), 265:275 in the shell")
        elif name not in jets.conditions:
            raise DataError(jets.source, name, f"no such quantity to select by; there are {', '.join(jets.conditions)}"
                                               f"{did_you_mean(name, list(jets.conditions))}")
        else:
            chosen &= (jets.conditions[name] >= value[0]) & (jets.conditions[name] <= value[1])
    if not chosen.any():
        raise DataError(jets.source, "", f"none of its jets has {told(wanted)}")
    earlier = jets.origin.get("selected", {})
    return replace(jets[chosen], origin={**jets.origin, "selected": {**earlier, **wanted}})


def told(wanted: Selection) -> str:
    """A selection as the shell has it: ``label=w pt=265:275``."""
    return " ".join(f"{name}={value if isinstance(value, str | int) else f'{value[0]:g}:{value[1]:g}'}"
                    for name, value in wanted.items())


def _class_of(jets: JetImages, name: str) -> int:
    """A class by name, whatever its case, or by number."""
    names = [known.lower() for known in jets.class_names]
    if name.lower() in names:
        return names.index(name.lower())
    if name.isdigit() and int(name) < len(names):
        return int(name)
    raise DataError(jets.source, "label", f"no class {name!r}; the classes are {', '.join(jets.class_names)}"
                                          f"{did_you_mean(name, jets.class_names)}")
