"""The field's own layouts: written with the pixels as particles or voxels, and read again as the same images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from jet_files import some_jets
from toy_jets import toy_jets

from qgan.base.errors import ConfigError, DataError
from qgan.cli import main
from qgan.data import Grid, JetImages, JetWriter, file_summary, read_jets, write_jets
from qgan.data.formats.calochallenge import sectors
from qgan.observables.arrays import observables

LAYOUTS = ("jetnet", "calochallenge")


def assert_same(read: JetImages, jets: JetImages) -> None:
    np.testing.assert_allclose(read.images, jets.images, rtol=1e-6)
    assert ((read.images > 0) == (jets.images > 0)).all()
    assert (read.label == jets.label).all()
    for name, values in jets.conditions.items():
        np.testing.assert_array_equal(read.conditions[name], values)
    assert (read.grid, read.frame, read.class_names, read.origin) == (jets.grid, jets.frame, jets.class_names,
                                                                      jets.origin)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_written_is_read(tmp_path: Path, layout: str) -> None:
    jets = some_jets(300)
    jets = replace(jets, conditions={**jets.conditions, "tau_21": jets.conditions["pt"]})
    write_jets(tmp_path / "jets.hdf5", jets, layout=layout)
    assert_same(read_jets(tmp_path / "jets.hdf5"), jets)
    assert_same(read_jets(tmp_path / "jets.hdf5", start=50, stop=60), jets[50:60])
    cropped = replace(jets, images=jets.images[:, 1:6, 2:9], grid=jets.grid.crop((1, 6), (2, 9)), frame="raw")
    write_jets(tmp_path / "cropped.h5", cropped, layout=layout)
    assert_same(read_jets(tmp_path / "cropped.h5"), cropped)
    assert file_summary(tmp_path / "cropped.h5")["format"] in ("JetNet particles", "CaloChallenge")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_blocks_do_not_matter(tmp_path: Path, layout: str) -> None:
    jets = some_jets(100)
    jets = replace(jets, images=jets.images * (np.arange(100) >= 40)[:, None, None])  # the first have no particle
    with JetWriter(tmp_path / "jets.h5", grid=jets.grid, frame=jets.frame, class_names=jets.class_names,
                   origin=jets.origin, layout=layout) as writer:
        writer._rows = 30
        for start in range(0, 100, 7):
            writer.append(jets[start:start + 7])
    assert_same(read_jets(tmp_path / "jets.h5"), jets)


def test_jetnet_files_hold_what_the_library_of_that_name_reads(tmp_path: Path) -> None:
    jets = toy_jets(40, 1)
    write_jets(tmp_path / "w.hdf5", jets, layout="jetnet")
    with h5py.File(tmp_path / "w.hdf5") as file:
        eta, phi, share, mask = np.moveaxis(file["particle_features"][:], 2, 0)
        pt, jet_eta, mass, count = file["jet_features"][:].T
    np.testing.assert_allclose(share.sum(1) * pt, jets.images.sum((1, 2)), rtol=1e-5)
    assert ((share > 0) == (mask == 1)).all()
    assert (np.diff(share, axis=1) <= 0).all()
    assert (count == (jets.images > 0).sum((1, 2))).all()
    assert (jet_eta == jets.conditions["eta"]).all()
    assert (mass == jets.conditions["mass"]).all()
    middle = (jets.images * jets.grid.eta[:, None]).sum((1, 2)) / jets.conditions["pt"]
    np.testing.assert_allclose((share * eta).sum(1), middle, atol=1e-5)
    assert np.abs(phi).max() <= 1.2


def test_as_particles_of_others_the_images_have_the_same_pt(tmp_path: Path) -> None:
    jets = toy_jets(40, 1)
    write_jets(tmp_path / "w.hdf5", jets, layout="jetnet")
    with h5py.File(tmp_path / "w.hdf5", "a") as file:
        for name in list(file.attrs):
            del file.attrs[name]
    read = read_jets(tmp_path / "w.hdf5", half_width=1.5)
    np.testing.assert_allclose(read.images.sum((1, 2)), jets.images.sum((1, 2)), rtol=1e-4)
    assert (read.frame, read.class_names) == ("raw", ("qcd", "w"))


def test_pt_and_mass_are_those_of_the_image_where_there_are_no_others(tmp_path: Path) -> None:
    jets = toy_jets(40, 1)
    write_jets(tmp_path / "w.h5", replace(jets, conditions={"eta": jets.conditions["eta"]}), layout="jetnet")
    read = read_jets(tmp_path / "w.h5")
    np.testing.assert_allclose(read.conditions["pt"], jets.images.sum((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(read.conditions["mass"], observables(jets.images, jets.grid, names=["mass"])["mass"],
                               rtol=1e-4)
    with pytest.raises(DataError, match="jet_eta: is not known of these jets"):
        write_jets(tmp_path / "no.h5", replace(jets, conditions={}), layout="jetnet")
    with pytest.raises(DataError, match="units: is sum, expected GeV"):
        write_jets(tmp_path / "no.h5", replace(jets, units="sum"), layout="calochallenge")
    assert not (tmp_path / "no.h5").exists()


def test_showers_are_in_mev(tmp_path: Path) -> None:
    jets = toy_jets(40, 1)
    write_jets(tmp_path / "w.hdf5", jets, layout="calochallenge")
    with h5py.File(tmp_path / "w.hdf5") as file:
        np.testing.assert_allclose(file["showers"][:], 1000 * jets.images.reshape(80, 144), rtol=1e-6)
        np.testing.assert_allclose(file["incident_energies"][:, 0], 1000 * jets.conditions["pt"], rtol=1e-6)


def test_a_layout_that_is_not_written_or_not_in_such_a_file_is_refused(tmp_path: Path) -> None:
    jets = some_jets(5)
    with pytest.raises(ConfigError, match=r"layout: energyflow is read, not written; written are .*jetnet"):
        write_jets(tmp_path / "jets.h5", jets, layout="energyflow")
    with pytest.raises(ConfigError, match="there is no file format jetnt; did you mean jetnet"):
        write_jets(tmp_path / "jets.h5", jets, layout="jetnt")
    with pytest.raises(DataError, match=r"jets.npz: files of JetNet particles are HDF5, expected .h5 or .hdf5"):
        write_jets(tmp_path / "jets.npz", jets, layout="jetnet")


def test_convert_writes_them(tmp_path: Path) -> None:
    jets = some_jets(30)
    write_jets(tmp_path / "jets.npz", jets)
    for layout in LAYOUTS:
        out = tmp_path / f"{layout}.hdf5"
        assert main(["convert", str(tmp_path / "jets.npz"), "--layout", layout, "--out", str(out), "--quiet"]) == 0
        assert_same(read_jets(out), jets)


# showers of others

def test_layers_are_added_and_rings_become_pixels(tmp_path: Path) -> None:
    showers = np.zeros((3, 45, 16, 9), np.float32)
    showers[0, :, 3, 2] = 1000.0  # 45 GeV in one sector
    showers[1, 7] = 500.0  # the whole disc
    showers[2, 0, :, 0] = 2000.0  # the innermost ring
    with h5py.File(tmp_path / "electrons.hdf5", "w") as file:
        file["showers"], file["incident_energies"] = showers.reshape(3, -1), np.array([[5e4], [8e4], [4e4]])
    jets = read_jets(tmp_path / "electrons.hdf5", half_width=0.5)
    np.testing.assert_allclose(jets.images.sum((1, 2)), [45, 72, 32], rtol=1e-5)
    np.testing.assert_allclose(jets.conditions["pt"], [50, 80, 40])
    assert (jets.grid, jets.frame) == (Grid.square(25, 0.5), "raw")
    angle = -np.pi + 3.5 * 2 * np.pi / 16
    weight = jets.images[0] / 45
    eta, phi = (weight * jets.grid.eta[:, None]).sum(), (weight * jets.grid.phi).sum()
    np.testing.assert_allclose(np.arctan2(eta, phi), angle, atol=0.03)
    np.testing.assert_allclose(np.hypot(eta, phi), 0.5 * 2.5 / 9, rtol=0.03)
    np.testing.assert_allclose(jets.images[2].ravel()[jets.grid.delta_r.ravel() > 0.1], 0)


@pytest.mark.parametrize(("angles", "radii"), [(16, 9), (50, 18)])
def test_every_sector_is_shared_among_pixels(angles: int, radii: int) -> None:
    shares = sectors(angles, radii, 25)
    np.testing.assert_allclose(shares.sum(1), 1)
    # Sectors in proportion to their area give an even disc.
    area = np.tile(2 * np.arange(radii) + 1, angles) / (angles * radii**2)
    disc = (area @ shares).reshape(25, 25)
    np.testing.assert_allclose(disc[8:17, 8:17], 4 / np.pi / 625, rtol=0.05)


def test_showers_of_another_shape_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "photons.hdf5", "w") as file:
        file["showers"], file["incident_energies"] = np.ones((5, 368)), np.ones((5, 1))
    with pytest.raises(DataError, match=r"photons.hdf5: showers: holds 368 voxels a shower, expected 6480 or 40500"):
        read_jets(tmp_path / "photons.hdf5")
