"""The layer between the inputs and the convolutions: the quantum layer, and the linear controls it is judged by.

With ``state`` readout the quantum layer is a norm-preserving linear map of the embedded input
e = (1, x)/|(1, x)|. Each control keeps the embedding and the size and changes the map alone:

    quantum      U(φ) e, φ trained           dense   W e, every entry of W trained
    frozen       U(φ) e, φ fixed             none    e itself
    orthogonal   Q e, Q a fixed random isometry

The first two may embed the input in angles instead (:class:`~qgan.quantum.AngleLayer`); the map is then no linear one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ..base.errors import ConfigError
from ..base.registry import Registry
from ..base.seeding import torch_rng
from ..quantum import AngleLayer, Backend, QuantumLayer, embed


@dataclass(frozen=True)
class CoreSetting:
    """What a core is built for; each takes what concerns it.

    Attributes:
        in_features: length of its input.
        n_qubits, n_layers, n_rotations, readout, circuit, backend, seed: see :class:`~qgan.quantum.QuantumLayer`.
        embedding: ``amplitude``, or ``angle`` for an :class:`~qgan.quantum.AngleLayer`, which has a circuit of its own.
    """

    in_features: int
    n_qubits: int = 8
    n_layers: int = 6
    n_rotations: int = 8
    readout: str = "state"
    circuit: str = "random_layers"
    backend: Backend = "torch"
    seed: int = 0
    embedding: str = "amplitude"


#: What builds a core: a layer (B, in_features) → (B, out_features) with an attribute ``out_features``. With another,
#: ``gain``, its outputs are multiplied, where they are not of order one.
CORES: Registry[Callable[[CoreSetting], nn.Module]] = Registry("core", "qgan.cores", package="qgan.models")


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
        self.out_features, self.gain = out_features, math.sqrt(out_features)

    def forward(self, x: Tensor) -> Tensor:
        return linear(embed(x), self.matrix)


class Embedding(nn.Module):
    """(B, k) → (B, k + 1): the embedded input and nothing after it."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.out_features, self.gain = in_features + 1, math.sqrt(in_features + 1)

    def forward(self, x: Tensor) -> Tensor:
        return embed(x)


@CORES.register("quantum")
def _quantum(setting: CoreSetting) -> nn.Module:
    options = dict(vars(setting))
    if options.pop("embedding") == "amplitude":
        return QuantumLayer(**options)
    for name in ("circuit", "backend"):
        if options.pop(name) != getattr(CoreSetting, name):
            raise ConfigError(f"generator.embedding: angle has a circuit of its own, and no other generator.{name}")
    del options["n_rotations"]
    return AngleLayer(**options)


@CORES.register("frozen")
def _frozen(setting: CoreSetting) -> nn.Module:
    return _quantum(setting).requires_grad_(False)


@CORES.register("dense")
def _dense(setting: CoreSetting) -> nn.Module:
    return EmbeddedLinear(setting.in_features, 2 * 2**setting.n_qubits, trainable=True, seed=setting.seed)


@CORES.register("orthogonal")
def _orthogonal(setting: CoreSetting) -> nn.Module:
    return EmbeddedLinear(setting.in_features, 2 * 2**setting.n_qubits, trainable=False, seed=setting.seed)


@CORES.register("none")
def _none(setting: CoreSetting) -> nn.Module:
    return Embedding(setting.in_features)


class Core(nn.Module):
    """A core layer whose outputs are of order one: (B, in_features) → (B, out_features).

    Args:
        kind: a name of :data:`CORES`; see the table above.
        setting: what it is built for.

    Raises:
        ConfigError: there is no such core, or not with such an embedding.
    """

    def __init__(self, kind: str, setting: CoreSetting) -> None:
        super().__init__()
        if setting.embedding != "amplitude" and kind in ("dense", "orthogonal", "none"):
            raise ConfigError(f"generator.embedding: the core {kind} has amplitudes alone")
        self.layer = CORES[kind](setting)
        self.out_features = int(self.layer.out_features)  # type: ignore[arg-type]
        self.gain = float(getattr(self.layer, "gain", 1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) * self.gain
