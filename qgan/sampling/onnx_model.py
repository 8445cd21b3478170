"""A trained generator as an ONNX file, for programs without torch: conditions and noise in, images out.

    conditions  (batch, C) float32, in physical units: GeV, radians, the label; the columns are in the file's metadata
    noise       (batch, F) float32, standard normal
    images      (batch, H, W) float32, GeV

The circuit's angles are fixed, so that a quantum layer of amplitudes is the matrix of its columns; one whose inputs are
angles is run gate by gate, in real numbers. The density of the conditions does not travel: :func:`inputs` draws from
it, for those who run the file where this package is installed.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ..base.errors import ConfigError
from ..base.io import atomic_path
from ..base.seeding import integer_seed, numpy_rng
from ..models import JetGenerator
from ..quantum import AngleLayer, QuantumLayer
from ..quantum.readout import read
from .source import BLOCK, JetSource

#: What of the exporter must be installed beside torch.
_NEEDED = ("onnx", "onnxscript")
#: The exporter speaks of every step, and of packages that are not installed.
_LOGGERS = ("torch.onnx._internal.exporter._registration", "onnxscript")


def require_exporter() -> None:
    """Raises :class:`ConfigError` unless what the exporter needs is installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(f"ONNX needs {' and '.join(missing)}: pip install 'qgan[onnx]'")


def write_onnx(source: JetSource, path: str | Path, overwrite: bool = False) -> None:
    """Writes the generator of a source as ONNX; the metadata say what its inputs and its images are.

    Raises:
        ConfigError: onnx or onnxscript is not installed, or the generator holds what ONNX has no name for.
        DataError: the file exists or cannot be written.
    """
    require_exporter()
    model = _Images(source.generator).eval()
    batch = torch.export.Dim("batch", min=1)
    like = torch.zeros(2, len(source.generator.names)), torch.zeros(2, source.generator.noise_features)
    with atomic_path(path, overwrite) as temporary, _quiet():
        try:
            program = torch.onnx.export(model, like, dynamo=True, dynamic_shapes=({0: batch}, {0: batch}),
                                        input_names=["conditions", "noise"], output_names=["images"], verbose=False,
                                        optimize=False)
        except torch.onnx.errors.OnnxExporterError as error:
            raise ConfigError(f"{path}: the generator holds what ONNX has no name for: "
                              f"{str(error).splitlines()[0]}") from error
        assert program is not None
        _simplify(program.model)
        program.model.metadata_props.update(about(source))
        program.save(temporary)


def _simplify(model: Any) -> None:
    """The exporter's own optimisation without its search for patterns, which takes longer than all the rest."""
    from onnxscript.ir.passes.common import CommonSubexpressionEliminationPass
    from onnxscript.optimizer import fold_constants, inline, remove_unused_nodes

    inline(model)
    fold_constants(model)
    CommonSubexpressionEliminationPass()(model)
    remove_unused_nodes(model)


def inputs(source: JetSource, seed: int, index: int = 0) -> dict[str, np.ndarray]:
    """Conditions and noise of a block of jets of a seed, those that ``generate`` makes them of."""
    drawn = source.density.sample(BLOCK, numpy_rng(seed, "conditions", index), None, None)
    noise = torch.randn(BLOCK, source.generator.noise_features,
                        generator=torch.Generator().manual_seed(integer_seed(seed, "noise", index)))
    return {"conditions": source._table(drawn.values, drawn.label).numpy(), "noise": noise.numpy()}


def about(source: JetSource) -> dict[str, str]:
    """What is to be known of inputs and images, as texts: JSON where it is no plain text."""
    return {"conditions": json.dumps(list(source.generator.names)), "class_names": json.dumps(list(source.class_names)),
            "frame": source.frame, "grid": json.dumps(asdict(source.grid)),
            "origin": json.dumps(source.origin, default=str)}


class _Images(nn.Module):
    """The images in GeV alone, by a generator whose circuits are made of what ONNX has."""

    def __init__(self, generator: JetGenerator) -> None:
        super().__init__()
        self.generator = deepcopy(generator).cpu()
        for parent in list(self.generator.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, QuantumLayer):
                    setattr(parent, name, _Matrix(child))
                elif isinstance(child, AngleLayer):
                    setattr(parent, name, _Rotations(child))

    def forward(self, conditions: Tensor, noise: Tensor) -> Tensor:
        images: Tensor = self.generator(conditions, noise)[1]
        return images


class _Matrix(nn.Module):
    """A quantum layer whose angles stay."""

    matrix: Tensor

    def __init__(self, layer: QuantumLayer) -> None:
        super().__init__()
        self.readout, self.gain, self.out_features = layer.readout, layer.gain, layer.out_features
        with torch.no_grad():
            self.register_buffer("matrix", layer.columns().clone())

    def columns(self) -> Tensor:
        return self.matrix

    def forward(self, x: Tensor) -> Tensor:
        padded = pad(x, (1, 0), value=1.0)
        # ONNX has no mantissa and exponent, by which the layer keeps large numbers finite.
        scaled = padded / padded.abs().amax(-1, keepdim=True)
        return read(linear(scaled / torch.linalg.vector_norm(scaled, dim=-1, keepdim=True), self.matrix), self.readout)


class _Rotations(nn.Module):
    """A layer whose inputs are angles, without complex numbers, which ONNX does not have."""

    def __init__(self, layer: AngleLayer) -> None:
        super().__init__()
        self.layer, self.gain, self.out_features = layer, layer.gain, layer.out_features

    def forward(self, x: Tensor) -> Tensor:
        circuit = self.layer.circuit
        real, imaginary = torch.eye(1, 2**circuit.n_qubits), torch.zeros(1, 2**circuit.n_qubits)
        turns = circuit.fused(self.layer.uploaded(x))
        for upload, entangle in enumerate(circuit.entangle):
            for wire in range(circuit.n_qubits):
                a, b, c, d = (part[upload, wire, :, None, None] for part in turns)
                # U = a - i (b X + c Y + d Z) on both halves of the amplitudes, of the wire in 0 and in 1.
                re_0, re_1 = real.reshape(-1, 2**wire, 2, 2 ** (circuit.n_qubits - 1 - wire)).unbind(2)
                im_0, im_1 = imaginary.reshape(-1, 2**wire, 2, 2 ** (circuit.n_qubits - 1 - wire)).unbind(2)
                real = torch.stack((a * re_0 + d * im_0 + b * im_1 - c * re_1,
                                    b * im_0 + c * re_0 + a * re_1 - d * im_1), 2).flatten(1)
                imaginary = torch.stack((a * im_0 - d * re_0 - b * re_1 - c * im_1,
                                         c * im_0 - b * re_0 + a * im_1 + d * re_1), 2).flatten(1)
            moves = entangle.get_buffer("index")
            real, imaginary = real[:, moves], imaginary[:, moves]
        return read(torch.cat((real, imaginary), 1), self.layer.readout)


@contextmanager
def _quiet() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in levels:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
