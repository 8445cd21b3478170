"""What must hold of the layer, the training step and the sampling, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .gan import DENSE_CORE
from .layer import BROADCAST, DEEPER, DENSE, ONE_BY_ONE, QUOTED, Size
from .timing import Estimate

Rows = list[dict[str, Any]]
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
        """``cannot be told`` where the limit lies within the interval, as on a machine that others were using."""
        right, wrong = (self.low, self.high) if self.at_least else (-self.high, -self.low)
        must = self.must if self.at_least else -self.must
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
            power = part["growth"]["batch 1 to 256"]
            yield Mark("time of the layer, power of the batch from 1 to 256", 1, False, power, power, power)
    for row in result.get("gan", {}).get("rows", []):
        if row["core"] == DENSE_CORE:
            yield Mark("training step, quantum over dense core", 1.1, False, row["quantum_over"],
                       row["quantum_over_low"], row["quantum_over_high"], row["quantum_over_wall"])
    one_core = [row for row in result.get("sampling", {}).get("rows", [])
                if row["threads"] == 1 and not row["substructure"]]
    if one_core:
        row = max(one_core, key=lambda row: row["jets"])
        yield Mark("sampling, jets a second on one core", RATE, True, row["rate"], row["rate_low"], row["rate_high"],
                   row["wall_rate"])


def _layer(rows: Rows, size: Size, others: list[str]) -> Iterator[Mark]:
    """Forward and backward, of one circuit."""
    found = {row["what"]: row for row in rows if of_size(row, size) and row["direction"] == "forward+backward"}
    where = f"layer {size.n_layers}x{size.n_rotations}"
    if ONE_BY_ONE in found:
        yield _times(f"{where}: times as fast as {ONE_BY_ONE}", 1000, found[ONE_BY_ONE])
    if BROADCAST in found:
        yield _times(f"{where}: times as fast as {BROADCAST}", 20, found[BROADCAST])
    simulators = [found[name] for name in others if name in found]
    if simulators:
        next_one = min(simulators, key=lambda row: row["ratio"])
        yield _times(f"{where}: times as fast as the next simulator ({next_one['what']})", 3, next_one)
    if DENSE in found:
        row = found[DENSE]
        over = Estimate(row["ratio"], row["ratio_low"], row["ratio_high"]).inverse
        yield Mark(f"{where}: its time over that of a dense layer", 3, False, over.value, over.low, over.high,
                   1 / row["wall_ratio"])


def _times(what: str, must: float, row: dict[str, Any]) -> Mark:
    return Mark(what, must, True, row["ratio"], row["ratio_low"], row["ratio_high"], row["wall_ratio"])


def of_size(row: dict[str, Any], size: Size) -> bool:
    """Whether the row is of that circuit and batch."""
    return all(row[name] == getattr(size, name) for name in ("n_qubits", "n_layers", "n_rotations", "batch"))
