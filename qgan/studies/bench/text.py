"""The benchmark's result as text. ``a (b–c)`` is a number and its 68 % interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...base.console import aligned
from .gan import PER_SAMPLE
from .layer import DEEPER, OURS, PRODUCT, QUOTED, of_size
from .shares import RIVAL
from .timing import Estimate, Timing

#: Share of the clock's time below which a reader is told.
DISTURBED = 0.8


def as_text(result: dict[str, Any]) -> str:
    """Every part that was measured, with a line on the machine above it."""
    sections: dict[str, Callable[[Any], Iterator[str]]] = {
        "layer": _layer, "shares": _shares, "capacity": _capacity, "gan": _gan, "sampling": _sampling,
        "simulation": _simulation, "memory": _memory}
    paragraphs = [_machine(result), *(write(result[part]) for part, write in sections.items() if part in result)]
    if result["left_out"]:
        paragraphs.append(iter([f"left out for lack of time: {'; '.join(result['left_out'])}"]))
    paragraphs += [_against_simulation(result), marks_table(result["marks"])]
    return "\n\n".join(filter(None, map("\n".join, paragraphs)))


def marks_table(marks: Sequence[Timing]) -> Iterator[str]:
    """What must hold and what was measured, as a table in Markdown."""
    if not marks:
        return
    yield "| what | must | measured (68 %) | on the clock | holds |"
    yield "|---|---|---|---|---|"
    for mark in marks:
        must = f"{'≥' if mark['at_least'] else '≤'} {mark['must']:,g}"
        clock = "" if mark["clock"] is None else _short(mark["clock"])
        yield f"| {mark['what']} | {must} | {_interval(mark)} | {clock} | {mark['holds']} |"


def _short(value: float) -> str:
    """Three digits, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _interval(row: Timing, name: str = "") -> str:
    """A number with the ends of its interval: that of a name, or the one that the row is."""
    value, low, high = Estimate.read(row, name) if name else (row["value"], row["low"], row["high"])
    return _short(value) if low == value == high else f"{_short(value)} ({_short(low)}–{_short(high)})"


def _milliseconds(row: Timing) -> tuple[str, str]:
    """Own time and the clock's."""
    return f"{1e3 * row['seconds']:.3f}", f"{1e3 * row['wall']:.3f}"


def layer_table(rows: Sequence[Timing]) -> str:
    """Layers: own time and its ratio to the quantum layer's, and both on the clock."""
    head = ("", "", "qubits", "angles", "batch", "ms", "on clock", "x layer", "on clock", "")
    lines = [(row["what"], row["direction"], row["n_qubits"], f"{row['n_layers']}x{row['n_rotations']}", row["batch"],
              *_milliseconds(row), _interval(row, "ratio"), _short(row["wall_ratio"]),
              f"(run on {row['scaled']}, scaled)" if row["scaled"] else "") for row in rows]
    return aligned([head, *lines], left=(0, 1, 9))


def _machine(result: dict[str, Any]) -> Iterator[str]:
    machine = result["machine"]
    loads = [machine["load"], result["load_at_the_end"]]
    load = "" if None in loads else ", load {:.1f} before, {:.1f} after".format(*loads)
    yield (f"{machine['device_name']}, {machine['cores']} cores, {result['threads']} threads{load}; torch "
           f"{machine['libraries']['torch']}, PennyLane {machine['libraries']['pennylane']}; "
           f"{result['seconds']['all']:.0f} s in all")
    yield f"{result['estimator']}; on the clock: medians"
    yield from disturbance(result)


def disturbance(result: dict[str, Any]) -> Iterator[str]:
    """How much of the clock's time the measured calls had a processor, if that is little."""
    rows = [row for part in ("layer", "gan") for row in result.get(part, {}).get("rows", [])]
    if not rows:
        return
    share = float(np.median([row["seconds"] / row["wall"] for row in rows]))
    if share < DISTURBED:
        yield f"other programs had the processor: own time is {share:.0%} of the clock's" + (
            "; with several threads, waiting for one that lost its processor counts as own time: one thread is surer"
            if result["threads"] > 1 else "")


def _layer(part: dict[str, Any]) -> Iterator[str]:
    yield layer_table(part["rows"])
    yield f"other simulators: {', '.join(part['other_simulators']) or 'none installed (see the extra bench)'}"
    yield "share of the matrix product, forward+backward, by batch: " + ", ".join(
        f"{batch}: {share:.0%}" for batch, share in product_shares(part["rows"]).items())
    growth = {name: _interval(power) for name, power in part["growth"].items()}
    yield (f"time grows with batch to the power {growth['batch 1 to 256']} up to 256, {growth['batch 256 to 4096']} "
           f"beyond; with layers to the power {growth['layers']}; by {growth['factor per qubit']} a qubit from 8 on")
    for (name, steps), size in zip(part["counts"].items(), (QUOTED, DEEPER), strict=False):
        taken = [row["seconds"] for row in part["rows"] if row["what"] == OURS and of_size(row, size)
                 and row["direction"] == "forward+backward"]
        yield f"operations and bytes of the {name} step: " + "; ".join(
            f"{what} {n['operations'] / 1e6:.1f}M, {n['bytes'] / 1e6:.1f} MB" for what, n in steps.items()) + "".join(
            f"; measured {1e3 * seconds:.2f} ms, {_rates(steps, seconds)}" for seconds in taken)
    yield "kept for the backward pass: " + ", ".join(
        f"{name} {kept / 1e6:.2f} MB" for name, kept in part["kept_for_backward"].items())


def _rates(steps: dict[str, dict[str, int]], seconds: float) -> str:
    """Operations and bytes a second of a whole step."""
    operations, moved = (sum(n[key] for n in steps.values()) / seconds / 1e9 for key in ("operations", "bytes"))
    return f"{operations:.1f} GFLOP/s, {moved:.1f} GB/s"


def product_shares(rows: Sequence[Timing]) -> dict[int, float]:
    """The bare matrix product's part of the quantum layer's time by batch, quoted circuit, forward and backward."""
    return {row["batch"]: row["ratio"] for row in sorted(rows, key=lambda row: row["batch"])
            if row["what"] == PRODUCT and row["direction"] == "forward+backward"
            and of_size(row, replace(QUOTED, batch=row["batch"]))}


def _shares(rows: Sequence[Timing]) -> Iterator[str]:
    yield aligned([
        ("training step of shares", "numbers", "batch", "ms", "on clock", f"it / {RIVAL} of equal size", "on clock"),
        *((row["what"], row["numbers"], row["batch"], *_milliseconds(row), _interval(row, "over"),
           _short(row["over_wall"])) for row in rows)])


def _capacity(rows: Sequence[Timing]) -> Iterator[str]:
    yield aligned([
        ("qubits", "layers", "gradient variance", "expressibility (Haar)", "entanglement (Haar)"),
        *((row["n_qubits"], row["n_layers"], f"{row['gradient_variance']:.2e}",
           f"{row['expressibility']:.3f} ({row['expressibility_floor']:.3f})",
           f"{row['entanglement']:.3f} ({row['entanglement_haar']:.3f})") for row in rows)], left=())


def _gan(part: dict[str, Any]) -> Iterator[str]:
    yield aligned([
        ("training step, core", "batch", "ms", "on clock", "quantum / it", "on clock", "of the sums", ""),
        *((row["core"], row["batch"], *_milliseconds(row), _interval(row, "quantum_over"),
           _short(row["quantum_over_wall"]), f"{row['quantum_over_all']:.3g}",
           f"(circuit run on {row['scaled']}, scaled)" if row["core"] == PER_SAMPLE else "") for row in part["rows"])],
        left=(0, 7))


def _sampling(part: dict[str, Any]) -> Iterator[str]:
    yield (f"sampling from the generator {part['generator']}, blocks of {part['block']} jets, "
           f"{part['pixels_above_threshold']:.0f} pixels above 0.1 GeV")
    yield aligned([
        ("jets", "substructure", "threads", "jets a second", "on clock"),
        *((row["jets"], "yes" if row["substructure"] else "no", row["threads"], _interval(row, "rate"),
           _short(row["wall_rate"])) for row in part["rows"])], left=())


def _simulation(part: dict[str, Any]) -> Iterator[str]:
    if part["left_out"]:
        yield f"simulation left out: {part['left_out']}"
    for row in part["rows"]:
        yield (f"simulation of {row['process']} on one core: {row['rate']:.1f} ± {row['rate_spread']:.1f} jets a "
               f"second ({row['jets']} jets), {row['wall_rate']:.1f} on the clock")


def _against_simulation(result: dict[str, Any]) -> Iterator[str]:
    if "sampling" not in result or not result.get("simulation", {}).get("rows"):
        return
    for substructure in (False, True):
        best = max((row for row in result["sampling"]["rows"]
                    if row["substructure"] == substructure and row["threads"] == 1), key=lambda row: row["jets"])
        ratios = ", ".join(f"{best['rate'] / row['rate']:.0f} times {row['process']}"
                           for row in result["simulation"]["rows"])
        yield (f"sampling {'with' if substructure else 'without'} substructure on one core: "
               f"{best['rate']:.0f} jets a second, {ratios}")


def _memory(rows: Sequence[Timing]) -> Iterator[str]:
    keys = ("loaded", "peak", "added", "gpu")
    yield aligned([("resident memory, MB", "loaded", "peak", "added", "on GPU"),
                   *((row["what"], *(f"{row[key] / 1e6:.0f}" for key in keys)) for row in rows)])
