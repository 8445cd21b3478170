"""What files do not say of themselves is said by the same options in every command that reads jets."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_files import GOOD, native_file, quark_gluon
from small_training import small

from anomaly.cli import PROGRAM as ANOMALY
from anomaly.configuration import Configuration, TrainingOptions
from anomaly.experiment import train as train_anomaly
from qgan.base.errors import CheckpointError, DataError
from qgan.base.notes import DataNote
from qgan.cli import PROGRAM as QGAN
from qgan.cli import main
from qgan.cli.evaluate import load
from qgan.data import read_jets, write_jets
from qgan.data.jets import UNNAMED
from qgan.data.reading import Files, Reading
from qgan.runs import checkpoint
from qgan.studies.compare.trained import train_runs
from qgan.training.experiment import train

#: Commands whose jets are no files, or are read from a run.
WITHOUT = {"anomaly curve", "qgan frontier", "qgan generate", "qgan models", "qgan simulate"}
WORDS = ["--labels", "1", "--frame", "raw", "--half-width", "0.5", "--class-names", "gluon", "quark", "--channel",
         "ecal", "--size", "12", "--units", "sum", "--particles", "pt,y,-"]
SAID = Reading("raw", 0.5, ("gluon", "quark"), "ecal", 12, 1, "sum", "pt,y,-")


@pytest.fixture(autouse=True)
def notes_are_allowed() -> None:
    warnings.simplefilter("ignore", DataNote)


@pytest.fixture
def array(tmp_path: Path) -> Path:
    """Images in an array and their labels beside it; neither says anything else."""
    jets = quark_gluon()
    np.save(tmp_path / "x10_jets.npy", jets.images)
    np.save(tmp_path / "y10_jets.npy", jets.label)
    return tmp_path / "x10_jets.npy"


@pytest.mark.parametrize(("program", "name"), [(program, name) for program in (QGAN, ANOMALY)
                                               for name in program.commands if f"{program.name} {name}" not in WITHOUT])
def test_every_command_that_reads_jets_takes_them(program: Any, name: str) -> None:
    parser = program.command(name).parser()
    parser.ask_for_nothing()
    told, rest = parser.parse_known_args(WORDS)
    assert rest == []
    assert (told.labels, told.half_width, told.class_names, told.channel) == (1, 0.5, ["gluon", "quark"], "ecal")
    assert (told.units, told.particles, told.frame, int(told.size)) == ("sum", "pt,y,-", "raw", 12)


def test_words_become_what_the_reader_is_told(tmp_path: Path) -> None:
    read = QGAN.command("convert").read
    assert read(["x.npy", "--out", str(tmp_path / "x.h5"), *WORDS])["reading"] == SAID
    assert read(["x.npy", "--out", str(tmp_path / "x.h5")])["reading"] == Reading()
    for words, said in ((["--half-width", "-1"], "half_width: is -1.0"), (["--particles", "pt,z"], "holds 'z'"),
                        (["--class-names", "w", "w"], "expected a name for each label")):
        with pytest.raises(DataError, match=said):
            read(["x.npy", "--out", str(tmp_path / "x.h5"), *words])


def test_files_that_say_it_are_left_alone_by_what_is_said_of_others(array: Path, tmp_path: Path) -> None:
    """A foreign file beside one of the package's own, as real jets beside generated ones."""
    own = tmp_path / "own.h5"
    write_jets(own, quark_gluon())
    said = Reading(half_width=0.4, class_names=("gluon", "quark"), frame="raw", units="GeV", labels=0)
    real, fakes, _ = load(Reading(half_width=0.4, class_names=("gluon", "quark")).of(array), {"own": said.of(own)})
    assert (real.class_names, real.grid) == (fakes["own"].class_names, fakes["own"].grid)
    np.testing.assert_array_equal(fakes["own"].label, quark_gluon().label)
    np.testing.assert_array_equal(real.images, fakes["own"].images)


@pytest.mark.parametrize(("options", "message"), [
    ({"class_names": ("w", "qcd")}, "class_names: gluon and quark are not w and qcd of those that were asked for"),
    ({"units": "sum"}, "units: is GeV, sum was asked for"), ({"half_width": 1.25}, "half_width: is 0.4, 1.25 was"),
    ({"frame": "canonical"}, "image_canonical: no such key"),
])
def test_what_a_file_says_otherwise_is_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    write_jets(tmp_path / "own.h5", quark_gluon())
    with pytest.raises(DataError, match=f"own.h5: {message}"):
        read_jets(tmp_path / "own.h5", **options)


def test_names_in_the_other_order_turn_the_labels(tmp_path: Path) -> None:
    path = native_file(tmp_path / "ok.h5", quark_gluon(), GOOD)
    turned = read_jets(path, class_names=("quark", "gluon"))
    assert turned.class_names == ("quark", "gluon")
    np.testing.assert_array_equal(turned.label, 1 - quark_gluon().label)


def test_a_frame_that_is_not_said_is_not_guessed_from_the_other_file(tmp_path: Path) -> None:
    jets = quark_gluon()
    silent = native_file(tmp_path / "silent.h5", jets, {"half_width": 0.4, "class_names": ["gluon", "quark"]})
    write_jets(tmp_path / "own.h5", jets)
    with pytest.raises(DataError, match=r"silent.h5: frame: the file has no such attribute; .*--frame"):
        load(silent, {"own": tmp_path / "own.h5"})
    real, _, _ = load(Reading(frame="raw").of(silent), {"own": tmp_path / "own.h5"})
    assert real.frame == "raw"


def test_jets_of_an_evaluation_fit_before_the_work_begins(tmp_path: Path) -> None:
    jets = quark_gluon()
    real = native_file(tmp_path / "real.h5", jets)
    turned = {**GOOD, "class_names": ["quark", "gluon"]}
    swapped = native_file(tmp_path / "swapped.h5", jets, turned, signal=1 - jets.label)
    _, fakes, _ = load(real, {"swapped": swapped})
    assert fakes["swapped"].class_names == ("gluon", "quark")
    np.testing.assert_array_equal(fakes["swapped"].label, jets.label)
    scaled = native_file(tmp_path / "max.h5", jets, image=jets.images / jets.images.max((1, 2), keepdims=True))
    with pytest.raises(DataError, match=r"max.h5: units: max differs from GeV of .*real.h5"):
        load(real, {"swapped": swapped, "scaled": scaled})


def test_labels_beside_the_images_are_found_and_said(array: Path, tmp_path: Path) -> None:
    with pytest.warns(DataNote, match=r"x10_jets.npy: y: holds no labels; they are those of .*y10_jets.npy"):
        np.testing.assert_array_equal(read_jets(array).label, quark_gluon().label)
    out = tmp_path / "all_quark.h5"
    assert main(["convert", str(array), "--labels", "1", "--out", str(out), "--quiet"]) == 0
    np.testing.assert_array_equal(read_jets(out).label, 1)


def test_every_reader_of_the_shell_is_told(array: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--half-width", "0.3", "--class-names", "gluon", "quark"]
    assert main(["info", str(array), "--class-names", "qcd", "w", "--half-width", "0.3"]) == 0
    assert "qcd: 60" in capsys.readouterr().out
    merged = tmp_path / "merged.h5"
    assert main(["merge", str(array), str(array), *words, "--out", str(merged), "--quiet"]) == 0
    jets = read_jets(merged)
    assert (len(jets), jets.class_names, round(jets.grid.half_width, 6)) == (240, ("gluon", "quark"), 0.3)
    assert ANOMALY.run(["baselines", "--data", str(array), "--test", str(array), *words, "--labels", "1"]) == 2
    assert "holds quark jets alone" in capsys.readouterr().err


def test_a_training_remembers_what_was_said(array: Path, tmp_path: Path) -> None:
    plain = small({"data.conditions": [], "data.codings": ["delta_r_mean", "pixel_mean"], "steps": 2})
    data = Files.of(array, half_width=0.3, labels=array.with_name("y10_jets.npy"))
    run = train(plain, data=data, out=tmp_path / "run", quiet=True)
    saved = checkpoint.load(run.checkpoint)
    assert saved.origin["data"] == [str(array)]
    assert saved.origin["reading"] == {"half_width": 0.3, "labels": str(array.with_name("y10_jets.npy"))}
    longer = small({"data.conditions": [], "data.codings": ["delta_r_mean", "pixel_mean"], "steps": 3})
    assert checkpoint.load(train(longer, out=run.path, resume=True, quiet=True).checkpoint).step == 3
    runs = tmp_path / "runs"
    train_runs({"a": plain}, [0], runs, data=data, quiet=True)
    with pytest.raises(CheckpointError, match=r"x10_jets.npy with half_width 0.4.* is asked for"):
        train_runs({"a": plain}, [0], runs, data=Files.of(data, half_width=0.4), quiet=True)


def test_so_does_one_for_anomalies(array: Path, tmp_path: Path) -> None:
    jets = read_jets(array)
    write_jets(tmp_path / "silent.h5", replace(jets.only(1), class_names=UNNAMED))
    options = Configuration(threads=1, device="cpu", training=TrainingOptions(epochs=1))
    run = train_anomaly(options, data=Files.of(tmp_path / "silent.h5", class_names=("gluon", "quark")),
                        out=tmp_path / "run", quiet=True)
    assert Files.remembered(checkpoint.load(run.checkpoint).origin) == Files(
        (tmp_path / "silent.h5",), Reading(class_names=("gluon", "quark")))
    longer = replace(options, training=TrainingOptions(epochs=2))
    assert train_anomaly(longer, out=run.path, resume=True, quiet=True).path == run.path
