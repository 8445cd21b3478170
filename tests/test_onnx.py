"""A generator as ONNX: onnxruntime makes the jets that the package makes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_training import PUBLISHED, small
from toy_jets import toy_jets

import qgan
from qgan.base.errors import ConfigError, DataError
from qgan.quantum import READOUTS, AngleLayer
from qgan.sampling.onnx_model import _Rotations, inputs, write_onnx
from qgan.sampling.source import JetSource, load_source


def trained(folder: Path, changes: dict[str, Any]) -> JetSource:
    jets = toy_jets(60, 1, size=20 if "data.rows" in changes else 12)
    return load_source(qgan.train(small({"steps": 1, **changes}), data=jets, out=folder / "run", quiet=True).path)


def check(source: JetSource, path: Path) -> None:
    """To 1e-5 of the jet's pT in 98 % of the jets, to 0.5 % in all, and the same pixels lit, at several batch sizes."""
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    write_onnx(source, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    fed, images = inputs(source, seed=3), source.block(0, 3).images
    for n in (1, 7, len(images)):
        made = session.run(None, {name: values[:n] for name, values in fed.items()})[0]
        apart = np.abs(made - images[:n]).max((1, 2)) / images[:n].sum((1, 2))
        # Where the tilt's equations have no exact solution, its nearest one is at the mercy of rounding.
        assert (apart > 1e-5).mean() < 0.02
        assert apart.max() < 5e-3
        assert ((made > 0) != (images[:n] > 0)).mean() < 1e-4
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["conditions"]) == list(source.generator.names)
    assert (said["frame"], json.loads(said["class_names"])) == (source.frame, list(source.class_names))
    assert [path.name for path in path.parent.glob("*.onnx*")] == [path.name]


def test_the_published_generator(tmp_path: Path) -> None:
    check(trained(tmp_path, PUBLISHED), tmp_path / "model.onnx")


@pytest.mark.parametrize("readout", READOUTS)
def test_circuits_rotated_by_their_inputs(readout: str) -> None:
    layer = AngleLayer(in_features=7, n_qubits=3, n_layers=3, readout=readout)
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(_Rotations(layer)(x), layer(x), rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"generator.readout": "expval"}, {"generator.embedding": "angle"},
                                     {"generator.core": "tree", "generator.numbers": 300, "generator.grain_reach": 1,
                                      "symmetry": "exact"}], ids=["expval", "angle", "tree"])
def test_small_generators(tmp_path: Path, changes: dict[str, Any]) -> None:
    codings = {"data.codings": ["delta_r_mean", "pixel_mean", "image_mass"]}
    check(trained(tmp_path, codings | changes), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["w_qcd", "quark_gluon"])
def test_the_generators_that_ship(tmp_path: Path, name: str) -> None:
    check(qgan.load_model(name), tmp_path / "model.onnx")


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = qgan.load_model("w_qcd")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ConfigError, match=r"ONNX needs onnxscript: pip install 'qgan\[onnx\]'"):
        write_onnx(source, tmp_path / "model.onnx")
    monkeypatch.undo()
    (tmp_path / "model.onnx").touch()
    with pytest.raises(DataError, match="exists already"):
        write_onnx(source, tmp_path / "model.onnx")
