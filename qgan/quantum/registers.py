"""Registers of qubits that number the rows and columns of an image."""

from __future__ import annotations

import torch
from torch import Tensor


def bits_for(side: int) -> int:
    """Qubits of a register that numbers so many pixels."""
    return max(1, (side - 1).bit_length())


def gray(count: int) -> Tensor:
    """The code of each of ``count`` neighbours, of which each differs from the next in one bit."""
    index = torch.arange(count)
    return index ^ (index >> 1)
