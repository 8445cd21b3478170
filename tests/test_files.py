"""Native files: what is written is read, in any blocks; bad input ends in one line that names file and field."""

from __future__ import annotations

import errno
import io
import resource
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from qgan.data import (
    Grid,
    JetImages,
    JetWriter,
    embedded_jets,
    file_summary,
    iter_jets,
    merge,
    read_jets,
    write_jets,
)
from qgan.data.files import round_mantissa
from qgan.data.jets import KEYS
from qgan.errors import DataError
from qgan.seeding import numpy_rng


def some_jets(n: int, seed: int = 0, size: int = 9, frame: str = "canonical", label: int | None = None) -> JetImages:
    rng = numpy_rng(seed, "files")
    images = rng.exponential(5.0, (n, size, size)) * (rng.random((n, size, size)) < 0.1)
    conditions = {name: rng.uniform(0.5, 1.5, n).astype(np.float32) for name in ("eta", "pt", "mass", "delta_r")}
    labels = np.arange(n) % 2 if label is None else np.full(n, label)
    return JetImages(images.astype(np.float32), labels, conditions, Grid.square(size, 1.25), frame, ("qcd", "w"),
                     {"seed": seed}, "made here")


def assert_same(a: JetImages, b: JetImages) -> None:
    np.testing.assert_array_equal(a.images, b.images)
    np.testing.assert_array_equal(a.label, b.label)
    assert a.conditions.keys() == b.conditions.keys()
    for name in a.conditions:
        np.testing.assert_array_equal(a.conditions[name], b.conditions[name])
    assert (a.grid, a.frame, a.class_names) == (b.grid, b.frame, b.class_names)


def publish(path: Path, n: int, size: int = 25, **changed: object) -> Path:
    """A file of the published layout: float64, no attributes."""
    rng = numpy_rng(5, "published")
    columns = {"image": rng.random((n, size, size)), "signal": (np.arange(n) % 2).astype(float)}
    columns |= {key: rng.random(n) for key in KEYS.values()}
    with h5py.File(path, "w") as file:
        for key, values in (columns | changed).items():
            if values is not None:
                file[key] = values
    return path


# what is written is read

def test_a_written_file_reads_back_the_same(tmp_path):
    jets = some_jets(50)
    write_jets(tmp_path / "jets.h5", jets)
    read = read_jets(tmp_path / "jets.h5")
    assert_same(jets, read)
    assert read.origin == {"seed": 0}
    assert read.images.dtype == np.float32


def test_any_slice_of_several_files_is_that_slice_of_all(tmp_path):
    parts = [some_jets(n, seed) for seed, n in enumerate((30, 7, 20))]
    paths = [tmp_path / f"{i}.h5" for i in range(3)]
    for path, jets in zip(paths, parts, strict=True):
        write_jets(path, jets)
    everything = np.concatenate([jets.images for jets in parts])
    for start, stop in ((0, None), (0, 57), (25, 41), (31, 36), (37, 57), (56, 400)):
        np.testing.assert_array_equal(read_jets(paths, start=start, stop=stop).images, everything[start:stop])
    np.testing.assert_array_equal(np.concatenate([b.images for b in iter_jets(paths, block=8)]), everything)


def test_a_grid_off_the_centre_keeps_its_edges(tmp_path):
    jets = some_jets(4)
    cropped = JetImages(jets.images[:, 1:6, 2:9], jets.label, {}, jets.grid.crop((1, 6), (2, 9)), "raw")
    write_jets(tmp_path / "jets.h5", cropped)
    assert read_jets(tmp_path / "jets.h5").grid == cropped.grid


def test_the_bytes_of_a_file_do_not_depend_on_the_blocks(tmp_path):
    jets = some_jets(5000)  # several chunks
    written = []
    for block in (1, 37, 1024, 5000):
        path = tmp_path / f"{block}.h5"
        with JetWriter(path, grid=jets.grid, frame=jets.frame, class_names=jets.class_names, origin={"a": 1}) as writer:
            for start in range(0, len(jets), block):
                writer.append(jets[start:start + block])
        written.append(path.read_bytes())
    assert all(other == written[0] for other in written[1:])


def test_rounded_mantissas_are_close_smaller_and_keep_zeros(tmp_path):
    jets = some_jets(3000)
    write_jets(tmp_path / "exact.h5", jets)
    write_jets(tmp_path / "rounded.h5", jets, mantissa_bits=8)
    rounded = read_jets(tmp_path / "rounded.h5").images
    np.testing.assert_allclose(rounded, jets.images, rtol=2**-9, atol=0)
    np.testing.assert_array_equal(rounded == 0, jets.images == 0)
    assert (tmp_path / "rounded.h5").stat().st_size < 0.75 * (tmp_path / "exact.h5").stat().st_size


@pytest.mark.parametrize("bits", [0, 3, 22])
def test_rounding_goes_to_the_nearest(bits):
    values = numpy_rng(1, "mantissa").exponential(10.0, 1000).astype(np.float32)
    step = np.exp2(np.floor(np.log2(values)) - bits)
    assert (np.abs(round_mantissa(values, bits) - values) <= step / 2).all()


def test_both_frames_are_kept_and_can_be_asked_for(tmp_path):
    jets, raw = some_jets(20), some_jets(20, seed=9).images
    write_jets(tmp_path / "w.h5", jets, other_images=raw)
    write_jets(tmp_path / "copy.h5", jets, other_images=raw)
    assert merge([tmp_path / "w.h5", tmp_path / "copy.h5"], tmp_path / "both.h5") == 40
    assert_same(read_jets(tmp_path / "both.h5", stop=20), jets)
    asked = read_jets(tmp_path / "both.h5", start=20, frame="raw")
    assert asked.frame == "raw"
    np.testing.assert_array_equal(asked.images, raw)


def test_merging_keeps_the_order_and_what_all_files_have(tmp_path):
    first, second = some_jets(11, 1, label=1), some_jets(13, 2, label=0)
    fewer = replace(second, conditions={"pt": second.conditions["pt"]}, origin={})
    write_jets(tmp_path / "1.h5", first, other_images=first.images)
    write_jets(tmp_path / "2.h5", fewer)
    assert merge([tmp_path / "1.h5", tmp_path / "2.h5"], tmp_path / "out.h5") == 24
    merged = read_jets(tmp_path / "out.h5")
    assert list(merged.conditions) == ["pt"]
    np.testing.assert_array_equal(merged.images, np.concatenate([first.images, second.images]))
    np.testing.assert_array_equal(merged.label, [1] * 11 + [0] * 13)
    assert merged.origin == {"merged": [{"file": "1.h5", "seed": 1}, {"file": "2.h5"}]}
    with pytest.raises(DataError, match="image_raw: no such key"):
        read_jets(tmp_path / "out.h5", frame="raw")


def test_the_summary_says_what_a_file_holds(tmp_path):
    jets = some_jets(21)
    write_jets(tmp_path / "jets.h5", jets)
    summary = file_summary(tmp_path / "jets.h5")
    assert summary["classes"] == {"qcd": 11, "w": 10}
    assert (summary["jets"], summary["frame"], summary["pixels"]) == (21, "canonical", [9, 9])
    assert summary["ranges"]["pt"] == [float(jets.conditions["pt"].min()), float(jets.conditions["pt"].max())]
    assert summary["ranges"]["pixel"] == [0.0, float(jets.images.max())]
    assert summary["origin"] == {"seed": 0}


# files that others wrote

def test_the_published_file_needs_no_attributes(tmp_path):
    tau = np.array([np.nan, np.inf, 0.4, 1e-30])
    jets = read_jets(publish(tmp_path / "published.h5", 4, tau_21=tau))
    assert (jets.frame, jets.grid, jets.class_names) == ("canonical", Grid.square(25, 1.25), ("qcd", "w"))
    np.testing.assert_array_equal(jets.conditions["tau_21"], np.array([0, 0, 0.4, 1e-30], np.float32))
    assert set(jets.conditions) == set(KEYS)


def test_images_and_labels_are_enough_once_frame_and_half_width_are_said(tmp_path):
    path = publish(tmp_path / "own.h5", 3, size=7, **dict.fromkeys(KEYS.values()))
    with pytest.raises(DataError, match=r"own.h5: frame: .*frame='raw'"):
        read_jets(path)
    with pytest.raises(DataError, match=r"own.h5: half_width: .*half_width="):
        read_jets(path, frame="raw")
    jets = read_jets(path, frame="raw", half_width=0.4, class_names=("gluon", "quark"))
    assert (jets.frame, jets.grid, jets.conditions, jets.class_names) == (
        "raw", Grid.square(7, 0.4), {}, ("gluon", "quark"))


def test_a_process_names_the_classes(tmp_path):
    path = publish(tmp_path / "quark.h5", 2)
    with h5py.File(path, "a") as file:
        file.attrs.update(frame="raw", half_width=0.4, process="quark", seeds=[3])
    jets = read_jets(path)
    assert jets.class_names == ("gluon", "quark")
    assert jets.origin == {"process": "quark", "seeds": [3]}


def test_a_smaller_size_can_be_asked_for(tmp_path):
    jets = some_jets(10)
    write_jets(tmp_path / "jets.h5", jets)
    pooled = read_jets(tmp_path / "jets.h5", size=3)
    assert pooled.images.shape == (10, 3, 3)
    np.testing.assert_allclose(pooled.images.sum((1, 2)), jets.images.sum((1, 2)), rtol=1e-6)


# memory

def test_ten_thousand_jets_of_the_whole_set_take_memory_for_ten_thousand(tmp_path):
    path, n = tmp_path / "whole.h5", 872_666
    with h5py.File(path, "w") as file:  # chunks that were never written cost no disk and read as zeros
        file.create_dataset("image", (n, 25, 25), "f8", chunks=(64, 25, 25))
        for key in ("signal", *KEYS.values()):
            file.create_dataset(key, (n,), "f8", chunks=(4096,))
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jets = read_jets(path, start=400_000, stop=410_000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(jets) == 10_000
    kept = jets.images.nbytes  # 25 MB; the whole set is 4.4 GB
    assert peak < 4 * kept
    assert grown < 8 * kept


def test_writing_many_blocks_takes_memory_for_one(tmp_path):
    block = some_jets(2000, size=25)
    tracemalloc.start()
    with JetWriter(tmp_path / "out.h5", grid=block.grid, frame=block.frame, class_names=block.class_names) as writer:
        for _ in range(10):
            writer.append(block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert writer.n_jets == 20_000
    assert peak < 1.5 * block.images.nbytes


# bad input

@pytest.mark.parametrize(("name", "content", "message"), [
    ("none.h5", None, "no such file"),
    ("empty.h5", b"", r"is empty \(0 bytes\)"),
    ("text.h5", b"these are no jets" * 100, "is not an HDF5 file"),
])
def test_a_file_that_is_no_hdf5(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: {message}"):
        read_jets(tmp_path / name)


def test_a_folder_and_a_truncated_file(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_jets(tmp_path)
    write_jets(tmp_path / "jets.h5", some_jets(1000))
    content = (tmp_path / "jets.h5").read_bytes()
    (tmp_path / "jets.h5").write_bytes(content[:len(content) // 2])
    with pytest.raises(DataError, match=r"jets.h5: is truncated"):
        read_jets(tmp_path / "jets.h5")


def test_damaged_data_are_noticed_while_reading(tmp_path):
    write_jets(tmp_path / "jets.h5", some_jets(3000))
    with h5py.File(tmp_path / "jets.h5") as file:
        chunk = file["image"].id.get_chunk_info(0)
    with open(tmp_path / "jets.h5", "r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(bytes(chunk.size))
    with pytest.raises(DataError, match=r"jets.h5: image: cannot be read"):
        read_jets(tmp_path / "jets.h5")


BAD = np.ones((6, 25, 25))
BAD_PIXELS = {value: np.where(np.arange(625).reshape(25, 25) == 7, value, BAD) for value in (np.nan, np.inf, -1.0)}


@pytest.mark.parametrize(("changed", "message"), [
    ({"signal": None}, "signal: no such key; the file holds image, jet_delta_R"),
    ({"image": None}, "image: no such key"),
    ({"image": np.ones((6, 625))}, r"image: shape \(6, 625\), expected 3 dimensions"),
    ({"jet_pt": np.ones(5)}, r"jet_pt: shape \(5,\), expected \(6,\)"),
    ({"signal": np.full(6, 0.5)}, "signal: holds values other than 0 and 1"),
    ({"jet_pt": np.full(6, np.nan)}, "jet_pt: holds NaN"),
    ({"image": BAD_PIXELS[np.nan]}, "image: holds NaN"),
    ({"image": BAD_PIXELS[np.inf]}, "image: holds NaN or infinite"),
    ({"image": BAD_PIXELS[-1.0]}, "image: holds negative pixels"),
    ({"image": np.array([[["a"] * 25] * 25] * 6, "S1")}, "image: cannot be read"),
])
def test_a_field_that_is_wrong_is_named(tmp_path, changed, message):
    path = publish(tmp_path / "bad.h5", 6, **changed)
    with pytest.raises(DataError, match=f"bad.h5: {message}") as raised:
        read_jets(path, frame="canonical", half_width=1.25)
    assert "\n" not in str(raised.value)


def test_no_jets_and_impossible_slices(tmp_path):
    with pytest.raises(DataError, match=r"none.h5: image: holds no jets"):
        read_jets(publish(tmp_path / "none.h5", 0))
    path = publish(tmp_path / "few.h5", 5)
    for start, stop in ((5, None), (3, 3), (-1, 2)):
        with pytest.raises(DataError, match=r"few.h5: jets .* there are 5"):
            read_jets(path, start=start, stop=stop)


def test_keys_of_no_known_format_are_listed(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["temperature"] = np.zeros(3)
    with pytest.raises(DataError, match=r"other.h5: image: no such key; the file holds temperature; expected"):
        read_jets(tmp_path / "other.h5")


@pytest.mark.parametrize(("attributes", "options", "message"), [
    ({"frame": "sideways", "half_width": 1.0}, {}, "frame: is 'sideways'"),
    ({"frame": "raw", "half_width": -1.0}, {}, "half_width: "),
    ({"frame": "raw", "half_width": "wide"}, {}, "half_width: is 'wide'"),
    ({"frame": "raw", "half_width": 1.0}, {"half_width": 0.4}, "half_width: is 1.0, 0.4 was asked for"),
    ({"frame": "raw", "half_width": 1.0}, {"frame": "canonical"}, "image_canonical: no such key"),
    ({"frame": "raw", "half_width": 1.0, "schema_version": 99}, {}, "schema_version: is 99"),
    ({"frame": "raw", "half_width": 1.0, "origin": "{"}, {}, "origin: is not JSON"),
    ({"frame": "raw", "half_width": 1.0, "class_names": ["w"]}, {}, "class_names: expected"),
])
def test_attributes_that_are_wrong_are_named(tmp_path, attributes, options, message):
    path = publish(tmp_path / "bad.h5", 3)
    with h5py.File(path, "a") as file:
        file.attrs.update(attributes)
    with pytest.raises(DataError, match=f"bad.h5: {message}"):
        read_jets(path, **options)


def test_unlike_files_are_not_put_together(tmp_path):
    write_jets(tmp_path / "a.h5", some_jets(3))
    for name, other in (("grid", some_jets(3, size=7)), ("frame", some_jets(3, frame="raw"))):
        write_jets(tmp_path / "b.h5", other, overwrite=True)
        with pytest.raises(DataError, match=f"b.h5: {name}: .* differs from"):
            read_jets([tmp_path / "a.h5", tmp_path / "b.h5"])
        with pytest.raises(DataError, match=f"b.h5: {name}: .* differs from"):
            merge([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "out.h5")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "b.h5"]


def test_blocks_of_one_file_hold_the_same_quantities(tmp_path):
    jets = some_jets(3)
    without = replace(jets, conditions={}, source="the second block")
    with (pytest.raises(DataError, match="the second block: jet_delta_R, jet_eta, jet_mass, jet_pt: in some"),
          JetWriter(tmp_path / "out.h5", grid=jets.grid, frame=jets.frame, class_names=jets.class_names) as writer):
        writer.append(jets)
        writer.append(without)
    assert list(tmp_path.iterdir()) == []


# output

def test_a_file_that_exists_stays_unless_overwriting(tmp_path):
    write_jets(tmp_path / "jets.h5", some_jets(3))
    with pytest.raises(DataError, match=r"jets.h5: exists already; pass --overwrite"):
        write_jets(tmp_path / "jets.h5", some_jets(4))
    assert len(read_jets(tmp_path / "jets.h5")) == 3
    write_jets(tmp_path / "jets.h5", some_jets(4), overwrite=True)
    assert len(read_jets(tmp_path / "jets.h5")) == 4
    with pytest.raises(DataError, match=r"the folder .* does not exist"):
        write_jets(tmp_path / "missing" / "jets.h5", some_jets(3))


def test_an_interrupted_file_leaves_nothing(tmp_path):
    jets = some_jets(3000)
    with (pytest.raises(KeyboardInterrupt),
          JetWriter(tmp_path / "out.h5", grid=jets.grid, frame=jets.frame, class_names=jets.class_names) as writer):
        writer.append(jets)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [0, 3_000, 60_000])
def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, monkeypatch, room):
    write_jets(tmp_path / "jets.h5", some_jets(3))
    written = 0
    original = io.FileIO.write

    def write(self: io.FileIO, data: memoryview) -> int:
        nonlocal written
        written += len(data)
        if written > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, data)

    monkeypatch.setattr("qgan.data.sink.Sink._write_all", lambda self, view: write(self, view))
    with pytest.raises(DataError, match=r"jets.h5: could not be written: No space left on device$"):
        write_jets(tmp_path / "jets.h5", some_jets(5000), overwrite=True)
    assert len(read_jets(tmp_path / "jets.h5")) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["jets.h5"]


def test_a_file_that_the_system_refuses_to_grow_does_not_crash_the_interpreter(tmp_path):
    write_jets(tmp_path / "in.h5", some_jets(5000))
    program = ("import resource, sys\nfrom qgan.data import merge\nfrom qgan.errors import DataError\n"
               "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
               "try:\n    merge(sys.argv[1:2], sys.argv[2])\nexcept DataError as error:\n    print(error)\n")
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "in.h5", tmp_path / "out.h5"], text=True,
                          capture_output=True, cwd=Path(__file__).parent.parent, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'out.h5'}: could not be written: File too large\n"
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5"]


# the package

def test_reading_files_loads_no_heavy_library():
    program = ("import sys, qgan.data.files, qgan.data.conditions, qgan.data.transforms\n"
               "print([m for m in ('torch', 'pennylane', 'matplotlib', 'pandas', 'pyarrow') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True,
                          cwd=Path(__file__).parent.parent)
    assert done.stdout == "[]\n"


def test_unknown_embedded_jets_are_refused():
    with pytest.raises(DataError, match="embedded jets: top: no such set, expected one of w_qcd"):
        embedded_jets("top", "train")
    with pytest.raises(DataError, match="embedded jets: all: no such split, expected one of train"):
        embedded_jets("w_qcd", "all")
