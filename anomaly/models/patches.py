"""Images cut into patches, one for each qubit."""

from __future__ import annotations

from torch import Tensor

#: Beyond this many qubits the states of a batch no longer fit a small machine.
MOST_QUBITS = 16


def n_patches(shape: tuple[int, int], patch: int) -> int:
    """How many ``patch`` × ``patch`` squares cover an image of ``shape``.

    Raises:
        ValueError: they do not cover it exactly, or there are more than qubits can be simulated.
    """
    height, width = shape
    if patch < 1 or height % patch or width % patch:
        raise ValueError(f"patch: {patch} does not divide an image of {height} x {width} pixels")
    count = (height // patch) * (width // patch)
    if count > MOST_QUBITS:
        raise ValueError(f"patch: {patch} makes {count} qubits of {height} x {width} pixels, expected at most "
                         f"{MOST_QUBITS}")
    return count


def patches(x: Tensor, patch: int) -> Tensor:
    """(B, H, W) -> (B, n, patch²), patches row by row, pixels row by row in each."""
    batch, height, width = x.shape
    cut = x.reshape(batch, height // patch, patch, width // patch, patch)
    return cut.transpose(2, 3).reshape(batch, -1, patch * patch)
