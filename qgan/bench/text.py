"""The benchmark's result as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .gan import PER_SAMPLE
from .layer import DEEPER, OURS, QUOTED, Size

Rows = list[dict[str, Any]]


def report(result: dict[str, Any]) -> str:
    """Every part that was measured, with a line on the machine above it."""
    sections: dict[str, Callable[[Any], Iterator[str]]] = {
        "layer": _layer, "capacity": _capacity, "gan": _gan, "sampling": _sampling,
        "simulation": _simulation, "memory": _memory}
    lines = [_machine(result)]
    for part, write in sections.items():
        if part in result:
            lines += ["", *write(result[part])]
    rates = list(_against_simulation(result))
    return "\n".join([*lines, *(["", *rates] if rates else [])])


def table(rows: Rows) -> str:
    """Layers: time and its ratio to the quantum layer's, with spreads."""
    lines = [f"{'':32}{'':18}{'qubits':>6}{'angles':>8}{'batch':>7}{'ms':>12}{'':10}{'x layer':>10}"]
    for row in rows:
        angles = f"{row['n_layers']}x{row['n_rotations']}"
        mark = f" (run on {row['scaled']}, scaled)" if row["scaled"] else ""
        lines.append(
            f"{row['what']:32}{row['direction']:18}{row['n_qubits']:6}{angles:>8}{row['batch']:7}"
            f"{1e3 * row['seconds']:12.3f} ± {1e3 * row['spread']:<7.2g}"
            f"{row['ratio']:10.3g} ± {row['ratio_spread']:.2g}{mark}"
        )
    return "\n".join(lines)


def _machine(result: dict[str, Any]) -> str:
    machine = result["machine"]
    loads = [machine["load"], result["load_at_the_end"]]
    load = "" if None in loads else ", load {:.1f} before, {:.1f} after".format(*loads)
    return (f"{machine['device_name']}, {machine['cores']} cores, {result['threads']} threads{load}; torch "
            f"{machine['libraries']['torch']}, PennyLane {machine['libraries']['pennylane']}; median ± half of the "
            f"central 68 %; {result['seconds']['all']:.0f} s in all")


def _layer(part: dict[str, Any]) -> Iterator[str]:
    yield from table(part["rows"]).splitlines()
    for size in (QUOTED, DEEPER):
        yield from _quoted(part["rows"], size)
    others = ", ".join(part["other_simulators"])
    yield f"other simulators: {others or 'none installed (see the extra bench)'}"
    yield "share of the matrix product, forward+backward, by batch: " + ", ".join(
        f"{batch}: {share:.0%}" for batch, share in product_shares(part["rows"]).items())
    growth = part["growth"]
    yield (f"time grows with batch to the power {growth['batch 1 to 256']:.2f} up to 256, "
           f"{growth['batch 256 to 4096']:.2f} beyond; with layers to the power {growth['layers']:.2f}; "
           f"by {growth['factor per qubit']:.2f} a qubit from 8 qubits on")
    for name, steps in part["counts"].items():
        yield f"operations and bytes of the {name} step: " + "; ".join(
            f"{what} {n['operations'] / 1e6:.1f}M, {n['bytes'] / 1e6:.1f} MB" for what, n in steps.items())
    yield "kept for the backward pass: " + ", ".join(
        f"{name} {kept / 1e6:.2f} MB" for name, kept in part["kept_for_backward"].items())


def _quoted(rows: Rows, size: Size) -> Iterator[str]:
    """The other contenders' times over the quantum layer's for one circuit, forward and backward, on a line."""
    named = {"n_qubits": size.n_qubits, "n_layers": size.n_layers, "n_rotations": size.n_rotations,
             "batch": size.batch, "direction": "forward+backward"}
    found = [row for row in rows if row["what"] != OURS and all(row[key] == value for key, value in named.items())]
    if found:
        ratios = ", ".join(f"{row['what']} {row['ratio']:.3g} ± {row['ratio_spread']:.2g}" for row in found)
        yield (f"{size.n_qubits} qubits, {size.n_layers} layers of {size.n_rotations} angles, batch {size.batch}, "
               f"forward+backward, times the quantum layer: {ratios}")


def product_shares(rows: Rows) -> dict[int, float]:
    """The bare matrix product's part of the quantum layer's time by batch, quoted circuit, forward and backward."""
    quoted = next(((row["n_qubits"], row["n_layers"], row["n_rotations"]) for row in rows if row["what"] == OURS), None)
    return {row["batch"]: row["ratio"] for row in sorted(rows, key=lambda row: row["batch"])
            if row["what"] == "matrix product" and row["direction"] == "forward+backward"
            and (row["n_qubits"], row["n_layers"], row["n_rotations"]) == quoted}


def _capacity(rows: Rows) -> Iterator[str]:
    yield f"{'qubits':>6}{'layers':>8}{'gradient variance':>20}{'expressibility (Haar)':>26}{'entanglement (Haar)':>24}"
    for row in rows:
        express = f"{row['expressibility']:.3f} ({row['expressibility_floor']:.3f})"
        entangled = f"{row['entanglement']:.3f} ({row['entanglement_haar']:.3f})"
        yield f"{row['n_qubits']:6}{row['n_layers']:8}{row['gradient_variance']:20.2e}{express:>26}{entangled:>24}"


def _gan(part: dict[str, Any]) -> Iterator[str]:
    yield f"{'training step, core':32}{'batch':>7}{'ms':>12}{'':10}{'quantum / it':>13}{'':11}{'of the sums':>12}"
    for row in part["rows"]:
        mark = f" (circuit run on {row['scaled']}, scaled)" if row["core"] == PER_SAMPLE else ""
        yield (f"{row['core']:32}{row['batch']:7}{1e3 * row['seconds']:12.1f} ± {1e3 * row['spread']:<7.2g}"
               f"{row['quantum_over']:13.3g} ± {row['quantum_over_spread']:<8.2g}{row['quantum_over_all']:12.3g}{mark}")


def _sampling(part: dict[str, Any]) -> Iterator[str]:
    yield (f"sampling from the generator {part['generator']}, blocks of {part['block']} jets, "
           f"{part['pixels_above_threshold']:.0f} pixels above 0.1 GeV")
    yield f"{'jets':>8}{'substructure':>14}{'jets a second':>16}"
    for row in part["rows"]:
        yield (f"{row['jets']:8}{'yes' if row['substructure'] else 'no':>14}{row['rate']:16.0f} ± "
               f"{row['rate_spread']:.0f}")


def _simulation(part: dict[str, Any]) -> Iterator[str]:
    if part["left_out"]:
        yield f"simulation left out: {part['left_out']}"
    for row in part["rows"]:
        yield (f"simulation of {row['process']} on one core: {row['rate']:.1f} ± {row['rate_spread']:.1f} jets a "
               f"second ({row['jets']} jets)")


def _against_simulation(result: dict[str, Any]) -> Iterator[str]:
    if "sampling" not in result or not result.get("simulation", {}).get("rows"):
        return
    for substructure in (False, True):
        best = max((row for row in result["sampling"]["rows"] if row["substructure"] == substructure),
                   key=lambda row: row["jets"])
        ratios = ", ".join(f"{best['rate'] / result['threads'] / row['rate']:.0f} times {row['process']}"
                           for row in result["simulation"]["rows"])
        yield (f"sampling {'with' if substructure else 'without'} substructure, jets a second and core: "
               f"{best['rate'] / result['threads']:.0f}, {ratios}")


def _memory(rows: Rows) -> Iterator[str]:
    yield f"{'resident memory, MB':50}{'loaded':>9}{'peak':>9}{'added':>9}"
    for row in rows:
        yield f"{row['what']:50}" + "".join(f"{row[key] / 1e6:9.0f}" for key in ("loaded", "peak", "added"))
