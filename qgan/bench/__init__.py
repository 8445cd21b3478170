"""``qgan bench``: what the quantum layer costs and can do, measured in one run."""

from __future__ import annotations

from typing import Any

from ..quantum import QuantumLayer
from ..quantum.arithmetic import step_counts
from ..quantum.capacity import capability, gradient_variance
from ..quantum.simulators import installed
from .layer import DEEPER, QUOTED, Size, compare, growth, kept_for_backward, layer_rows
from .timing import Row, machine, set_threads, take_turns

__all__ = ["DEEPER", "QUOTED", "Row", "Size", "bench_layer", "capacity_table", "compare", "counts", "growth",
           "kept_for_backward", "layer_rows", "machine", "set_threads", "table", "take_turns"]  # fmt: skip


def counts(size: Size = QUOTED) -> dict[str, dict[str, int]]:
    """Operations and bytes of one step of a circuit."""
    layer = QuantumLayer(
        in_features=size.inputs, n_qubits=size.n_qubits, n_layers=size.n_layers, n_rotations=size.n_rotations, seed=1
    )
    return step_counts(layer, size.batch)


def capacity_table(quick: bool = True) -> list[dict[str, float]]:
    """Gradient variance, expressibility and entanglement of random layers by qubits and layers."""
    samples, circuits = (60, 4) if quick else (300, 8)
    return [
        {
            "n_qubits": n_qubits,
            "n_layers": n_layers,
            "gradient_variance": gradient_variance(n_qubits, n_layers, samples=samples, circuits=circuits),
            **capability(n_qubits, n_layers, samples=5 * samples, circuits=circuits),
        }
        for n_qubits in ((2, 4, 6, 8) if quick else (2, 4, 6, 8, 10))
        for n_layers in (1, 2, 4, 8)
    ]


def bench_layer(quick: bool = True, threads: int | None = None) -> dict[str, Any]:
    """Everything about the layer as JSON-able values; under three minutes with ``quick`` on a quiet machine."""
    set_threads(threads)
    before = machine()
    return {
        "machine": before,
        "other_simulators": installed(),
        "rows": [row.to_dict() for row in layer_rows(quick)],
        "counts": {"quoted": counts(QUOTED), "deeper": counts(DEEPER)},
        "kept_for_backward": kept_for_backward(),
        "growth": growth(quick),
        "capacity": capacity_table(quick),
        "load_at_the_end": machine()["load"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as aligned text: time and ratio to the quantum layer, with spreads."""
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
