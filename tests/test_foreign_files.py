"""Files of others: never a silently wrong number; what is assumed is said, and can be said otherwise."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from foreign_files import GOOD, cartesian, hdf5_file, jetclass_file, native_file, particles, quark_gluon

from qgan.base.errors import DataError
from qgan.base.notes import DataNote
from qgan.data import JetImages, concatenate, file_summary, merge, read_jets
from qgan.observables.arrays import observables


@pytest.fixture(autouse=True)
def notes_are_allowed() -> None:
    warnings.simplefilter("ignore", DataNote)


# classes

def test_classes_of_several_files_are_paired_by_name(tmp_path: Path) -> None:
    jets = quark_gluon()
    native_file(tmp_path / "ok.h5", jets)
    native_file(tmp_path / "swapped.h5", jets, {**GOOD, "class_names": ["quark", "gluon"]}, signal=1 - jets.label)
    for both in (read_jets([tmp_path / "ok.h5", tmp_path / "swapped.h5"]),
                 concatenate([read_jets(tmp_path / "ok.h5"), read_jets(tmp_path / "swapped.h5")])):
        assert both.class_names == ("gluon", "quark")
        np.testing.assert_array_equal(both.label, np.tile(jets.label, 2))
    merge([tmp_path / "ok.h5", tmp_path / "swapped.h5"], tmp_path / "both.h5")
    np.testing.assert_array_equal(read_jets(tmp_path / "both.h5").label, np.tile(jets.label, 2))


def test_other_classes_are_refused_and_both_lists_named(tmp_path: Path) -> None:
    native_file(tmp_path / "ok.h5", quark_gluon())
    native_file(tmp_path / "other.h5", quark_gluon(), {**GOOD, "class_names": ["w", "qcd"]})
    for put in (lambda paths: read_jets(paths), lambda paths: merge(paths, tmp_path / "out.h5")):
        with pytest.raises(DataError, match=r"other.h5: class_names: w and qcd are not gluon and quark of .*ok.h5"):
            put([tmp_path / "ok.h5", tmp_path / "other.h5"])
    assert not (tmp_path / "out.h5").exists()


@pytest.mark.parametrize("attributes", [
    {"frame": b"raw", "half_width": 0.4, "class_names": np.array([b"gluon", b"quark"])},
    {"frame": np.bytes_("raw"), "half_width": np.array([0.4]), "class_names": ["gluon", "quark"]},
    {"frame": np.array([b"raw"]), "half_width": "0.4", "class_names": np.array(["gluon", "quark"], "S5")},
])
def test_bytes_and_arrays_of_one_are_texts_and_numbers(tmp_path: Path, attributes: dict[str, object]) -> None:
    jets = read_jets(native_file(tmp_path / "a.h5", quark_gluon(), attributes))
    assert (jets.frame, jets.class_names, jets.grid) == ("raw", ("gluon", "quark"), quark_gluon().grid)


def test_names_that_are_no_utf8_stand_beside_the_others(tmp_path: Path) -> None:
    path, raw = native_file(tmp_path / "latin.h5", quark_gluon()), "größe".encode("latin-1")
    with h5py.File(path, "a") as file:
        file[raw] = np.zeros(len(quark_gluon()))
        h5py.h5a.create(file.id, raw, h5py.h5t.NATIVE_INT32, h5py.h5s.create(h5py.h5s.SCALAR)).write(
            np.array(3, "i4"))
    assert len(read_jets(path)) == len(quark_gluon())
    with h5py.File(tmp_path / "alone.h5", "w") as file:
        file[raw], file["b"] = np.zeros(3), np.zeros(3)
    with pytest.raises(DataError, match=r"alone.h5: image: no such key; the file holds b, gr\\xf6\\xdfe; expected"):
        read_jets(tmp_path / "alone.h5")


@pytest.mark.parametrize("label", [np.eye(2, dtype=int)[[0, 1, 1]], np.array([[0], [1], [1]])])
def test_labels_that_are_no_list_are_refused_where_jets_are_made(label: np.ndarray) -> None:
    jets = quark_gluon()
    with pytest.raises(DataError, match=r"signal: shape \(3, [12]\), expected one label a jet"):
        JetImages(jets.images[:3], label, {}, jets.grid, "raw")


# what is assumed

def test_what_is_assumed_is_said_held_against_the_masses_and_can_be_said_otherwise(tmp_path: Path) -> None:
    jets = quark_gluon()
    rest = {key: np.ones(len(jets), "f4") for key in ("jet_phi", "jet_delta_R", "tau_1", "tau_2", "tau_3", "tau_21",
                                                      "tau_32")}
    own = native_file(tmp_path / "own.h5", jets, {}, **rest)
    with pytest.raises(DataError, match=r"own.h5: jet_mass: is .* half_width=.*--half-width"):
        read_jets(own)
    said = read_jets(own, frame="raw", half_width=0.4, class_names=("gluon", "quark"))
    assert (said.frame, said.grid, said.class_names) == ("raw", jets.grid, ("gluon", "quark"))
    mass = observables(said.images, said.grid, names=("mass",))["mass"]
    assert np.median(mass) == pytest.approx(np.median(jets.conditions["mass"]), rel=0.05)
    # As far as the public set reaches these images have the masses that they say.
    wide = native_file(tmp_path / "wide.h5", jets, {}, **rest, jet_mass=observables(
        jets.images, replace(jets, grid=jets.grid.centred((25, 25), 1.25)).grid, names=("mass",))["mass"])
    with pytest.warns(DataNote, match=r"wide.h5: does not say what its images are: .* canonical frame and reach ±1.25"):
        assert read_jets(wide).class_names == ("qcd", "w")


# what is missing, empty or there more than once

def test_a_virtual_dataset_without_its_source_is_named(tmp_path: Path) -> None:
    jets = quark_gluon()
    layout = h5py.VirtualLayout(shape=jets.images.shape, dtype="f4")
    layout[:] = h5py.VirtualSource("source.h5", "image", shape=jets.images.shape)
    path = native_file(tmp_path / "virtual.h5", jets, image=None)
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("image", layout)
    with pytest.raises(DataError, match=r"virtual.h5: image: .* source source.h5 is missing"):
        read_jets(path)
    hdf5_file(tmp_path / "source.h5", pixels=jets.images)
    with pytest.raises(DataError, match=r"virtual.h5: image: .*source.h5 has no image"):
        read_jets(path)
    hdf5_file(tmp_path / "source.h5", image=jets.images)
    np.testing.assert_array_equal(read_jets(path).images, jets.images)


def test_empty_images_and_copies_are_counted(tmp_path: Path) -> None:
    jets = quark_gluon()
    images = jets.images.copy()
    images[[3, 7]] = 0
    with pytest.warns(DataNote, match=r"2 of 120 images are empty \(the first is jet 3\)"):
        read_jets(native_file(tmp_path / "empty.h5", jets, image=images))
    index = np.repeat(np.arange(10), 12)
    with pytest.warns(DataNote, match=r"110 of 120 jets are copies of others, 10 are different"):
        read_jets(native_file(tmp_path / "ten.h5", jets, image=jets.images[index]))
    found = [file_summary(tmp_path / name) for name in ("empty.h5", "ten.h5")]
    assert [(summary["empty"], summary["copies"]) for summary in found] == [(2, 0), (0, 110)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataNote)
        read_jets(native_file(tmp_path / "ok.h5", jets))


# images in other files

def test_images_in_any_file_are_read_as_images(tmp_path: Path) -> None:
    jets = quark_gluon()
    x, y = jets.images, jets.label
    np.savez(tmp_path / "images.npz", X=x, y=y)
    np.save(tmp_path / "images_X.npy", x)
    np.save(tmp_path / "images_y.npy", y)
    hdf5_file(tmp_path / "trailing.h5", X=x[..., None], y=y)
    hdf5_file(tmp_path / "grey.h5", X=np.repeat(x[..., None], 3, 3), y=y)
    for name in ("images.npz", "images_X.npy", "trailing.h5", "grey.h5"):
        with pytest.warns(DataNote, match=r"half_width: is not said; images are taken to reach ±0.4"):
            found = read_jets(tmp_path / name)
        np.testing.assert_array_equal(found.images, x)
        np.testing.assert_array_equal(found.label, y)
        assert (found.units, found.frame, found.grid) == ("GeV", "raw", jets.grid)


def test_three_channels_are_summed_unless_one_is_asked_for(tmp_path: Path) -> None:
    parts = np.stack([quark_gluon().images * k for k in (1, 2, 4)], -1)
    path = hdf5_file(tmp_path / "three.h5", X=parts, y=quark_gluon().label)
    np.testing.assert_allclose(read_jets(path).images, parts.sum(-1), rtol=1e-6)
    np.testing.assert_array_equal(read_jets(path, channel="ecal").images, parts[..., 1])


def test_one_key_a_class(tmp_path: Path) -> None:
    jets = quark_gluon()
    images = {name: jets.images[jets.label == label] for label, name in enumerate(("QCD", "TT"))}
    path = hdf5_file(tmp_path / "keys.h5", QCD=images["QCD"][:50, ..., None].astype("f8"), TT=images["TT"][..., None])
    with pytest.warns(DataNote, match="QCD is taken for label 0 and TT for label 1"):
        found = read_jets(path)
    assert found.class_names == ("QCD", "TT")
    np.testing.assert_array_equal(found.images, np.concatenate([images["QCD"][:50], images["TT"]]))
    np.testing.assert_array_equal(found.label, [0] * 50 + [1] * 60)
    np.testing.assert_array_equal(read_jets(path, start=45, stop=55).images, found.images[45:55])
    turned = read_jets(path, class_names=("tt", "qcd"))
    np.testing.assert_array_equal(turned.images[turned.label == 0], images["TT"])


def test_a_record_array_is_read_by_the_names_of_its_fields(tmp_path: Path) -> None:
    jets = quark_gluon()
    records = np.zeros(len(jets), [("image", "f4", (25, 25)), ("signal", "f4"), ("jet_pt", "f4")])
    records["image"], records["signal"], records["jet_pt"] = jets.images, jets.label, jets.conditions["pt"]
    np.save(tmp_path / "records.npy", records)
    found = read_jets(tmp_path / "records.npy", frame="raw", half_width=0.4)
    np.testing.assert_array_equal(found.images, jets.images)
    np.testing.assert_array_equal(found.conditions["pt"], jets.conditions["pt"])


def test_few_pixels_are_no_particles(tmp_path: Path) -> None:
    x = (np.random.default_rng(0).random((60, 3, 3)) < 0.5).astype("f4")
    np.savez(tmp_path / "3x3.npz", X=x, y=np.arange(60) % 2)
    with pytest.raises(DataError, match=r"3x3.npz: X: shape \(60, 3, 3\): images of fewer than 8 pixels"):
        read_jets(tmp_path / "3x3.npz")


def test_jetnet_particles(tmp_path: Path) -> None:
    x = particles()
    pt = x[..., 0].sum(1)
    axis = [(x[..., 0] * x[..., i]).sum(1) / pt for i in (1, 2)]
    features = np.stack([x[..., 1] - axis[0][:, None], x[..., 2] - axis[1][:, None], x[..., 0] / pt[:, None],
                         np.ones(x.shape[:2])], 2)
    features[:, -2:] = 0
    hdf5_file(tmp_path / "g.hdf5", particle_features=features, jet_features=np.stack([pt, axis[0], pt / 10], 1))
    jets = read_jets(tmp_path / "g.hdf5")
    np.testing.assert_array_equal(jets.label, 0)
    assert (jets.name(0), jets.grid.half_width) == ("gluon", 0.8)
    np.testing.assert_allclose(jets.images.sum((1, 2)), x[:, :-2, 0].sum(1), rtol=1e-6)
    with pytest.raises(DataError, match=r"jets.h5: y: the file holds no labels"):
        read_jets((tmp_path / "g.hdf5").rename(tmp_path / "jets.h5"))
    np.testing.assert_array_equal(read_jets(tmp_path / "jets.h5", labels=1).label, 1)


@pytest.mark.parametrize(("name", "content", "message"), [
    ("jets.fits", b"SIMPLE  =", "is a FITS file, which this package does not read"),
    ("jets.txt", b"pt eta phi", "is not an HDF5 file"),
])
def test_a_known_kind_that_is_not_read_is_said_by_name(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content * 10)
    with pytest.raises(DataError, match=f"{name}: {message}"):
        read_jets(tmp_path / name)


def test_a_root_file_of_others_is_said_by_name(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(tmp_path / "jets.root") as file:
        file["tree"] = {"jet_pt": np.ones(3)}
    with pytest.raises(DataError, match=r"jets.root: is a ROOT file, which .*does not read, because .*JetClass"):
        read_jets(tmp_path / "jets.root")


def test_a_list_that_claims_more_values_than_are_there_is_damaged() -> None:
    awkward = pytest.importorskip("awkward")
    pytest.importorskip("uproot")
    from qgan.data.root import _padded

    begins, ends = (awkward.index.Index64(np.array(values)) for values in ([0, 2], [2, 9_000_000]))
    rows = awkward.Array(awkward.contents.ListArray(begins, ends, awkward.contents.NumpyArray(np.arange(4.0))))
    with pytest.raises(ValueError, match=r"stop\[i\] > len\(content\)"):
        _padded(rows)


def test_jetclass_particles(tmp_path: Path) -> None:
    x = particles()
    x[::2, 6:] = 0
    top = np.arange(100) % 2 == 1
    none = np.zeros(100, bool)
    path = jetclass_file(tmp_path / "both.root", x, label_QCD=~top, label_Tbqq=top, label_Hbb=none)
    jets = read_jets(path)
    assert (jets.class_names, jets.grid.half_width, jets.frame) == (("qcd_jet", "top"), 0.8, "raw")
    np.testing.assert_array_equal(jets.label, top)
    same = read_jets(saved(tmp_path / "same.npz", cartesian(x)), particles="e,px,py,pz", half_width=0.8, size=40)
    np.testing.assert_allclose(jets.images, same.images, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(jets.conditions["mass"], same.conditions["mass"], rtol=1e-2)
    np.testing.assert_array_equal(read_jets(path, start=1, stop=2).images, jets.images[1:2])
    w = read_jets(jetclass_file(tmp_path / "w.root", x, label_QCD=none, label_Wqq=~none))
    assert (w.class_names, w.classes) == (("qcd", "w"), [1])
    with pytest.raises(DataError, match=r"many.root: label_: marks jets as Tbqq and Hbb, expected one kind beside QCD"):
        read_jets(jetclass_file(tmp_path / "many.root", x, label_QCD=none, label_Tbqq=top, label_Hbb=~top))


def test_events_are_no_jets(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "events.h5", "w") as file:
        file.create_group("df")["block0_values"] = np.ones((5, 2101))
    with pytest.raises(DataError, match=r"events.h5: is a pandas table .*LHC Olympics.*whole events"):
        read_jets(tmp_path / "events.h5")


# particles

def saved(path: Path, x: np.ndarray) -> Path:
    np.savez(path, X=x, y=np.arange(len(x)) % 2)
    return path


def in_degrees(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x[..., :2], np.degrees(x[..., 2:3]), x[..., 3:]], 2)


@pytest.mark.parametrize(("changed", "message", "columns"), [
    (in_degrees(particles()), "azimuths up to .* perhaps they are degrees", "pt,y,phi_degrees,pdg"),
    (particles()[..., [0, 2, 1, 3]], "one side of the detector", "pt,phi,y,pdg"),
    (particles()[..., [1, 2, 0, 3]], "azimuths up to", "y,phi,pt,pdg"),
    (cartesian(particles()), "rapidities up to", "e,px,py,pz"),
])
def test_columns_that_cannot_be_are_doubted_and_can_be_named(tmp_path: Path, changed: np.ndarray, message: str,
                                                             columns: str) -> None:
    good = read_jets(saved(tmp_path / "ok.npz", particles()))
    path = saved(tmp_path / "changed.npz", changed)
    with pytest.raises(DataError, match=rf"changed.npz: X: holds .*{message}.*--particles"):
        read_jets(path)
    told = read_jets(path, particles=columns)
    np.testing.assert_allclose(told.images, good.images, rtol=1e-5)
    for name in ("pt", "mass", "eta"):
        np.testing.assert_allclose(told.conditions[name], good.conditions[name], rtol=1e-3, atol=1e-3)


def test_rows_of_nan_or_of_a_sentinel_are_padding_and_said_once(tmp_path: Path) -> None:
    x = particles()
    x[:, 7:] = 0
    good = read_jets(saved(tmp_path / "ok.npz", x))
    for i, (where, padding) in enumerate(((slice(None), np.nan), (slice(None), -999), (slice(1, 3), -999))):
        padded = x.copy()
        padded[:, 7:, where] = padding
        path = saved(tmp_path / f"{i}.npz", padded)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("default")
            np.testing.assert_array_equal(read_jets(path).images, good.images)
        assert len(said) == (i < 2)
    x[4, 2, 1] = np.nan
    with pytest.raises(DataError, match=r"nan.npz: X: holds NaN or infinite values"):
        read_jets(saved(tmp_path / "nan.npz", x))


def test_most_of_the_pt_must_lie_in_the_image(tmp_path: Path) -> None:
    wide = particles()
    wide[..., 2] = wide[:, :1, 2] + np.random.default_rng(0).uniform(-2, 2, wide.shape[:2])
    with pytest.raises(DataError, match=r"wide.npz: X: .*% of the jets' pT lies outside ±0.4.*half_width"):
        read_jets(saved(tmp_path / "wide.npz", wide))
    assert read_jets(tmp_path / "wide.npz", half_width=2.5).grid.half_width == 2.5
    with pytest.raises(DataError, match=r"mev.npz: X: holds jets with a pT of 5\.\d+e\+05 GeV"):
        read_jets(saved(tmp_path / "mev.npz", particles() * [1000, 1, 1, 1]))


def test_labels_beside_an_array_are_found_by_its_name(tmp_path: Path) -> None:
    np.save(tmp_path / "x10_sorted.npy", particles())
    np.save(tmp_path / "y10_sorted.npy", np.arange(100) % 2)
    np.testing.assert_array_equal(read_jets(tmp_path / "x10_sorted.npy").label, np.arange(100) % 2)
