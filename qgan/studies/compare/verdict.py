"""What the quantum layer adds, said in a sentence that the numbers write.

A figure of two models differs when the difference of the means over the seeds is more than twice its uncertainty:
the spread over seeds, or the figures' own statistical error where that is larger, over the square root of the seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...runs.checkpoint import first_difference
from .entries import Entry
from .headlines import compared
from .trained import MODEL

#: Differences of more than so many uncertainties count.
CLEAR = 2.0
_CORE = "generator.core"
_CONTROLS = {"dense": "a trained dense layer", "frozen": "the same circuit with angles that do not train",
             "orthogonal": "a fixed random isometry", "none": "no layer at all"}


@dataclass(frozen=True)
class Difference:
    """A figure of the quantum model against that of another.

    Attributes:
        name: of the figure.
        quantum, other: means over the seeds.
        uncertainty: of their difference; None where there is no spread and no error.
        gain: how much better the quantum model is, in uncertainties; negative where it is worse.
    """

    name: str
    quantum: float
    other: float
    uncertainty: float | None
    gain: float | None


def differences(quantum: Entry, other: Entry, group: str = "all") -> list[Difference]:
    """Every figure that both have."""
    found = []
    for name, headline in compared().items():
        mine, theirs = quantum.figure(name, group), other.figure(name, group)
        if mine is None or theirs is None:
            continue
        parts = (mine.uncertainty, theirs.uncertainty)
        uncertainty = None if None in parts else float(np.hypot(*np.array(parts, float)))
        better = (mine.mean - theirs.mean) * (1 if headline.more_is_better else -1)
        found.append(Difference(name, mine.mean, theirs.mean, uncertainty,
                                better / uncertainty if uncertainty else None))
    return found


def pairs(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Each quantum model with each model that differs from it in its core alone."""
    trained = [entry for entry in entries if entry.kind == "trained"]
    for quantum in trained:
        for other in trained:
            if _core(quantum) == "quantum" and _core(other) in _CONTROLS and _alike(quantum, other):
                yield quantum, other


def sentence(quantum: Entry, other: Entry) -> str:
    """What the quantum layer adds over the other model's core, or that it does not."""
    found = differences(quantum, other)
    seeds = min(len(quantum.seeds), len(other.seeds))
    start = (f"{quantum.name} against {other.name} ({_CONTROLS[_core(other)]} in place of the quantum one"
             f"{_sizes(quantum, other)}; {seeds} seed{'s' if seeds > 1 else ''} each): ")
    known = [d for d in found if d.gain is not None]
    better, worse = ([d for d in known if sign * (d.gain or 0) > CLEAR] for sign in (1, -1))
    same = len(known) - len(better) - len(worse)
    if not known:
        return f"{start}nothing can be said, since there is neither a spread over seeds nor an error."
    if not better and not worse:
        say = (f"the quantum layer adds nothing that shows: all {same} figures agree within {CLEAR:g} times their "
               "uncertainty")
    else:
        parts = [f"{verb} in {_listed(which)}" for verb, which in (("better", better), ("worse", worse)) if which]
        say = f"with the quantum layer it is {' and '.join(parts)}; {same} of {len(known)} figures do not differ"
    return f"{start}{say}.{'' if seeds > 1 else ' One seed has no spread: only statistical errors count here.'}"


def _listed(found: Sequence[Difference]) -> str:
    titles = {name: headline.title for name, headline in compared().items()}
    return ", ".join(f"{titles[d.name]} ({d.quantum:.3g} against {d.other:.3g}, {abs(d.gain or 0):.1f} sigma)"
                     for d in found)


def _sizes(quantum: Entry, other: Entry) -> str:
    if quantum.parameters is None or other.parameters is None:
        return ""
    return f", {quantum.parameters['core']:,} against {other.parameters['core']:,} trained numbers in it"


def _core(entry: Entry) -> str:
    return str(entry.configuration.get("generator", {}).get("core"))


def _alike(one: Entry, other: Entry) -> bool:
    """Whether two models differ in the core alone."""
    first, second = ({**entry.configuration, "generator": {**entry.configuration["generator"], "core": ""}}
                     for entry in (one, other))
    return first_difference(first, second, MODEL) is None
