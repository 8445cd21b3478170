"""Bad input and failed output end in one line that names file and field, and leave nothing half-written."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from jet_files import publish, some_jets

from qgan.base.errors import DataError, QganError
from qgan.data import JetImages, JetWriter, merge, read_jets, write_jets
from qgan.data.tables import read_columns
from qgan.runs import checkpoint
from qgan.sampling.pretrained import load_model


def write_blocks(path: Path, *blocks: JetImages, interrupted: bool = False) -> None:
    like = blocks[0]
    with JetWriter(path, grid=like.grid, frame=like.frame, class_names=like.class_names) as writer:
        for jets in blocks:
            writer.append(jets)
        if interrupted:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("name", "content", "message"), [
    ("none.h5", None, "no such file"),
    ("empty.h5", b"", r"is empty \(0 bytes\)"),
    ("text.h5", b"these are no jets" * 100, "is not an HDF5 file"),
])
def test_a_file_that_is_no_hdf5(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: {message}"):
        read_jets(tmp_path / name)


def test_a_folder_and_a_truncated_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_jets(tmp_path)
    write_jets(tmp_path / "jets.h5", some_jets(1000))
    content = (tmp_path / "jets.h5").read_bytes()
    (tmp_path / "jets.h5").write_bytes(content[:len(content) // 2])
    with pytest.raises(DataError, match=r"jets.h5: is truncated"):
        read_jets(tmp_path / "jets.h5")


def test_damaged_data_are_noticed_while_reading(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", some_jets(3000))
    with h5py.File(tmp_path / "jets.h5") as file:
        chunk = file["image"].id.get_chunk_info(0)
    with (tmp_path / "jets.h5").open("r+b") as stream:
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
def test_a_field_that_is_wrong_is_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    path = publish(tmp_path / "bad.h5", 6, **changed)
    with pytest.raises(DataError, match=f"bad.h5: {message}") as raised:
        read_jets(path, frame="canonical", half_width=1.25)
    assert "\n" not in str(raised.value)


def test_no_jets_and_impossible_slices(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.h5: image: holds no jets"):
        read_jets(publish(tmp_path / "none.h5", 0))
    path = publish(tmp_path / "few.h5", 5)
    for start, stop in ((5, None), (3, 3), (-1, 2)):
        with pytest.raises(DataError, match=r"few.h5: jets .* there are 5"):
            read_jets(path, start=start, stop=stop)


def test_keys_of_no_known_format_are_listed(tmp_path: Path) -> None:
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
    ({"frame": "raw", "half_width": 1.0, "class_names": ["w", "w"]}, {}, "class_names: expected"),
])
def test_attributes_that_are_wrong_are_named(tmp_path: Path, attributes: dict[str, object], options: dict[str, Any],
                                             message: str) -> None:
    path = publish(tmp_path / "bad.h5", 3)
    with h5py.File(path, "a") as file:
        file.attrs.update(attributes)
    with pytest.raises(DataError, match=f"bad.h5: {message}"):
        read_jets(path, **options)


def test_unlike_files_are_not_put_together(tmp_path: Path) -> None:
    write_jets(tmp_path / "a.h5", some_jets(3))
    for name, other in (("grid", some_jets(3, size=7)), ("frame", some_jets(3, frame="raw"))):
        write_jets(tmp_path / "b.h5", other, overwrite=True)
        with pytest.raises(DataError, match=f"b.h5: {name}: .* differs from"):
            read_jets([tmp_path / "a.h5", tmp_path / "b.h5"])
        with pytest.raises(DataError, match=f"b.h5: {name}: .* differs from"):
            merge([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "out.h5")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "b.h5"]


def test_blocks_of_one_file_hold_the_same_quantities(tmp_path: Path) -> None:
    jets = some_jets(3)
    without = replace(jets, conditions={}, source="the second block")
    with pytest.raises(DataError, match="the second block: jet_delta_R, jet_eta, jet_mass, jet_pt: in some"):
        write_blocks(tmp_path / "out.h5", jets, without)
    assert list(tmp_path.iterdir()) == []


def virtual(path: Path, source: str, key: str) -> None:
    with h5py.File(path, "a") as file:
        del file["image"]
        layout = h5py.VirtualLayout((6, 25, 25), np.float32)
        layout[...] = h5py.VirtualSource(source, key, (6, 25, 25))
        file.create_virtual_dataset("image", layout)


def test_what_was_never_written_is_not_read_as_zeros(tmp_path: Path) -> None:
    for options in ({"chunks": (1, 25, 25)}, {}, {"external": [("nowhere.bin", 0, 15_000)]}):
        path = publish(tmp_path / "bad.h5", 6, image=None)
        with h5py.File(path, "a") as file:
            file.create_dataset("image", (6, 25, 25), np.float32, **options)
            if "chunks" in options:
                file["image"][2] = 1
        with pytest.raises(DataError, match=r"bad.h5: image: (shape .* (only 1 of 6|was never)|is stored in no)"):
            read_jets(path)


def test_virtual_datasets_that_lead_in_a_circle_end_no_interpreter(tmp_path: Path) -> None:
    paths = [publish(tmp_path / f"{name}.h5", 6) for name in "ab"]
    virtual(paths[0], ".", "image")
    with pytest.raises(DataError, match=r"a.h5: image: is a virtual dataset that leads to itself"):
        read_jets(paths[0])
    for path, other in (paths, paths[::-1]):
        virtual(path, other.name, "image")
    with pytest.raises(DataError, match=r"a.h5: image: is a virtual dataset that leads to itself"):
        read_jets(paths[0])
    virtual(paths[0], "b.h5", "signal/image")
    with pytest.raises(DataError, match=r"a.h5: image: is a virtual dataset whose source .*b.h5 has no signal/image"):
        read_jets(paths[0])


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("userblock", [0, 512])
def test_damaged_texts_of_attributes_neither_hang_nor_crash(tmp_path: Path, libver: str, userblock: int) -> None:
    path = tmp_path / "bad.h5"
    with h5py.File(path, "w", libver=libver, userblock_size=userblock) as file:
        file.attrs.update({"frame": "raw", "class_names": ["gluon", "quark"], "empty": "", "half_width": 0.4})
        file["image"], file["signal"] = some_jets(3, size=25).images, np.array([0, 1, 0])
    assert read_jets(path).class_names == ("gluon", "quark")
    sound = path.read_bytes()
    first = sound.index(b"GCOL") + 16
    for place, value in ((first + 8, 2**64 - 16), (first + 8, 2**40), (first, 77), (first - 8, 8)):
        content = bytearray(sound)
        content[place:place + 8] = value.to_bytes(8, "little")
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"bad.h5: is damaged: the texts of its attributes cannot be read"):
            read_jets(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    publish(tmp_path / "jets.h5", 6)
    with pytest.raises(DataError, match=r"pipe.h5: is a pipe or a device, expected a file"):
        read_jets(tmp_path / "pipe.h5")
    with pytest.raises(DataError, match=r"pipe.h5: is a pipe or a device, expected a file"):
        merge([tmp_path / "jets.h5", tmp_path / "pipe.h5"], tmp_path / "out.h5")


POINTERS = {"Git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
            "git-annex": "/annex/objects/SHA256E-s1048576--4d7a2146.h5\n", "web page": "<!DOCTYPE html>\n<html>\n"}


@pytest.mark.parametrize("what", POINTERS)
@pytest.mark.parametrize(("name", "read"), [
    ("jets.h5", read_jets), ("X.npy", read_jets), ("pt.csv", read_columns), ("checkpoint.pt", checkpoint.load),
    ("mine.safetensors", load_model)])
def test_what_stands_in_for_a_file_is_said(tmp_path: Path, what: str, name: str, read: Any) -> None:
    (tmp_path / name).write_text(POINTERS[what])
    with pytest.raises(QganError, match=rf"{name}: is a .*{what}"):
        read(tmp_path / name)


def test_a_link_into_git_annex_whose_content_is_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "jets.h5").symlink_to(tmp_path / ".git/annex/objects/Xx/SHA256E-s100--abc.h5")
    with pytest.raises(DataError, match=r"jets.h5: is a pointer of git-annex .* git annex get"):
        read_jets(tmp_path / "jets.h5")


def test_arrays_that_hold_something_else_say_so(tmp_path: Path) -> None:
    objects = np.empty((4, 25, 25), object)
    np.save(tmp_path / "X.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "jets.npz", allow_pickle=True, X=objects, y=np.zeros(4))
    np.savez(tmp_path / "turned.npz", X=np.asfortranarray(np.ones((4, 25, 25))), y=np.zeros(4))
    for name, problem in (("X.npy", "holds Python objects"), ("jets.npz", "X: holds Python objects"),
                          ("turned.npz", "X: is stored in Fortran order, .*ascontiguousarray")):
        with pytest.raises(DataError, match=f"{name}: {problem}"):
            read_jets(tmp_path / name)


def test_a_filter_that_is_not_installed_is_said(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", some_jets(4))
    with h5py.File(tmp_path / "jets.h5", "a") as file:
        shape = file["image"].shape
        del file["image"]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(shape)
        plan.set_filter(32099, h5py.h5z.FLAG_OPTIONAL)  # a number that nobody registered
        image = h5py.h5d.create(file.id, b"image", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(shape), plan)
        image.write_direct_chunk((0, 0, 0), b"packed")
    with pytest.raises(DataError, match=r"jets.h5: image: is packed with the HDF5 filter 32099.* not installed; "):
        read_jets(tmp_path / "jets.h5")


def test_a_long_value_is_not_quoted_whole(tmp_path: Path) -> None:
    path = publish(tmp_path / "bad.h5", 3)
    with h5py.File(path, "a") as file:
        file.attrs["frame"] = "[" * 10_000
    with pytest.raises(DataError, match=r"bad.h5: frame: is '\[\[.* \.\.\.$") as raised:
        read_jets(path)
    assert len(str(raised.value)) < 1300


def test_more_jets_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jets(tmp_path / "jets.h5", some_jets(20))

    def full(*arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("qgan.data.source.np.empty", full)
    with pytest.raises(DataError, match=r"jets.h5: image: 20 images take 0 GB, more than there is; read them in parts"):
        read_jets(tmp_path / "jets.h5")


# output

def test_a_file_that_exists_stays_unless_overwriting(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", some_jets(3))
    with pytest.raises(DataError, match=r"jets.h5: exists already; pass --overwrite"):
        write_jets(tmp_path / "jets.h5", some_jets(4))
    assert len(read_jets(tmp_path / "jets.h5")) == 3
    write_jets(tmp_path / "jets.h5", some_jets(4), overwrite=True)
    assert len(read_jets(tmp_path / "jets.h5")) == 4
    with pytest.raises(DataError, match=r"the folder .* does not exist"):
        write_jets(tmp_path / "missing" / "jets.h5", some_jets(3))


def test_an_interrupted_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_blocks(tmp_path / "out.h5", some_jets(3000), interrupted=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [0, 3_000, 60_000])
def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                         room: int) -> None:
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


def test_a_file_that_the_system_refuses_to_grow_does_not_crash_the_interpreter(tmp_path: Path) -> None:
    write_jets(tmp_path / "in.h5", some_jets(5000))
    program = ("import resource, sys\nfrom qgan.data import merge\nfrom qgan.base.errors import DataError\n"
               "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
               "try:\n    merge(sys.argv[1:2], sys.argv[2])\nexcept DataError as error:\n    print(error)\n")
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "in.h5", tmp_path / "out.h5"], text=True,
                          capture_output=True, cwd=Path(__file__).parent.parent, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'out.h5'}: could not be written: File too large\n"
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5"]
