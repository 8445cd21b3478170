"""A file format is one file: one of a user's own package is read like those that ship."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from qgan.base.errors import DataError
from qgan.data import file_summary, read_jets
from qgan.data.contents import Contents, Rows
from qgan.data.formats import FORMATS, Format
from qgan.data.formats.native import native

ROOT = Path(__file__).resolve().parents[1]
#: The whole of a new format, as it may stand in a package.
MODULE = '''
import numpy as np

from qgan.data import Grid, JetImages
from qgan.data.formats import FORMATS, Format
from qgan.data.source import JetFile


def open_towers(contents, options):
    n = contents.count("towers", 2, ["kind"])
    side = int(contents.shape("towers")[1] ** 0.5)
    grid = Grid.square(side, options.half_width or 0.4)

    def read(start, stop):
        images = contents.read("towers", start, stop).reshape(-1, side, side)
        return JetImages(images, contents.read("kind", start, stop, np.int64), {}, grid, "raw", ("gluon", "quark"),
                         source=contents.path)

    return JetFile(n, read, block=1000)


FORMATS.add("towers", Format("flat towers", lambda contents: "towers" in contents.keys, open_towers, "towers and kind"))
'''


def test_a_format_of_another_package_is_found_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "my_towers.py").write_text(MODULE)
    about = tmp_path / "my_towers-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my_towers\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[qgan.formats]\ntowers = my_towers\n")
    towers = np.random.default_rng(0).exponential(1.0, (30, 64)).astype("f4")
    np.savez(tmp_path / "mine.npz", towers=towers, kind=np.arange(30) % 2)
    program = ("import sys; sys.path[:0] = sys.argv[1:3]\n"
               "from qgan.data import file_summary, merge\n"
               "print(file_summary(sys.argv[3])['format'], merge([sys.argv[3]], sys.argv[4]))\n")
    paths = (tmp_path, ROOT, tmp_path / "mine.npz", tmp_path / "native.h5")
    done = subprocess.run([sys.executable, "-c", program, *paths], text=True, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == ("flat towers 30\n", "")
    np.testing.assert_array_equal(read_jets(tmp_path / "native.h5").images, towers.reshape(30, 8, 8))


def test_a_format_that_is_registered_later_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FORMATS, "_things", dict(FORMATS.items()))
    np.savez(tmp_path / "a.npz", image=np.ones((3, 9, 9)) * 4, signal=np.arange(3) % 2, mine=np.ones(3))
    with pytest.raises(DataError, match=r"a.npz: frame: "):
        read_jets(tmp_path / "a.npz")
    FORMATS.add("mine", Format("mine", lambda contents: "mine" in contents.keys, native))
    assert file_summary(tmp_path / "a.npz", frame="raw", half_width=1.0)["format"] == "mine"


def empty_rows(shapes: dict[str, tuple[int, ...]], key: str) -> Rows:
    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        return np.empty((stop - start, *shapes[key][1:]), dtype)

    return Rows(shapes[key], read)


def test_each_format_of_this_package_leaves_the_others_files_alone() -> None:
    shapes: dict[str, tuple[str, dict[str, tuple[int, ...]]]] = {
              "native": ("HDF5", {"image": (5, 9, 9), "signal": (5,)}),
              "cms_images": ("HDF5", {"X_jets": (5, 9, 9, 3)}),
              "labelled_images": ("npz", {"X": (5, 9, 9), "y": (5,)}),
              "energyflow": ("npz", {"X": (5, 30, 4), "y": (5,)}),
              "one_key_a_class": ("HDF5", {"QCD": (5, 9, 9), "W": (5, 9, 9)}), "cms_parquet": ("Parquet", {}),
              "jetnet": ("HDF5", {"particle_features": (5, 30, 4), "jet_features": (5, 4)}),
              "jetclass": ("ROOT", {"label_QCD": (5,), "part_energy": (5, 9), "part_px": (5, 9), "part_py": (5, 9),
                                    "part_pz": (5, 9)}),
              "top_tagging": ("HDF5", {"table": ()}), "root": ("ROOT", {}), "pandas": ("HDF5", {"df": ()}),
              "calochallenge": ("HDF5", {"showers": (5, 6480), "incident_energies": (5, 1)})}
    assert set(shapes) == set(FORMATS)
    for name, (kind, arrays) in shapes.items():
        contents = Contents("file", kind, tuple(sorted(arrays)), partial(empty_rows, arrays))
        assert [known for known, form in FORMATS.items() if form.holds(contents)] == [name]
