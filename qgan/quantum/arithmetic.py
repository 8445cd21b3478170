"""Operation and byte counts of one step of the layer, from the shapes of its plan."""

from __future__ import annotations

from .layer import QuantumLayer


def step_counts(layer: QuantumLayer, batch: int) -> dict[str, dict[str, int]]:
    """Floating-point operations and bytes moved by the circuit and by the product with the batch, a step.

    Bytes count every operand read and every result written once per operation, as if nothing stayed in cache.
    """
    n_groups, types, count, subsets, size = layer.plan.shape
    amplitudes, width = 2**layer.n_qubits, layer.in_features + 1
    real = layer.weights.element_size()
    one_group = 8 * count * amplitudes * width
    blocks = 8 * n_groups * types * subsets * count**2
    factors = n_groups * subsets * count * size
    state, matrix = 2 * amplitudes * width, 4 * n_groups * types * count**2
    later = n_groups - 1
    product = 2 * batch * width * 2 * amplitudes
    moved = batch * width + state + batch * 2 * amplitudes
    return {
        "circuit forward": {
            "operations": later * one_group + blocks + 3 * factors,
            "bytes": real * ((4 * later + 2) * state + 4 * matrix + 4 * factors),
        },
        "circuit backward": {
            "operations": 2 * later * one_group + 2 * blocks + 3 * factors,
            "bytes": real * ((6 * later + 2) * state + 6 * matrix + 4 * factors),
        },
        "product forward": {"operations": product, "bytes": real * moved},
        "product backward": {"operations": product, "bytes": real * moved},
    }
