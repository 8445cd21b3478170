"""The layer between the inputs and the convolutions: the quantum layer, and the linear controls it is judged by.

With ``state`` readout the quantum layer is a norm-preserving linear map of the embedded input
e = (1, x)/|(1, x)|. Each control keeps the embedding and the size and changes the map alone:

    quantum      U(φ) e, φ trained           dense   W e, every entry of W trained
    frozen       U(φ) e, φ fixed             none    e itself
    orthogonal   Q e, Q a fixed random isometry
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ..base.seeding import torch_rng
from ..quantum import QuantumLayer, embed

CoreKind = Literal["quantum", "dense", "frozen", "orthogonal", "none"]


class EmbeddedLinear(nn.Module):
    """(B, k) → (B, out_features): a matrix applied to the embedded input (1, x)/|(1, x)|.

    Args:
        in_features: k.
        out_features: rows of the matrix, at least k + 1.
        trainable: a parameter (``dense``), or a buffer that keeps its start (``orthogonal``).
        seed: of the start, a random matrix with orthonormal columns, which preserves the norm.
    """

    matrix: Tensor

    def __init__(self, in_features: int, out_features: int, *, trainable: bool, seed: int) -> None:
        super().__init__()
        normal = torch.randn(out_features, in_features + 1, generator=torch_rng(seed, "isometry"), dtype=torch.float64)
        isometry = torch.linalg.qr(normal)[0].float()
        if trainable:
            self.matrix = nn.Parameter(isometry)
        else:
            self.register_buffer("matrix", isometry)
        self.out_features = out_features

    def forward(self, x: Tensor) -> Tensor:
        return linear(embed(x), self.matrix)


class Embedding(nn.Module):
    """(B, k) → (B, k + 1): the embedded input and nothing after it."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.out_features = in_features + 1

    def forward(self, x: Tensor) -> Tensor:
        return embed(x)


class Core(nn.Module):
    """A core layer whose outputs are of order one: (B, in_features) → (B, out_features).

    Args:
        kind: see the table above.
        in_features, n_qubits, n_layers, n_rotations, readout, backend, seed: of the quantum layer; ``dense`` and
            ``orthogonal`` have as many outputs as it has with ``state`` readout.
    """

    def __init__(self, kind: CoreKind, in_features: int, *, n_qubits: int, n_layers: int, n_rotations: int,
                 readout: str = "state", backend: str = "torch", seed: int = 0) -> None:
        super().__init__()
        if kind in ("quantum", "frozen"):
            self.layer: nn.Module = QuantumLayer(in_features=in_features, n_qubits=n_qubits, n_layers=n_layers,
                                                 n_rotations=n_rotations, readout=readout, backend=backend, seed=seed)
            if kind == "frozen":
                self.layer.requires_grad_(False)
        elif kind in ("dense", "orthogonal"):
            self.layer = EmbeddedLinear(in_features, 2 * 2**n_qubits, trainable=kind == "dense", seed=seed)
        elif kind == "none":
            self.layer = Embedding(in_features)
        else:
            raise ValueError(f"core {kind!r}: expected quantum, dense, frozen, orthogonal or none")
        self.out_features: int = self.layer.out_features
        # N numbers of norm 1 are of order 1/sqrt(N) each; probabilities are of order 1/N, expectation values of 1.
        size = float(self.out_features)
        measured = readout if isinstance(self.layer, QuantumLayer) else "state"
        self.gain = {"state": math.sqrt(size), "probs": size, "expval": 1.0}[measured]

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) * self.gain
