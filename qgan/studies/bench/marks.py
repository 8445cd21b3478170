"""What must hold of the layer, the training step and the sampling, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .gan import DENSE_CORE
from .layer import BROADCAST, DEEPER, DENSE, ONE_BY_ONE, QUOTED, Size, of_size
from .shares import BORN, RIVAL
from .timing import Estimate, Timing

Verdict = Literal["yes", "cannot be told", "no"]
#: Jets a second that sampling must make on one core, without substructure.
RATE = 5000


@dataclass(frozen=True)
class Mark:
    """One thing that must hold.

    Attributes:
        what: is measured.
        must: the limit, at least that or at most that.
        at_least: which of the two.
        value, low, high: measured, with the 68 % interval.
        clock: the same on the clock, medians.
    """

    what: str
    must: float
    at_least: bool
    value: float
    low: float
    high: float
    clock: float | None = None

    @property
    def holds(self) -> Verdict:
        """``cannot be told`` where the limit lies within the interval, as on a machine that others were using, or where
        there is none, as of a single turn."""
        right, wrong = (self.low, self.high) if self.at_least else (-self.high, -self.low)
        must = self.must if self.at_least else -self.must
        if right == wrong:
            return "cannot be told"
        return "yes" if right >= must else "no" if wrong < must else "cannot be told"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"holds": self.holds}


def marks(result: dict[str, Any]) -> Iterator[Mark]:
    """Those of the parts that were measured."""
    if "layer" in result:
        part = result["layer"]
        for size in (QUOTED, DEEPER):
            yield from _layer(part["rows"], size, part["other_simulators"])
        if "growth" in part:
            power = Estimate(**part["growth"]["batch 1 to 256"])
            yield Mark("time of the layer, power of the batch from 1 to 256", 1, False, *power)
    for row in result.get("shares", []):
        if row["what"] == BORN:
            yield Mark(f"step of {BORN}, over {RIVAL} of equal size", 3, False, *Estimate.read(row, "over"),
                       row["over_wall"])
    for row in result.get("gan", {}).get("rows", []):
        if row["core"] == DENSE_CORE:
            yield Mark("training step, quantum over dense core", 1.1, False, *Estimate.read(row, "quantum_over"),
                       row["quantum_over_wall"])
    one_core = [row for row in result.get("sampling", {}).get("rows", [])
                if row["threads"] == 1 and not row["substructure"]]
    if one_core:
        row = max(one_core, key=lambda row: row["jets"])
        yield Mark("sampling, jets a second on one core", RATE, True, *Estimate.read(row, "rate"), row["wall_rate"])


def _layer(rows: Sequence[Timing], size: Size, others: list[str]) -> Iterator[Mark]:
    """Forward and backward, of one circuit."""
    found = {row["what"]: row for row in rows if of_size(row, size) and row["direction"] == "forward+backward"}
    simulators = [name for name in others if name in found]
    asked = {ONE_BY_ONE: (ONE_BY_ONE, 1000), BROADCAST: (BROADCAST, 20)}
    if simulators:
        next_one = min(simulators, key=lambda name: found[name]["ratio"])
        asked[f"the next simulator ({next_one})"] = next_one, 3
    where = f"layer {size.n_layers}x{size.n_rotations}"
    for called, (name, must) in asked.items():
        if name in found:
            yield Mark(f"{where}: times as fast as {called}", must, True, *Estimate.read(found[name], "ratio"),
                       found[name]["wall_ratio"])
    if DENSE in found:
        yield Mark(f"{where}: its time over that of a dense layer", 3, False,
                   *Estimate.read(found[DENSE], "ratio").inverse, 1 / found[DENSE]["wall_ratio"])
