"""Files of jets in every packing: what is written is read, whatever the blocks, and a suffix says what is inside."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jet_files import some_jets

from qgan.base.errors import DataError
from qgan.data import JetImages, JetWriter, file_summary, merge, read_jets, write_jets
from qgan.data.contents import kind_of
from qgan.data.stores import STORES

LIBRARIES = {".parquet": "pyarrow", ".root": "uproot"}


@pytest.fixture(params=STORES)
def suffix(request: pytest.FixtureRequest) -> str:
    if request.param in LIBRARIES:
        pytest.importorskip(LIBRARIES[request.param])
    return str(request.param)


def assert_same(a: JetImages, b: JetImages) -> None:
    assert a.fingerprint() == b.fingerprint()
    assert (a.grid, a.frame, a.class_names, a.units, a.origin) == (b.grid, b.frame, b.class_names, b.units, b.origin)
    assert list(a.conditions) == list(b.conditions)
    np.testing.assert_array_equal(a.generated, b.generated)


def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    jets, path = some_jets(50), tmp_path / f"jets{suffix}"
    jets = replace(jets, generated=(np.arange(50) % 3 == 0).astype(np.int8))
    raw = jets.images[::-1]
    write_jets(path, jets, other_images=raw)
    assert kind_of(path) == {".npz": "npz", ".parquet": "Parquet", ".root": "ROOT"}.get(suffix, "HDF5")
    assert_same(read_jets(path), jets)
    assert_same(read_jets(path, start=13, stop=31), jets[13:31])
    assert (read_jets(path, frame="raw").images == raw).all()
    assert file_summary(path)["format"] == "native"
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]


def test_no_jets_no_quantities_and_edges_of_their_own(tmp_path: Path, suffix: str) -> None:
    jets = some_jets(4)
    cropped = JetImages(jets.images[:, 1:6, 2:9], jets.label, {}, jets.grid.crop((1, 6), (2, 9)), "raw", units="sum")
    write_jets(tmp_path / f"cropped{suffix}", cropped)
    assert_same(read_jets(tmp_path / f"cropped{suffix}"), cropped)
    write_jets(tmp_path / f"none{suffix}", jets[:0])
    with pytest.raises(DataError, match=rf"none{suffix}: image: holds no jets"):
        read_jets(tmp_path / f"none{suffix}")


def test_the_blocks_do_not_matter(tmp_path: Path, suffix: str) -> None:
    jets = some_jets(300, size=60)  # more than are held at once
    for block in (7, 300):
        with JetWriter(tmp_path / f"{block}{suffix}", grid=jets.grid, frame=jets.frame,
                       class_names=jets.class_names, origin=jets.origin) as writer:
            writer._rows = 128
            for start in range(0, len(jets), block):
                writer.append(jets[start:start + block])
    assert_same(read_jets(tmp_path / f"7{suffix}"), jets)
    assert_same(read_jets(tmp_path / f"300{suffix}", start=100, stop=290), jets[100:290])
    if suffix != ".root":  # which holds the time
        assert (tmp_path / f"7{suffix}").read_bytes() == (tmp_path / f"300{suffix}").read_bytes()


def test_files_are_merged_across_packings(tmp_path: Path, suffix: str) -> None:
    write_jets(tmp_path / f"a{suffix}", some_jets(6, 1))
    write_jets(tmp_path / "b.h5", some_jets(5, 2))
    assert merge([tmp_path / f"a{suffix}", tmp_path / "b.h5"], tmp_path / f"both{suffix}") == 11
    images = read_jets(tmp_path / f"both{suffix}").images
    assert (images == np.concatenate([some_jets(6, 1).images, some_jets(5, 2).images])).all()


def test_a_failure_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    jets = some_jets(20)

    def write(parts: list[JetImages]) -> None:
        with JetWriter(tmp_path / f"jets{suffix}", grid=jets.grid, frame=jets.frame,
                       class_names=jets.class_names) as writer:
            for part in parts:
                writer.append(part)

    with pytest.raises(DataError, match="in some of the jets for"):
        write([jets, replace(jets, conditions={})])
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"jets{suffix}"
    write_jets(path, some_jets(200))
    whole = path.read_bytes()
    for length in (len(whole) // 3, len(whole) - 40):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=f"jets{suffix}: "):
            read_jets(path)


@pytest.mark.parametrize(("name", "problem"), [
    ("jets.parq", r"jets.parq: ends in '.parq', expected one of .h5, .hdf5, .npz, .parquet, .root; did you mean"),
    ("jets", "jets: ends in 'no suffix', expected one of .h5"), ("jets.csv", "ends in '.csv'")])
def test_an_unknown_suffix_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        write_jets(tmp_path / name, some_jets(3))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "library"), LIBRARIES.items())
def test_a_library_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str,
                                            library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(DataError, match=rf"jets{suffix}: {suffix} needs {library}: pip install 'qgan"):
        write_jets(tmp_path / f"jets{suffix}", some_jets(3))
    assert list(tmp_path.iterdir()) == []


def test_arguments_in_the_wrong_order_are_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="write_jets: path is of type JetImages"):
        write_jets(some_jets(3), tmp_path / "jets.h5")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="write_jets: jets is of type ndarray"):
        write_jets(tmp_path / "jets.h5", some_jets(3).images)  # type: ignore[arg-type]
