"""What the quantum models share: pixels with contrast, in patches, and the circuit that takes them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from qgan.quantum.reuploading import Reuploading

#: Beyond this many qubits the states of a batch no longer fit a small machine.
MOST_QUBITS = 16


@dataclass(frozen=True)
class Circuit:
    """How a circuit is wired and where its training starts.

    Attributes:
        entangler, shift, spread, offset, biases: see :class:`~qgan.quantum.reuploading.Reuploading`.
        even: all weights start at ``spread`` instead of random ones about 0.
    """

    entangler: str = "ring"
    shift: bool = True
    spread: float = 0.1
    offset: float = 0.1
    biases: bool = False
    even: bool = True

    def of(self, n_qubits: int, length: int, uploads: int) -> Reuploading:
        """The circuit for ``length`` pixels a qubit, with fresh weights."""
        circuit = Reuploading(n_qubits, length, uploads=uploads, entangler=self.entangler, shift=self.shift,
                              spread=self.spread, offset=self.offset, biases=self.biases)
        if self.even:
            torch.nn.init.constant_(circuit.weights, self.spread)
        return circuit


def n_patches(shape: tuple[int, int], patch: int) -> int:
    """How many ``patch`` × ``patch`` squares, one for each qubit, cover an image of ``shape``.

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


def contrasted(x: Tensor, contrast: float) -> Tensor:
    """log(1 + c x) / log(1 + c) of pixels x between 0 and 1; ``contrast`` 0 leaves them as they are."""
    c = x.new_tensor(contrast)
    return torch.log1p(c * x) / torch.log1p(c) if contrast else x
