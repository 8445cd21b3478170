"""Native files: what is written is read, in any blocks, slices and frames, and in bounded memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from jet_files import publish, some_jets

from qgan.base.errors import DataError
from qgan.base.seeding import numpy_rng
from qgan.data import (
    Grid,
    JetImages,
    JetWriter,
    concatenate,
    embedded_jets,
    file_summary,
    iter_jets,
    merge,
    read_jets,
    write_jets,
)
from qgan.data.jets import KEYS
from qgan.data.writer import round_mantissa


def assert_same(a: JetImages, b: JetImages) -> None:
    np.testing.assert_array_equal(a.images, b.images)
    np.testing.assert_array_equal(a.label, b.label)
    assert a.conditions.keys() == b.conditions.keys()
    for name in a.conditions:
        np.testing.assert_array_equal(a.conditions[name], b.conditions[name])
    assert (a.grid, a.frame, a.class_names) == (b.grid, b.frame, b.class_names)


# what is written is read

def test_a_written_file_reads_back_the_same(tmp_path: Path) -> None:
    jets = some_jets(50)
    write_jets(tmp_path / "jets.h5", jets)
    read = read_jets(tmp_path / "jets.h5")
    assert_same(jets, read)
    assert read.origin == {"seed": 0}
    assert read.images.dtype == np.float32


def test_the_fingerprint_is_that_of_the_jets_and_not_of_the_file(tmp_path: Path) -> None:
    jets = some_jets(50)
    write_jets(tmp_path / "jets.h5", jets)
    assert read_jets(tmp_path / "jets.h5").fingerprint() == jets.fingerprint()
    conditions = {**jets.conditions, "pt": jets.conditions["pt"] + 1}
    others = (jets[::-1], jets[:49], replace(jets, images=jets.images * 2), replace(jets, label=1 - jets.label),
              replace(jets, conditions=conditions))
    assert jets.fingerprint() not in [other.fingerprint() for other in others]


def test_any_slice_of_several_files_is_that_slice_of_all(tmp_path: Path) -> None:
    parts = [some_jets(n, seed) for seed, n in enumerate((30, 7, 20))]
    paths = [tmp_path / f"{i}.h5" for i in range(3)]
    for path, jets in zip(paths, parts, strict=True):
        write_jets(path, jets)
    everything = np.concatenate([jets.images for jets in parts])
    for start, stop in ((0, None), (0, 57), (25, 41), (31, 36), (37, 57), (56, 400)):
        np.testing.assert_array_equal(read_jets(paths, start=start, stop=stop).images, everything[start:stop])
    np.testing.assert_array_equal(np.concatenate([b.images for b in iter_jets(paths, block=8)]), everything)


def test_a_grid_off_the_centre_keeps_its_edges(tmp_path: Path) -> None:
    jets = some_jets(4)
    cropped = JetImages(jets.images[:, 1:6, 2:9], jets.label, {}, jets.grid.crop((1, 6), (2, 9)), "raw")
    write_jets(tmp_path / "jets.h5", cropped)
    assert read_jets(tmp_path / "jets.h5").grid == cropped.grid


def test_the_bytes_of_a_file_do_not_depend_on_the_blocks(tmp_path: Path) -> None:
    jets = some_jets(5000)  # several chunks
    written = []
    for block in (1, 37, 1024, 5000):
        path = tmp_path / f"{block}.h5"
        with JetWriter(path, grid=jets.grid, frame=jets.frame, class_names=jets.class_names, origin={"a": 1}) as writer:
            for start in range(0, len(jets), block):
                writer.append(jets[start:start + block])
        written.append(path.read_bytes())
    assert all(other == written[0] for other in written[1:])


def test_rounded_mantissas_are_close_smaller_and_keep_zeros(tmp_path: Path) -> None:
    jets = some_jets(3000)
    write_jets(tmp_path / "exact.h5", jets)
    write_jets(tmp_path / "rounded.h5", jets, mantissa_bits=8)
    rounded = read_jets(tmp_path / "rounded.h5").images
    np.testing.assert_allclose(rounded, jets.images, rtol=2**-9, atol=0)
    np.testing.assert_array_equal(rounded == 0, jets.images == 0)
    assert (tmp_path / "rounded.h5").stat().st_size < 0.75 * (tmp_path / "exact.h5").stat().st_size


@pytest.mark.parametrize("bits", [0, 3, 22])
def test_rounding_goes_to_the_nearest(bits: int) -> None:
    values = numpy_rng(1, "mantissa").exponential(10.0, 1000).astype(np.float32)
    step = np.exp2(np.floor(np.log2(values)) - bits)
    assert (np.abs(round_mantissa(values, bits) - values) <= step / 2).all()


def test_both_frames_are_kept_and_can_be_asked_for(tmp_path: Path) -> None:
    jets, raw = some_jets(20), some_jets(20, seed=9).images
    write_jets(tmp_path / "w.h5", jets, other_images=raw)
    write_jets(tmp_path / "copy.h5", jets, other_images=raw)
    assert merge([tmp_path / "w.h5", tmp_path / "copy.h5"], tmp_path / "both.h5") == 40
    assert_same(read_jets(tmp_path / "both.h5", stop=20), jets)
    asked = read_jets(tmp_path / "both.h5", start=20, frame="raw")
    assert asked.frame == "raw"
    np.testing.assert_array_equal(asked.images, raw)


def test_merging_keeps_the_order_and_what_all_files_have(tmp_path: Path) -> None:
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


def marked_jets(n: int, seed: int = 0) -> JetImages:
    return replace(some_jets(n, seed), generated=(np.arange(n) % 3 == 0).astype(np.int8))


def marks(jets: JetImages) -> np.ndarray:
    assert jets.generated is not None
    return jets.generated


def test_marks_of_generated_jets_are_kept_jet_by_jet(tmp_path: Path) -> None:
    jets = marked_jets(30)
    write_jets(tmp_path / "a.h5", jets)
    write_jets(tmp_path / "b.h5", marked_jets(20, seed=1))
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["generated"].dtype == np.int8
    assert_same(read_jets(tmp_path / "a.h5"), jets)
    np.testing.assert_array_equal(read_jets(tmp_path / "a.h5").generated, jets.generated)
    both = read_jets([tmp_path / "a.h5", tmp_path / "b.h5"], start=7, stop=45)
    np.testing.assert_array_equal(marks(both), [*marks(jets)[7:], *marks(marked_jets(20, seed=1))[:15]])
    np.testing.assert_array_equal(marks(jets[jets.label == 1]), marks(jets)[jets.label == 1])
    np.testing.assert_array_equal(marks(concatenate([jets, both])), [*marks(jets), *marks(both)])
    merge([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "marked.h5")
    np.testing.assert_array_equal(marks(read_jets(tmp_path / "marked.h5"))[7:45], marks(both))


def test_marks_that_only_some_jets_have_are_left_out(tmp_path: Path) -> None:
    write_jets(tmp_path / "a.h5", marked_jets(30))
    write_jets(tmp_path / "b.h5", some_jets(20))
    assert read_jets([tmp_path / "a.h5", tmp_path / "b.h5"]).generated is None
    assert read_jets([tmp_path / "b.h5", tmp_path / "a.h5"]).generated is None
    assert concatenate([marked_jets(3), some_jets(4)]).generated is None
    merge([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "merged.h5")
    assert read_jets(tmp_path / "merged.h5").generated is None


def test_a_mark_is_0_or_1(tmp_path: Path) -> None:
    write_jets(tmp_path / "a.h5", marked_jets(30))
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["generated"][3] = 2
    with pytest.raises(DataError, match=r"a.h5: generated: holds values other than 0 and 1"):
        read_jets(tmp_path / "a.h5")
    with pytest.raises(DataError, match=r"generated: expected 30 values, 0 or 1"):
        replace(some_jets(30), generated=np.zeros(29, np.int8))


def test_the_summary_says_what_a_file_holds(tmp_path: Path) -> None:
    jets = some_jets(21)
    write_jets(tmp_path / "jets.h5", jets)
    summary = file_summary(tmp_path / "jets.h5")
    assert summary["classes"] == {"qcd": 11, "w": 10}
    assert (summary["jets"], summary["frame"], summary["pixels"]) == (21, "canonical", [9, 9])
    assert summary["ranges"]["pt"] == [float(jets.conditions["pt"].min()), float(jets.conditions["pt"].max())]
    assert summary["ranges"]["pixel"] == [0.0, float(jets.images.max())]
    assert summary["origin"] == {"seed": 0}


# files that others wrote

def test_the_published_file_needs_no_attributes(tmp_path: Path) -> None:
    tau = np.array([np.nan, np.inf, 0.4, 1e-30])
    jets = read_jets(publish(tmp_path / "published.h5", 4, tau_21=tau))
    assert (jets.frame, jets.grid, jets.class_names) == ("canonical", Grid.square(25, 1.25), ("qcd", "w"))
    np.testing.assert_array_equal(jets.conditions["tau_21"], np.array([0, 0, 0.4, 1e-30], np.float32))
    assert set(jets.conditions) == set(KEYS)


def test_images_and_labels_are_enough_once_frame_and_half_width_are_said(tmp_path: Path) -> None:
    path = publish(tmp_path / "own.h5", 3, size=7, **dict.fromkeys(KEYS.values()))
    with pytest.raises(DataError, match=r"own.h5: frame: .*frame='raw'"):
        read_jets(path)
    with pytest.raises(DataError, match=r"own.h5: half_width: .*half_width="):
        read_jets(path, frame="raw")
    jets = read_jets(path, frame="raw", half_width=0.4, class_names=("gluon", "quark"))
    assert (jets.frame, jets.grid, jets.conditions, jets.class_names) == (
        "raw", Grid.square(7, 0.4), {}, ("gluon", "quark"))


def test_a_process_names_the_classes(tmp_path: Path) -> None:
    path = publish(tmp_path / "quark.h5", 2)
    with h5py.File(path, "a") as file:
        file.attrs.update(frame="raw", half_width=0.4, process="quark", seeds=[3])
    jets = read_jets(path)
    assert jets.class_names == ("gluon", "quark")
    assert jets.origin == {"process": "quark", "seeds": [3]}


def test_a_smaller_size_can_be_asked_for(tmp_path: Path) -> None:
    jets = some_jets(10)
    write_jets(tmp_path / "jets.h5", jets)
    pooled = read_jets(tmp_path / "jets.h5", size=3)
    assert pooled.images.shape == (10, 3, 3)
    np.testing.assert_allclose(pooled.images.sum((1, 2)), jets.images.sum((1, 2)), rtol=1e-6)


# memory

def test_ten_thousand_jets_of_the_whole_set_take_memory_for_ten_thousand(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.data.hdf5._check_stored", lambda *arguments: None)
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


def test_writing_many_blocks_takes_memory_for_one(tmp_path: Path) -> None:
    block = some_jets(2000, size=25)
    tracemalloc.start()
    with JetWriter(tmp_path / "out.h5", grid=block.grid, frame=block.frame, class_names=block.class_names) as writer:
        for _ in range(10):
            writer.append(block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert writer.n_jets == 20_000
    assert peak < 1.5 * block.images.nbytes


# the package

def test_reading_files_loads_no_heavy_library() -> None:
    program = ("import sys, qgan.data.files, qgan.sampling.conditions\n"
               "print([m for m in ('torch', 'pennylane', 'matplotlib', 'pandas', 'pyarrow') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True,
                          cwd=Path(__file__).parent.parent)
    assert done.stdout == "[]\n"


def test_unknown_embedded_jets_are_refused() -> None:
    with pytest.raises(DataError, match="embedded jets: top: no such set, expected one of w_qcd"):
        embedded_jets("top", "train")
    with pytest.raises(DataError, match="embedded jets: all: no such split, expected one of train"):
        embedded_jets("w_qcd", "all")
