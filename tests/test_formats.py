"""Each foreign format, read from a small file of exactly its layout."""

from __future__ import annotations

import builtins
import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from qgan.base.errors import DataError
from qgan.base.seeding import numpy_rng
from qgan.data import Grid, file_summary, merge, npy, npz, read_jets
from qgan.data.formats.cms_images import HALF_WIDTH as CMS_HALF_WIDTH

N = 7


def cms_arrays(n: int = N) -> dict[str, np.ndarray]:
    """(N, 125, 125, 3) images with a few hits, the centre of the ECAL image the hardest; m0, pt, y."""
    rng = numpy_rng(1, "cms")
    images = rng.exponential(2.0, (n, 125, 125, 3)) * (rng.random((n, 125, 125, 3)) < 0.01)
    images[:, 62, 62, 1] = 50.0
    return {"X_jets": images.astype(np.float32), "m0": rng.uniform(10, 40, n), "pt": rng.uniform(80, 300, n),
            "y": np.arange(n, dtype=np.float32) % 2}


def write_hdf5(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file[key] = values
    return path


def write_parquet(path: Path, arrays: dict[str, np.ndarray], rows_per_group: int = 3, number: str = "float64") -> Path:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    images = np.moveaxis(arrays["X_jets"], 3, 1).tolist()
    nested = pa.list_(pa.list_(pa.list_(getattr(pa, number)())))
    columns = {"X_jets": pa.array(images, nested)} | {k: pa.array(v) for k, v in arrays.items() if k != "X_jets"}
    pq.write_table(pa.table(columns), path, row_group_size=rows_per_group)
    return path


def particles(n: int = N, m: int = 12) -> np.ndarray:
    """(n, m, 4) pT, rapidity, azimuth, PDG number: jets anywhere in azimuth, padded with zeros."""
    rng = numpy_rng(2, "particles")
    x = np.zeros((n, m, 4))
    for jet in range(n):
        k = rng.integers(3, m)
        x[jet, :k, 0] = rng.exponential(40.0, k) + 1
        x[jet, :k, 1] = rng.uniform(-1.5, 1.5) + rng.normal(0, 0.08, k)
        x[jet, :k, 2] = (rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.08, k)) % (2 * np.pi)
        x[jet, :k, 3] = rng.choice([22, 211, -211, 130, 2212, 321], k)
    return x


def energyflow_momenta(x: np.ndarray) -> np.ndarray:
    """(N, 4) E, px, py, pz of the jets, particle by particle."""
    masses = {22: 0.0, 211: 0.13957, -211: 0.13957, 130: 0.49761, 2212: 0.93827, 321: 0.49368}
    jets = np.zeros((len(x), 4))
    for total, jet in zip(jets, x, strict=True):
        for pt, rapidity, phi, pdg in jet:
            if pt > 0:
                m_t = np.sqrt(pt**2 + masses[int(pdg)] ** 2)
                total += m_t * np.cosh(rapidity), pt * np.cos(phi), pt * np.sin(phi), m_t * np.sinh(rapidity)
    return jets


def top_table(n: int = N, m: int = 200) -> Any:
    pandas = pytest.importorskip("pandas")
    rng = numpy_rng(3, "top")
    momenta = np.zeros((n, 4, m), np.float32)
    k = min(m, 30)
    filled = slice(0, k)
    pt, eta = rng.exponential(20.0, (n, k)) + 0.5, rng.normal(0.7, 0.2, (n, k))
    phi = np.pi + rng.normal(0, 0.2, (n, k))  # around the seam of the azimuth
    momenta[:, 1:, filled] = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], 1)
    momenta[:, 0, filled] = pt * np.cosh(eta)
    columns: dict[str, np.ndarray] = {f"{part}_{i}": momenta[:, j, i] for i in range(m)
                                      for j, part in enumerate(("E", "PX", "PY", "PZ"))}
    columns |= {f"truth{part}": np.ones(n, np.float32) for part in ("E", "PX", "PY", "PZ")}
    columns |= {"ttv": np.full(n, 1), "is_signal_new": np.arange(n) % 2}
    return pandas.DataFrame(columns), momenta


# CMS open data

def test_cms_images_in_hdf5(tmp_path: Path) -> None:
    arrays = cms_arrays()
    jets = read_jets(write_hdf5(tmp_path / "cms.h5", arrays))
    assert (jets.frame, jets.class_names, jets.grid) == (
        "raw", ("gluon", "quark"), Grid.square(125, CMS_HALF_WIDTH))
    np.testing.assert_allclose(jets.images, arrays["X_jets"].sum(3), rtol=1e-6)
    np.testing.assert_array_equal(jets.label, arrays["y"])
    np.testing.assert_allclose(jets.conditions["mass"], arrays["m0"], rtol=1e-6)
    np.testing.assert_allclose(jets.conditions["pt"], arrays["pt"], rtol=1e-6)
    # A pixel is an ECAL crystal, a 360th of a turn.
    assert np.diff(jets.grid.phi) == pytest.approx(2 * np.pi / 360)


@pytest.mark.parametrize(("channel", "index"), [("tracks", 0), ("ecal", 1), ("hcal", 2)])
def test_one_channel_of_the_cms_images(tmp_path: Path, channel: str, index: int) -> None:
    arrays = cms_arrays()
    for path in (write_hdf5(tmp_path / "cms.h5", arrays), write_parquet(tmp_path / "cms.parquet", arrays)):
        np.testing.assert_array_equal(read_jets(path, channel=channel).images, arrays["X_jets"][..., index])
    with pytest.raises(DataError, match="channel: is 'muons', expected one of sum, tracks"):
        read_jets(tmp_path / "cms.h5", channel="muons")


@pytest.mark.parametrize("number", ["float64", "float32"])
def test_parquet_holds_the_same_jets_as_hdf5(tmp_path: Path, number: str) -> None:
    arrays = cms_arrays()
    a = read_jets(write_hdf5(tmp_path / "cms.h5", arrays))
    path = write_parquet(tmp_path / "cms.parquet", arrays, number=number)
    for start, stop in ((0, None), (0, 2), (2, 4), (4, 7), (1, 6)):
        b = read_jets(path, start=start, stop=stop)
        np.testing.assert_array_equal(a.images[start:stop], b.images)
        np.testing.assert_array_equal(a.label[start:stop], b.label)
        np.testing.assert_array_equal(a.conditions["mass"][start:stop], b.conditions["mass"])
    assert b.grid == a.grid


def test_cms_images_pooled_while_reading_keep_their_energy(tmp_path: Path) -> None:
    arrays = cms_arrays()
    for size in (25, 40):
        jets = read_jets(write_hdf5(tmp_path / f"{size}.h5", arrays), size=size)
        assert jets.images.shape == (N, size, size)
        np.testing.assert_allclose(jets.images.sum((1, 2)), arrays["X_jets"].sum((1, 2, 3)), rtol=1e-5)
        assert jets.grid.half_width == pytest.approx(CMS_HALF_WIDTH)


def test_a_slice_of_many_cms_images_takes_memory_for_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.data.hdf5._check_stored", lambda *arguments: None)  # of chunks that were never written
    with h5py.File(tmp_path / "cms.h5", "w") as file:
        file.create_dataset("X_jets", (793_900, 125, 125, 3), "f4", chunks=(16, 125, 125, 3))
        for key in ("m0", "pt", "y"):
            file.create_dataset(key, (793_900,), "f8", chunks=(4096,))
    tracemalloc.start()
    jets = read_jets(tmp_path / "cms.h5", start=500_000, stop=501_000, size=25)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert jets.images.shape == (1000, 25, 25)
    assert peak < 100e6  # 1,000 jets are 188 MB before pooling


def test_one_row_group_of_parquet_is_in_memory_at_a_time(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    arrays = cms_arrays(3)
    repeated = {key: np.concatenate([values] * 20) for key, values in arrays.items()}
    path = write_parquet(tmp_path / "cms.parquet", repeated, rows_per_group=3)
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        assert len(read_jets(path, size=25)) == 60
    finally:
        pa.set_memory_pool(before)
    assert 0 < pool.max_memory() < 0.5 * 60 * 3 * 125 * 125 * 8


@pytest.mark.parametrize(("changed", "message"), [
    ({"y": None}, "y: no such key; the file holds X_jets, m0, pt"),
    ({"X_jets": np.zeros((N, 125, 125, 2), np.float32)}, r"X_jets: shape .*, expected \(N, 125, 125, 3\)"),
    ({"X_jets": np.zeros((N, 125, 125), np.float32)}, r"X_jets: shape .*, expected 4 dimensions"),
    ({"pt": np.ones(3)}, r"pt: shape \(3,\), expected \(7,\)"),
    ({"y": np.full(N, 2.0)}, "y: holds values other than 0 and 1"),
    ({"X_jets": np.full((N, 125, 125, 3), -1, np.float32)}, "image: holds negative pixels"),
])
def test_bad_cms_files_name_the_field(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    arrays = {k: v for k, v in (cms_arrays() | changed).items() if v is not None}
    with pytest.raises(DataError, match=f"cms.h5: {message}"):
        read_jets(write_hdf5(tmp_path / "cms.h5", arrays))


def test_bad_parquet_files_name_the_field(tmp_path: Path) -> None:
    arrays = cms_arrays()
    path = write_parquet(tmp_path / "cms.parquet", {k: v for k, v in arrays.items() if k != "y"})
    with pytest.raises(DataError, match=r"cms.parquet: y: no such column; the file holds X_jets, m0, pt"):
        read_jets(path)
    small = arrays | {"X_jets": arrays["X_jets"][:, :100]}
    with pytest.raises(DataError, match=r"cms.parquet: X_jets: .* expected 3×125×125"):
        read_jets(write_parquet(tmp_path / "cms.parquet", small))
    write_parquet(path, arrays)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"cms.parquet: is a damaged or truncated Parquet file"):
        read_jets(path)


# QML challenge

def test_challenge_images(tmp_path: Path) -> None:
    rng = numpy_rng(4, "qml")
    x, y = rng.random((N, 30, 30)), np.arange(N) % 2
    path = write_hdf5(tmp_path / "qml.h5", {"X": x, "y": y})
    jets = read_jets(path)
    np.testing.assert_array_equal(jets.images, x.astype(np.float32))
    assert (jets.frame, jets.class_names, jets.conditions) == ("raw", ("gluon", "quark"), {})
    assert len(jets.only("quark")) == N // 2
    # The file does not say how far its images reach: what is assumed is on record, unless it is given.
    assert jets.origin["assumed_half_width"] == jets.grid.half_width == 0.4
    given = read_jets(path, half_width=0.8)
    assert given.grid.half_width == 0.8
    assert "assumed_half_width" not in given.origin


def test_challenge_images_without_labels(tmp_path: Path) -> None:
    x = numpy_rng(5, "qml").random((N, 30, 30))
    path = write_hdf5(tmp_path / "blind.h5", {"X": x})
    with pytest.raises(DataError, match=rf"{path}: y: the file holds no labels; pass labels=0"):
        read_jets(path)
    np.testing.assert_array_equal(read_jets(path, labels=0).images, x.astype(np.float32))
    np.testing.assert_array_equal(read_jets(path, labels=1).label, np.ones(N))
    np.save(tmp_path / "y.npy", np.arange(N) % 2)
    np.testing.assert_array_equal(read_jets(path, labels=str(tmp_path / "y.npy"), start=1).label, np.arange(1, N) % 2)
    np.save(tmp_path / "short.npy", np.zeros(N - 1))
    with pytest.raises(DataError, match=rf"short\.npy: shape \({N - 1},\), expected \({N},\)"):
        read_jets(path, labels=str(tmp_path / "short.npy"))


def test_foreign_images_and_particles_in_the_canonical_frame(tmp_path: Path) -> None:
    x, y = particles(), np.arange(N) % 2
    np.savez(tmp_path / "jets.npz", X=x, y=y)
    write_hdf5(tmp_path / "cms.h5", cms_arrays())
    for name, options in (("jets.npz", {"half_width": 0.8, "size": 33}), ("cms.h5", {"size": 25})):
        jets, raw = (read_jets(tmp_path / name, frame=frame, **options) for frame in ("canonical", "raw"))
        assert (jets.frame, jets.grid) == ("canonical", raw.grid)
        half = jets.grid.width // 2
        assert (jets.images[:, :, -half:].sum((1, 2)) >= jets.images[:, :, :half].sum((1, 2))).all()
        for key in raw.conditions:
            np.testing.assert_array_equal(jets.conditions[key], raw.conditions[key])


# EnergyFlow

def test_energyflow_particles_become_images_around_the_jet(tmp_path: Path) -> None:
    x, y = particles(), np.arange(N) % 2
    np.savez_compressed(tmp_path / "QG_jets.npz", X=x, y=y)
    jets = read_jets(tmp_path / "QG_jets.npz", half_width=0.8, size=33)
    energy, px, py, pz = energyflow_momenta(x).T
    np.testing.assert_array_equal(jets.label, y)
    np.testing.assert_allclose(jets.conditions["pt"], np.hypot(px, py), rtol=1e-6)
    np.testing.assert_allclose(jets.conditions["mass"], np.sqrt(energy**2 - px**2 - py**2 - pz**2), rtol=1e-4)
    np.testing.assert_allclose(np.exp(1j * jets.conditions["phi"]), (px + 1j * py) / np.hypot(px, py), atol=1e-5)
    np.testing.assert_allclose(np.tanh(jets.conditions["eta"]), pz / np.sqrt(px**2 + py**2 + pz**2), rtol=1e-5)
    # Every particle lies inside, and their centroid is the jet's axis to a pixel.
    np.testing.assert_allclose(jets.images.sum((1, 2)), x[..., 0].sum(1), rtol=1e-6)
    weights = jets.images / jets.images.sum((1, 2), keepdims=True)
    assert np.abs((weights * jets.grid.eta[:, None]).sum((1, 2))).max() < 0.025
    assert np.abs((weights * jets.grid.phi).sum((1, 2))).max() < 0.025


def test_whole_turns_of_azimuth_change_nothing(tmp_path: Path) -> None:
    x, y = particles(), np.arange(N) % 2
    turned = x.copy()
    turned[..., 2] += 2 * np.pi * numpy_rng(5, "turns").integers(-2, 3, turned.shape[:2]) * (turned[..., 0] > 0)
    np.savez(tmp_path / "a.npz", X=x, y=y)
    np.savez(tmp_path / "b.npz", X=turned, y=y)
    np.testing.assert_array_equal(read_jets(tmp_path / "a.npz").images, read_jets(tmp_path / "b.npz").images)


def test_default_images_of_energyflow_jets(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=particles(), y=np.zeros(N))
    jets = read_jets(tmp_path / "a.npz")
    assert (jets.grid, jets.class_names, jets.frame) == (Grid.square(25, 0.4), ("gluon", "quark"), "raw")


def test_particles_without_labels(tmp_path: Path) -> None:
    x, y = particles(), np.arange(N) % 2
    np.save(tmp_path / "X.npy", x)
    np.save(tmp_path / "jets.npy", x)
    np.save(tmp_path / "labels.npy", y)
    for path in ("X.npy", "jets.npy"):
        with pytest.raises(DataError, match=rf"{path}: y: the file holds no labels; pass labels=0"):
            read_jets(tmp_path / path)
    np.testing.assert_array_equal(read_jets(tmp_path / "jets.npy", labels=str(tmp_path / "labels.npy")).label, y)
    np.testing.assert_array_equal(read_jets(tmp_path / "jets.npy", labels=1).label, np.ones(N))
    np.save(tmp_path / "y.npy", y)
    np.testing.assert_array_equal(read_jets(tmp_path / "X.npy").label, y)


def test_rows_of_an_archive_are_the_rows_of_the_array(tmp_path: Path) -> None:
    x = particles(40)
    np.savez_compressed(tmp_path / "x.npz", X=x, other=np.arange(3))
    rows = npz.open_npz(str(tmp_path / "x.npz"), "X")
    for start, stop in ((0, 5), (5, 9), (30, 40), (2, 3), (0, 40), (39, 40)):
        np.testing.assert_array_equal(rows.read(start, stop), x[start:stop])
    assert rows.shape == x.shape


def test_a_large_archive_is_not_unpacked_whole(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", X=np.zeros((20_000, 100, 4)), y=np.zeros(20_000))  # 64 MB unpacked
    tracemalloc.start()
    with pytest.raises(DataError, match="100 jets have no particles"):
        read_jets(tmp_path / "x.npz", start=15_000, stop=15_100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24e6


@pytest.mark.parametrize(("arrays", "message"), [
    ({"X": np.zeros((3, 4))}, r"X: shape \(3, 4\), expected \(jets, particles, 4\)"),
    ({"Z": np.zeros(3)}, "X: no such array; the file holds Z"),
    ({"X": np.ones((3, 2, 4)), "y": np.zeros(2)}, r"y: shape \(2,\), expected \(3,\)"),
    ({"X": np.ones((3, 2, 4)), "y": np.full(3, 7)}, "y: holds values other than 0 and 1"),
    ({"X": np.full((3, 2, 4), np.nan), "y": np.zeros(3)}, "X: holds NaN"),
    ({"X": -np.ones((3, 2, 4)), "y": np.zeros(3)}, "X: holds a negative pT"),
    ({"X": np.zeros((0, 2, 4)), "y": np.zeros(0)}, "X: holds no jets"),
    ({"X": np.array([{}] * 3), "y": np.zeros(3)}, "X: holds Python objects"),
])
def test_bad_archives_name_the_array(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=f"bad.npz: {message}"):
        read_jets(tmp_path / "bad.npz")


def test_damaged_arrays_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", X=numpy_rng(0, "x").random((50, 20, 4)), y=np.zeros(50))
    content = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "short.npz").write_bytes(content[:len(content) // 2])
    with pytest.raises(DataError, match=r"short.npz: is a damaged or truncated .npz file"):
        read_jets(tmp_path / "short.npz")
    (tmp_path / "flipped.npz").write_bytes(content[:5000] + bytes(500) + content[5500:])
    with pytest.raises(DataError, match=r"flipped.npz: X: is (damaged|truncated)"):
        read_jets(tmp_path / "flipped.npz")
    np.save(tmp_path / "x.npy", np.zeros((50, 20, 4)))
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:1000])
    with pytest.raises(DataError, match=r"x.npy: is no array of numbers"):
        npy.open_npy(tmp_path / "x.npy")


# top tagging

@pytest.mark.parametrize("layout", ["table", "fixed"])
def test_top_tagging_particles(tmp_path: Path, layout: str) -> None:
    pytest.importorskip("tables")
    table, momenta = top_table()
    table.to_hdf(tmp_path / "test.h5", key="table", format=layout)
    jets = read_jets(tmp_path / "test.h5")
    energy, px, py, pz = momenta.astype(float).sum(2).T
    assert (jets.grid, jets.class_names, jets.frame) == (Grid.square(40, 0.8), ("qcd_jet", "top"), "raw")
    np.testing.assert_array_equal(jets.label, np.arange(N) % 2)
    np.testing.assert_allclose(jets.conditions["pt"], np.hypot(px, py), rtol=1e-5)
    np.testing.assert_allclose(jets.conditions["mass"], np.sqrt(energy**2 - px**2 - py**2 - pz**2), rtol=1e-4)
    np.testing.assert_allclose(jets.images.sum((1, 2)), np.hypot(momenta[:, 1], momenta[:, 2]).sum(1), rtol=0.02)
    weights = jets.images / jets.images.sum((1, 2), keepdims=True)
    assert np.abs((weights * jets.grid.phi).sum((1, 2))).max() < 0.06
    assert jets.origin["ttv"] == [1]
    np.testing.assert_array_equal(read_jets(tmp_path / "test.h5", start=2, stop=5).images, jets.images[2:5])


def test_bad_tables_name_the_column(tmp_path: Path) -> None:
    pytest.importorskip("tables")
    table, _ = top_table(m=5)
    for missing in ("is_signal_new", "PX_3", "E_0"):
        table.drop(columns=missing).to_hdf(tmp_path / "bad.h5", key="table", format="table", mode="w")
        with pytest.raises(DataError, match=f"bad.h5: {missing}: no such column"):
            read_jets(tmp_path / "bad.h5")
    table["PX_0"] = np.nan
    table.to_hdf(tmp_path / "bad.h5", key="table", format="table", mode="w")
    with pytest.raises(DataError, match=r"bad.h5: table: holds NaN"):
        read_jets(tmp_path / "bad.h5")
    with h5py.File(tmp_path / "bad.h5", "w") as file:
        file.create_group("table")
    with pytest.raises(DataError, match=r"bad.h5: table: cannot be read as a pandas table"):
        read_jets(tmp_path / "bad.h5")


# all of them

@pytest.mark.parametrize(("library", "name"), [("pyarrow", "cms.parquet"), ("pandas", "top.h5"), ("tables", "top.h5")])
def test_a_missing_library_is_named_with_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str,
                                                      name: str) -> None:
    pytest.importorskip(library)
    if name == "cms.parquet":
        write_parquet(tmp_path / name, cms_arrays(1))
    else:
        pytest.importorskip("tables")
        top_table(2, 3)[0].to_hdf(tmp_path / name, key="table", format="table")
    original = builtins.__import__

    def absent(module: str, *args: Any, **kwargs: Any) -> Any:
        if module.split(".")[0] == library:
            raise ImportError(module)
        return original(module, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(DataError, match=rf"{name}: .*pip install 'qgan\[formats\]'"):
        read_jets(tmp_path / name)


def test_foreign_files_can_be_summed_up_and_converted(tmp_path: Path) -> None:
    np.savez(tmp_path / "QG.npz", X=particles(), y=np.arange(N) % 2)
    assert file_summary(tmp_path / "QG.npz")["format"] == "EnergyFlow particles"
    assert merge([tmp_path / "QG.npz"], tmp_path / "native.h5") == N
    native, foreign = read_jets(tmp_path / "native.h5"), read_jets(tmp_path / "QG.npz")
    np.testing.assert_array_equal(native.images, foreign.images)
    assert (native.grid, native.class_names) == (foreign.grid, foreign.class_names)
