"""Jets whose pixels are no GeV: learnt from, generated in their own units, and compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from foreign_files import quark_gluon
from small_training import prepared_from, small

from qgan.base.errors import DataError
from qgan.base.notes import DataNote
from qgan.data import JetImages, read_jets, write_jets
from qgan.data.matching import matched
from qgan.data.units import NOMINAL_PT, Scale, Units, scaled_to
from qgan.observables.arrays import observables
from qgan.runs import checkpoint
from qgan.sampling.source import generate
from qgan.training.experiment import train

ALL: tuple[Units, ...] = ("sum", "max", "unknown")


def in_units(units: Units) -> JetImages:
    """The jets that ship as others store them: in shares, or in MeV that nobody names."""
    jets = quark_gluon()
    whole = {"sum": jets.images.sum((1, 2), keepdims=True), "max": jets.images.max((1, 2), keepdims=True),
             "unknown": np.float32(1e-3), "GeV": np.float32(1)}[units]
    return replace(jets, images=jets.images / whole, units=units)


@pytest.mark.parametrize("units", ALL)
def test_there_and_back(units: Units) -> None:
    jets = in_units(units)
    scale = Scale.of(jets.images, units)
    seen = scale.to_gev(jets.images)
    assert np.median(seen.sum((1, 2))) == pytest.approx(NOMINAL_PT, rel=1e-5)
    np.testing.assert_allclose(scale.from_gev(seen), jets.images, rtol=1e-5)
    empty = np.zeros((1, 25, 25), np.float32)
    np.testing.assert_array_equal(scale.from_gev(scale.to_gev(empty)), empty)
    assert Scale().to_gev(jets.images) is jets.images


@pytest.mark.parametrize("units", ALL)
def test_networks_see_them_as_if_in_gev(units: Units, tmp_path: Path) -> None:
    """Counts above thresholds are those of the same jets in GeV, but for their pT; a sum that never varies is none."""
    write_jets(tmp_path / "jets.h5", in_units(units))
    prepared = prepared_from(small(), tmp_path / "jets.h5")
    assert (prepared.train.units, prepared.seen.units) == (units, "GeV")
    in_gev = quark_gluon().images
    count = {name: np.median(observables(images, prepared.train.grid, ["nnz"])["nnz"])
             for name, images in (("seen", prepared.seen.images), ("GeV", in_gev))}
    assert count["seen"] == pytest.approx(count["GeV"], abs=2)
    assert ("pixel_mean" in prepared.dropped) == (units != "unknown")
    assert (prepared.blueprint.scale is None) == (units == "unknown")
    if units != "unknown":
        assert prepared.blueprint.scale == pytest.approx(NOMINAL_PT, rel=1e-5)


@pytest.mark.parametrize("units", ALL)
def test_what_was_trained_on_shares_makes_shares(units: Units, tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", in_units(units))
    run = train(small({"steps": 2}), data=tmp_path / "jets.h5", out=tmp_path / "run", quiet=True)
    generate(run.path, tmp_path / "fake.h5", n=100, seed=1, device="cpu", quiet=True)
    fake = read_jets(tmp_path / "fake.h5")
    assert fake.units == units
    assert scaled_to(fake.images) == (None if units == "unknown" else units)
    assert matched(in_units(units), fake).units == units
    if units == "unknown":
        assert 0.5 < np.median(fake.images.sum((1, 2))) / np.median(in_units(units).images.sum((1, 2))) < 2
    with pytest.raises(DataError, match=f"units: {units} differs from GeV"):
        matched(quark_gluon(), fake)
    assert "scale" not in checkpoint.load(_in_gev(tmp_path)).transforms


def _in_gev(folder: Path) -> Path:
    write_jets(folder / "gev.h5", quark_gluon(), overwrite=True)
    return train(small({"steps": 1}), data=folder / "gev.h5", out=folder / "gev", quiet=True).checkpoint


def test_units_that_cannot_be_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "gev.npz", X=quark_gluon().images, y=quark_gluon().label)
    for units in ("sum", "max"):
        with pytest.raises(DataError, match=rf"gev.npz: units: {units} was asked for, but pixels reach \d+"):
            read_jets(tmp_path / "gev.npz", units=units)


def test_a_training_leaves_empty_images_out_and_says_so(tmp_path: Path) -> None:
    images = quark_gluon().images.copy()
    images[[3, 7]] = 0
    write_jets(tmp_path / "jets.h5", replace(quark_gluon(), images=images))
    with pytest.warns(DataNote, match=r"jets.h5: image: 2 empty images are left out"):
        prepared = prepared_from(small(), tmp_path / "jets.h5")
    assert len(prepared.train) + len(prepared.validation) == 118
    write_jets(tmp_path / "empty.h5", replace(quark_gluon(), images=0 * images))
    with pytest.raises(DataError, match=r"empty.h5: image: all images are empty"):
        prepared_from(small(), tmp_path / "empty.h5")
