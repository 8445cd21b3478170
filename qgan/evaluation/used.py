"""Which observables the judged generator was made with: those it had to get right, and those that nobody asked for.

The list of a generator travels with its jets (``uses`` in their origin, taken from its losses and networks by
:mod:`qgan.training.used`). Jets that do not say it are assumed to have seen what the generators that ship have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..observables.broad import broad_units
from ..observables.registry import measured
from ..observables.spectrum import THRESHOLDS
from ..sampling.pretrained import read_card, shipped_models
from .sample import FLOW

#: What a statistic, condition or law says under another name; all others say what they are called.
_ALSO: dict[str, tuple[str, ...]] = {
    "pixel_mean": ("pixel_mean", "pt"), "pt": ("pixel_mean", "pt"), "image_mass": ("mass",),
    "image_tau_21": ("tau_21",), "image_tau_32": ("tau_32",), "harder_half": ("asymmetry_phi",),
    "spectrum": ("log_pixel", "log_mean", "log_std", *(name for name in broad_units() if name.startswith("quantile_")),
                 *(f"above_{threshold:g}" for threshold in THRESHOLDS))}
#: A count of pixels above one threshold is known where that of another one is, within this factor.
_NEAR = 1.5
_COUNT = "count_"
#: Pixels counted by ``soft_nnz`` and ``nnz``, GeV.
_LIT = 0.1


@dataclass(frozen=True)
class Lists:
    """The observables of referees, in two lists.

    Attributes:
        used: by a loss, a coding, the discriminator or the construction.
        unused: by none.
        assumed: whether the jets did not say it.
    """

    used: tuple[str, ...]
    unused: tuple[str, ...]
    assumed: bool


def every() -> tuple[str, ...]:
    """All observables that referees look at: the measured, the broad ones and the energy flow."""
    return (*measured(), *broad_units(), *FLOW)


def lists(origin: Mapping[str, Any]) -> Lists:
    """The two lists of the jets of an origin (:attr:`qgan.data.JetImages.origin`)."""
    stated = _stated(origin)
    known = known_observables(assumed_uses() if stated is None else stated)
    return Lists(tuple(n for n in every() if n in known), tuple(n for n in every() if n not in known), stated is None)


def known_observables(statistics: Iterable[str]) -> frozenset[str]:
    """The observables that a generator which was made with these statistics knows about.

    A centroid knows its distance when it knows both coordinates.
    """
    names = set(statistics)
    found = {name for statistic in names for name in _ALSO.get(statistic, (statistic,))}
    counted = [float(name.removeprefix(_COUNT)) for name in names if name.startswith(_COUNT)]
    counted += [_LIT] if {"soft_nnz", "nnz", "soft_count"} & names else []
    found |= {f"above_{t:g}" for t in THRESHOLDS if any(t / _NEAR <= c * (1 + 1e-9) and c <= t * _NEAR * (1 + 1e-9)
                                                        for c in counted)}
    if any(f"above_{_LIT:g}" == name for name in found):
        found.add("nnz")
    if {"centroid_eta", "centroid_phi"} <= found:
        found.add("centroid_r")
    return frozenset(found & set(every()))


@lru_cache(maxsize=1)
def assumed_uses() -> tuple[str, ...]:
    """What the generators that ship were made with, all together."""
    return tuple(sorted({name for model in shipped_models() for name in read_card(model)["uses"]}))


def _stated(origin: Mapping[str, Any]) -> set[str] | None:
    """The statistics that an origin names; of merged jets those of all, if all name theirs."""
    parts = origin.get("merged")
    if isinstance(parts, list) and parts:
        stated = [_stated(part) if isinstance(part, Mapping) else None for part in parts]
        return None if None in stated else set().union(*(s for s in stated if s is not None))
    uses = origin.get("uses")
    return set(map(str, uses)) if isinstance(uses, list) else None
