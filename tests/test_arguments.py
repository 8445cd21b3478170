"""What a script hands over: numbers of NumPy, other default types, paths; what cannot be is refused in one line."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from foreign_files import quark_gluon
from small_evaluation import few_draws
from small_training import small

from anomaly.configuration import Configuration, TrainingOptions
from anomaly.detector import load_detector
from anomaly.experiment import train as train_anomaly
from qgan import evaluate
from qgan.base.errors import ConditionError, ConfigError, DataError
from qgan.base.notes import DataNote
from qgan.cli import main
from qgan.data import read_jets, write_jets
from qgan.data.in_memory import as_jets
from qgan.evaluation import Reference
from qgan.sampling.pretrained import load_model
from qgan.sampling.source import JetSource, generate, load_source
from qgan.simulation import simulate
from qgan.training.experiment import train


@pytest.fixture(scope="module")
def source() -> JetSource:
    return load_model("quark_gluon")


def made(source: JetSource, out: Path, **asked: Any) -> Any:
    generate(source, out, **{"n": 5, "seed": 1, "device": "cpu", "quiet": True, "overwrite": True, **asked})
    return read_jets(out)


def test_numbers_of_numpy_are_numbers(source: JetSource, tmp_path: Path) -> None:
    usual = made(source, tmp_path / "usual.h5", seed=3, label=1, fixed={"pt": 520.0, "mass": (30.0, 32.0)})
    again = made(source, tmp_path / "numpy.h5", n=np.int64(5), seed=np.uint8(3), label=np.int64(1),
                 fixed={"pt": np.float32(520), "mass": (np.float64(30), np.float32(32))})
    np.testing.assert_array_equal(again.images, usual.images)
    assert again.origin["seed"] == 3
    assert again.origin["fixed"] == {"pt": 520.0, "mass": [30.0, 32.0]}


def test_arguments_in_each_others_place_are_named(source: JetSource, tmp_path: Path) -> None:
    wrong: Any = tmp_path / "jets.h5"
    with pytest.raises(TypeError, match=r"generate: run is of type int, expected generate\(run, out\)"):
        generate(5, wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="generate: out is of type JetSource"):
        generate(wrong, source)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"simulate: n is of type PosixPath, expected simulate\(process, n, out\)"):
        simulate("w", wrong, 100)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="train: configuration is of type str"):
        train("w_qcd", out=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="write_jets: path is of type JetImages"):
        write_jets(source.sample(2), wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("asked", "message"), [
    ({"seed": -1}, "seed: -1, expected a whole number of at least 0"), ({"seed": 1.5}, "seed: 1.5, expected a whole"),
    ({"n": 0}, "n: 0, expected a whole number of at least 1"), ({"n": 2.0}, "n: 2.0, expected a whole"),
    ({"fixed": {"pt": float("nan")}}, "pt: nan, expected a finite number"),
    ({"fixed": {"pt": (510, 520, 530)}}, r"pt: \(510, 520, 530\), expected"),
])
def test_what_is_no_number_is_refused(source: JetSource, tmp_path: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, ConditionError), match=message):
        made(source, tmp_path / "x.h5", **asked)
    assert not (tmp_path / "x.h5").exists()


def test_so_it_is_in_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--model", "w_qcd", "--out", str(tmp_path / "x.h5"), "--seed", "-1"]) == 2
    assert "--seed: '-1' is no whole number of at least 0" in capsys.readouterr().err
    assert main(["train", "--out", str(tmp_path / "run"), "--seed", "-1"]) == 2
    assert capsys.readouterr().err == "qgan: error: seed: -1, expected at least 0\n"


def test_a_range_is_what_it_has_in_common_with_the_training_range(source: JetSource, tmp_path: Path) -> None:
    low, high = source.density.edges("pt")
    with pytest.warns(DataNote, match=rf"pt: {low:.6g} to 520 is what 300 to 520 and the training range have in com"):
        jets = made(source, tmp_path / "x.h5", n=50, fixed={"pt": (300, 520)})
    assert low <= jets.conditions["pt"].min() <= jets.conditions["pt"].max() <= 520
    for outside in (300.0, (100, 300), (600, 700)):
        with pytest.raises(ConditionError, match=f"is outside the training range {low:.6g} to {high:.6g}"):
            made(source, tmp_path / "x.h5", fixed={"pt": outside})


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_another_default_type_of_torch_changes_nothing(tmp_path: Path, double: None) -> None:
    write_jets(tmp_path / "jets.h5", quark_gluon())
    write_jets(tmp_path / "quark.h5", quark_gluon().only("quark"))
    images = {}
    for name, kind in (("double", torch.float64), ("single", torch.float32)):
        torch.set_default_dtype(kind)
        run = train(small({"steps": 2}), data=tmp_path / "jets.h5", out=tmp_path / name, quiet=True)
        images[name] = made(load_source(run.path), tmp_path / f"{name}.h5", n=40).images
        options = Configuration(threads=1, device="cpu", training=TrainingOptions(epochs=1))
        detector = load_detector(train_anomaly(options, data=tmp_path / "quark.h5", out=tmp_path / f"{name}-a",
                                               quiet=True).path)
        images[f"{name} scores"] = detector.scores(quark_gluon())["model"]
        assert torch.get_default_dtype() == kind
    np.testing.assert_array_equal(images["double"], images["single"])
    np.testing.assert_array_equal(images["double scores"], images["single scores"])


@pytest.mark.slow
def test_nor_does_it_in_an_evaluation(double: None, monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    judged = Reference.of(quark_gluon(150), quick=True).judge(quark_gluon(150, seed=2), metrics=["w1", "referee_auc"])
    assert {row.metric for row in judged.rows} == {"w1", "referee_auc"}


def test_paths_are_jets_to_an_evaluation(tmp_path: Path) -> None:
    for name, seed in (("real", 1), ("fake", 2)):
        write_jets(tmp_path / f"{name}.h5", quark_gluon(seed=seed))
    for paths in (str(tmp_path / "fake.h5"), tmp_path / "fake.h5", [tmp_path / "fake.h5"]):
        np.testing.assert_array_equal(as_jets(paths, like=quark_gluon()).images, quark_gluon(seed=2).images)
    with pytest.raises(DataError, match=r"fake.h5: image: only 30 jets a class can be compared"):
        evaluate(str(tmp_path / "real.h5"), [tmp_path / "fake.h5"], quick=True, workers=1)
    with pytest.raises(DataError, match=r"gone.h5: no such file"):
        evaluate(tmp_path / "real.h5", tmp_path / "gone.h5")


def test_a_single_path_is_one_file(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", quark_gluon())
    assert train(small({"steps": 1}), data=str(tmp_path / "jets.h5"), out=tmp_path / "run", quiet=True).path.is_dir()


def test_a_zip_of_many_files_is_a_short_line(tmp_path: Path) -> None:
    for name, inside in (("texts.zip", "folder/text_{}.txt"), ("arrays.zip", "a_very_long_name_of_an_array_{}.npy")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for i in range(244):
                archive.writestr(inside.format(i), "x")
    with pytest.raises(DataError, match=r"texts.zip: is a zip archive of 244 files, none an array"):
        read_jets(tmp_path / "texts.zip")
    with pytest.raises(DataError, match=r"arrays.zip") as told:
        read_jets(tmp_path / "arrays.zip")
    assert len(str(told.value)) < 1000


def test_a_file_that_is_written_elsewhere_is_said_so(tmp_path: Path) -> None:
    text = f"import h5py; f = h5py.File({str(tmp_path / 'x.h5')!r}, 'w'); f['x'] = 1; f.flush(); print(1, flush=True)"
    writer = subprocess.Popen([sys.executable, "-c", f"{text}; input()"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    with pytest.raises(DataError, match=r"x.h5: is open for writing in another program"):
        read_jets(tmp_path / "x.h5")
    writer.communicate(b"\n")
    with h5py.File(tmp_path / "x.h5") as file:
        assert "x" in file


@pytest.mark.parametrize("guard", [False, True])
def test_a_script_without_a_guard_is_told_so(tmp_path: Path, guard: bool) -> None:
    lines = ["from qgan.base.workers import in_order, local_workers",
             "if __name__ == '__main__':" if guard else "if True:", "    with local_workers(2) as pool:",
             "        print(*in_order(pool, str, 3, 2))"]
    (tmp_path / "script.py").write_text("\n".join(lines) + "\n")
    done = subprocess.run([sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == guard, done.stderr
    said = f"{tmp_path / 'script.py'}: line 3: starts processes, each of which would run the script again"
    assert (said in done.stderr) == (not guard)
    assert done.stdout == ("0 1 2\n" if guard else "")
