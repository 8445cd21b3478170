"""Jets in memory: made of arrays, handed on as arrays, trained on and judged without a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_training import small
from torch.utils.data import DataLoader
from toy_jets import toy_jets

import qgan
from qgan.base.errors import CheckpointError, DataError
from qgan.data import JetImages
from qgan.data.in_memory import as_jets
from qgan.data.jets import UNNAMED
from qgan.runs import checkpoint

JETS, MANY = toy_jets(30, 1), toy_jets(60, 1)
GRID = JETS.grid


def test_jets_of_arrays_are_those_of_the_arrays() -> None:
    made = JetImages.from_arrays(JETS.images.astype(np.float64), JETS.label, JETS.conditions, half_width=1.2,
                                 frame="canonical", class_names=("qcd", "w"))
    assert made.fingerprint() == JETS.fingerprint()
    assert (made.grid, made.frame, made.class_names) == (GRID, "canonical", ("qcd", "w"))


def test_what_else_is_an_array() -> None:
    pandas = pytest.importorskip("pandas")
    images = torch.from_numpy(JETS.images).requires_grad_()
    table = pandas.DataFrame({"jet_pt": JETS.conditions["pt"]})
    names = np.array(["qcd", "w"])[JETS.label]
    made = JetImages.from_arrays(images, names, table, grid=GRID)
    assert made.class_names == ("qcd", "w")
    assert (made.label == JETS.label).all()
    assert (made.conditions["pt"] == JETS.conditions["pt"]).all()
    assert JetImages.from_arrays(JETS.images, 1, half_width=1).classes == [1]
    assert JetImages.from_arrays(JETS.images, half_width=1).classes == [0]
    assert JetImages.from_arrays(JETS.images, ["b"] * len(JETS), grid=GRID, class_names=("a", "b")).classes == [1]


@pytest.mark.parametrize(("changed", "problem"), [
    ({"images": JETS.images[0]}, r"arrays: images: shape \(12, 12\), expected \(jets, rows, columns\)"),
    ({"images": "x"}, "images: is no array of numbers"),
    ({"images": -JETS.images}, "negative pixels"),
    ({"labels": np.full(len(JETS), 2)}, "labels: holds values other than 0 and 1"),
    ({"labels": ["a", "b"] * 30, "class_names": ("a", "c")}, "labels: holds a, b; expected names of class_names"),
    ({"labels": [1]}, r"image: shape \(60, 12, 12\)"),
    ({"conditions": {"image": np.ones(60)}}, "image: is no name for a jet quantity"),
    ({"conditions": {"weight": np.ones(59)}}, r"weight: shape \(59,\), expected \(60,\)"),
    ({"conditions": {"pt": ["x"] * 60}}, "pt: is no array of numbers"),
    ({"half_width": None}, "expected how far the images reach"),
    ({"half_width": -1.0}, "half_width: is -1.0, expected a positive number"),
    ({"grid": GRID}, "half_width"),
])
def test_what_does_not_fit_is_named(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        JetImages.from_arrays(**{"images": JETS.images, "labels": JETS.label, "half_width": 1.2, **changed})


def test_rows_slices_and_masks() -> None:
    hard = JETS.conditions["pt"] > 275
    assert 0 < hard.sum() < 60
    for index, rows in ((3, [3]), (-1, [59]), (slice(2, 5), [2, 3, 4]), (hard, np.flatnonzero(hard)), ([7, 0], [7, 0]),
                        (list(hard), np.flatnonzero(hard)), ([], [])):
        chosen = JETS[index]
        assert (chosen.images == JETS.images[rows]).all()
        assert (chosen.conditions["pt"] == JETS.conditions["pt"][rows]).all()
        assert (chosen.label == JETS.label[rows]).all()
    assert len(list(JETS[:4])) == 4
    with pytest.raises(IndexError):
        JETS[60]
    with pytest.raises(IndexError):
        JETS[hard[:-1]]


def test_a_set_says_what_it_is_in_a_line() -> None:
    assert repr(JETS) == "<60 jets: 30 qcd, 30 w; 12×12 pixels, ±1.2, canonical, GeV; pt, mass, eta>"
    assert repr(JETS[:0]) == "<0 jets; 12×12 pixels, ±1.2, canonical, GeV; pt, mass, eta>"


def test_the_torch_data_set_shares_the_arrays() -> None:
    jets = JetImages.from_arrays(JETS.images.copy(), JETS.label, JETS.conditions, grid=GRID)
    data = jets.dataset()
    images, label, quantities = next(iter(DataLoader(data, batch_size=7)))
    assert (images.numpy() == jets.images[:7]).all()
    assert label.tolist() == jets.label[:7].tolist()
    assert (quantities[:, 1].numpy() == jets.conditions["mass"][:7]).all()
    jets.images[0, 0, 0] = 5
    assert data[0][0][0, 0] == 5
    assert JetImages.from_arrays(JETS.images, half_width=1).dataset()[0][2].shape == (0,)


def test_the_table_has_a_row_a_jet() -> None:
    pytest.importorskip("pandas")
    table = JETS.to_pandas()
    assert list(table) == ["label", "class", "pt", "mass", "eta"]
    assert table.groupby("class")["mass"].mean()["w"] == pytest.approx(JETS.only("w").conditions["mass"].mean())


def test_awkward_particles_are_the_lit_pixels() -> None:
    pytest.importorskip("awkward")
    found = JETS.to_awkward()
    assert [len(jet) for jet in found.particles] == (JETS.images > 0).sum((1, 2)).tolist()
    for jet, image in zip(found[:5], JETS.images, strict=False):
        pt, eta, phi = (np.asarray(jet.particles[name]) for name in ("pt", "delta_eta", "delta_phi"))
        assert (np.diff(pt) <= 0).all()
        again = np.histogram2d(eta, phi, [np.linspace(-1.2, 1.2, 13)] * 2, weights=pt)[0]
        assert again.astype(np.float32) == pytest.approx(image)
    assert found["class"][40] == "w"
    assert len(JETS[:0].to_awkward()) == 0


@pytest.mark.parametrize("data", [MANY, {"images": MANY.images, "labels": MANY.label, "conditions": MANY.conditions},
                                  (MANY.images, MANY.label, MANY.conditions)], ids=["jets", "mapping", "arrays"])
def test_training_on_jets_in_memory(tmp_path: Path, data: Any) -> None:
    configuration = small({"steps": 2, "data.codings": ["pixel_mean"], "generator.exact": ["mass"]})
    run = qgan.train(configuration, data=data, grid=GRID, out=tmp_path / "run", quiet=True)
    qgan.write_jets(tmp_path / "jets.h5", MANY)
    same = qgan.train(configuration, data=tmp_path / "jets.h5", out=tmp_path / "same", quiet=True)
    weights, others = (checkpoint.load(folder.checkpoint).states["average"] for folder in (run, same))
    assert all(torch.equal(weights[name], others[name]) for name in others)
    assert "in_memory" not in checkpoint.load(same.checkpoint).origin
    further = small({"steps": 3, "data.codings": ["pixel_mean"], "generator.exact": ["mass"]})
    with pytest.raises(CheckpointError, match="jets in memory; give them again"):
        qgan.train(further, out=run.path, resume=True, quiet=True)
    assert checkpoint.load(qgan.train(further, data=data, grid=GRID, out=run.path, resume=True,
                                      quiet=True).checkpoint).step == 3


def test_arrays_are_judged_as_jets_are() -> None:
    real, fake = (replace(toy_jets(110, seed), frame="raw", class_names=UNNAMED) for seed in (3, 4))
    told = qgan.evaluate(real, fake, quick=True, workers=1)
    arrays = qgan.evaluate((real.images, real.label, real.conditions), (fake.images, fake.label, fake.conditions),
                           grid=GRID, quick=True, workers=1)
    assert [row.value for row in arrays.rows] == [row.value for row in told.rows]


def test_arrays_that_cannot_be_judged_are_named() -> None:
    with pytest.raises(DataError, match="real: half_width"):
        qgan.evaluate(JETS.images, JETS.images)
    with pytest.raises(DataError, match="generated: weight: expected images, labels and conditions"):
        qgan.evaluate(JETS, {"images": JETS.images, "weight": 1})
    with pytest.raises(DataError, match=r"real: 4 arrays, expected \(images, labels, conditions\)"):
        qgan.evaluate((JETS.images, JETS.label, JETS.conditions, 1), JETS, grid=GRID)


def test_arrays_beside_jets_are_taken_for_alike() -> None:
    like = as_jets((JETS.images, JETS.label), like=JETS)
    assert (like.frame, like.class_names, like.grid, like.units) == ("canonical", ("qcd", "w"), GRID, "GeV")
