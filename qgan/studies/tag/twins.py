"""What the circuit of a quantum tagger adds: its AUC less that of a twin without one, seed by seed.

Trainings of one seed have the same jets, so their difference is free of what the jets' choice does to both. What counts
is a t-test of the differences over the seeds; the test jets are the same for all of them, and their error is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...taggers import TAGGERS
from ..paired import paired

if TYPE_CHECKING:
    from .study import Tagged

#: Level at which a difference counts.
LEVEL = 0.05


class Against(NamedTuple):
    """A quantum tagger against a twin.

    Attributes:
        tagger, twin: their names.
        jets: both were trained on.
        numbers: trained of the tagger and of the twin.
        gain: mean over the seeds of the tagger's AUC less the twin's.
        error: of it; None of one seed.
        p_value: of no difference; None of one seed.
    """

    tagger: str
    twin: str
    jets: int
    numbers: tuple[int, int]
    gain: float
    error: float | None
    p_value: float | None

    def __str__(self) -> str:
        start = f"{self.tagger} against {self.twin}, {self.jets:,} jets, {self.numbers[0]:,} and {self.numbers[1]:,} " \
                f"trained numbers: AUC {self.gain:+.4f}"
        if self.error is None or self.p_value is None:
            return f"{start} (one seed says nothing)"
        verdict = "not told apart" if self.p_value > LEVEL else "better" if self.gain > 0 else "worse"
        return f"{start} ± {self.error:.4f} (p = {self.p_value:.2g}, paired over the seeds): {verdict}"


def against_twins(found: Sequence[Tagged]) -> list[Against]:
    """Every quantum tagger with each of its twins that was trained on as many jets."""
    by_name = {(one.tagger, one.jets): one for one in found}
    return [_against(one, by_name[twin, one.jets]) for one in found for twin in TAGGERS[one.tagger].twins
            if (twin, one.jets) in by_name]


def _against(one: Tagged, twin: Tagged) -> Against:
    gain, error, p_value = paired(one.aucs, twin.aucs)
    known = (error, p_value) if len(one.aucs) > 1 else (None, None)
    return Against(one.tagger, twin.tagger, one.jets, (one.numbers, twin.numbers), gain, *known)
