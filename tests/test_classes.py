"""One class, three or five, a condition of the user's own, or none: trained, sampled and judged all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from memory_recorder import MemoryRecorder
from small_evaluation import few_draws
from small_training import small
from toy_jets import toy_jets

from qgan.base.errors import DataError
from qgan.cli import main
from qgan.data import JetImages, concatenate, read_jets, write_jets
from qgan.evaluation import evaluate
from qgan.models.transforms import ConditionTransform
from qgan.sampling.source import load_source
from qgan.training.experiment import train

NAMES = ("qcd", "w", "top", "gluon", "quark")
LOOK = {"logging.quality": 3, "logging.costly": 6, "losses.memory": 20}


def jets_of(classes: int, n: int = 120, seed: int = 1) -> JetImages:
    """Jets of some classes; each has its own number of vertices, about."""
    parts = [toy_jets(n, seed + 10 * c).only(c % 2) for c in range(classes)]
    label = np.repeat(np.arange(classes), n)
    vertices = np.random.default_rng(seed).poisson(30 + 10 * label).astype(np.float32)
    conditions = {name: np.concatenate([part.conditions[name] for part in parts]) for name in ("eta", "pt", "mass")}
    return JetImages(np.concatenate([part.images for part in parts]), label, {**conditions, "n_pv": vertices},
                     parts[0].grid, "canonical", NAMES[:classes], source="many.h5")


@pytest.mark.parametrize("classes", [1, 3, pytest.param(5, marks=pytest.mark.slow)])
def test_any_number_of_classes_is_trained_sampled_and_judged(classes: int, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    recorder = MemoryRecorder()
    run = train(small({**LOOK, "data.conditions": ["eta", "pt", "mass", "n_pv"]}), data=jets_of(classes),
                out=tmp_path / "run", quiet=True, recorder=recorder)
    source = load_source(run.path)
    assert source.class_names == NAMES[:classes]
    jets = source.sample(60 * classes, 1)
    assert jets.classes == list(range(classes))
    for c in range(classes):
        mine = source.sample(200, 2, NAMES[c])
        assert mine.classes == [c]
        assert mine.conditions["n_pv"].mean() == pytest.approx(30 + 10 * c, abs=4)
    real, fake = jets_of(classes, seed=7), source.sample(120 * classes, 3)
    found = evaluate(real, fake, quick=True, workers=1)
    assert {row.group for row in found.rows} - {"all", "generator"} == {*NAMES[:classes]}


def test_the_commands_take_three_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jets(tmp_path / "train.h5", jets_of(3))
    run, out = str(tmp_path / "run"), str(tmp_path / "fake.h5")
    options = ["--steps", "2", "--generator.n_qubits", "5", "--generator.channels", "4", "--device", "cpu",
               "--generator.noise", "6", "--data.conditions", "[pt, n_pv]", "--quiet",
               "--logging.quality", "0", "--logging.costly", "0"]
    assert main(["train", "--data", str(tmp_path / "train.h5"), "--out", run, *options]) == 0
    assert main(["generate", "--run", run, "--n", "300", "--label", "top", "--fix", "n_pv=50", "--out", out]) == 0
    jets = read_jets(out)
    assert (jets.classes, set(jets.conditions["n_pv"].tolist())) == ([2], {50.0})
    (tmp_path / "table.csv").write_text("label,n_pv\n" + "top,50\nqcd,31\nw,40\n" * 100)
    assert main(["generate", "--run", run, "--conditions", str(tmp_path / "table.csv"), "--out", out,
                 "--overwrite"]) == 0
    assert read_jets(out).label[:4].tolist() == [2, 0, 1, 2]
    assert main(["info", out]) == 0
    assert "n_pv" in capsys.readouterr().out


@pytest.mark.slow
def test_reports_show_three_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    few_draws(monkeypatch)
    for name, seed in (("real", 1), ("fake", 2)):
        write_jets(tmp_path / f"{name}.h5", jets_of(3, seed=seed))
    report = ["--report", str(tmp_path / "report"), "--logdir", str(tmp_path / "logs"), "--plots", str(tmp_path / "p")]
    assert main(["evaluate", str(tmp_path / "real.h5"), str(tmp_path / "fake.h5"), "--quick", *report]) == 0
    assert "top" in capsys.readouterr().out
    assert "top" in (tmp_path / "report" / "report.html").read_text()


def test_without_conditions_and_codings_but_the_sum(tmp_path: Path) -> None:
    bare = replace(jets_of(2), conditions={})
    run = train(small({"data.conditions": [], "data.codings": ["pixel_mean"]}), data=bare, out=tmp_path / "run",
                quiet=True)
    source = load_source(run.path)
    assert source.density.names == ("pixel_mean",)
    jets = source.sample(100, 1)
    assert {*jets.conditions} == {"phi"}
    np.testing.assert_allclose(source.sample(5, 1, fixed={"image_pt": 270.0}).images.sum((1, 2)), 270, rtol=1e-4)


def test_files_keep_classes_and_own_quantities(tmp_path: Path) -> None:
    jets = jets_of(5, 10)
    for name in ("jets.h5", "jets.npz", "jets.parquet"):
        write_jets(tmp_path / name, jets)
        back = read_jets(tmp_path / name)
        assert back.class_names == NAMES
        np.testing.assert_array_equal(back.label, jets.label)
        np.testing.assert_array_equal(back.conditions["n_pv"], jets.conditions["n_pv"])


def test_files_of_some_classes_are_read_into_all_that_are_named(tmp_path: Path) -> None:
    """Each of two files has its own pair of names."""
    write_jets(tmp_path / "a.h5", toy_jets(10, 1))
    write_jets(tmp_path / "b.h5", replace(toy_jets(10, 2), class_names=("gluon", "quark")))
    jets = read_jets([tmp_path / "a.h5", tmp_path / "b.h5"], class_names=("gluon", "quark", "qcd", "w"))
    assert jets.class_names == ("gluon", "quark", "qcd", "w")
    assert np.bincount(jets.label).tolist() == [10, 10, 10, 10]
    np.testing.assert_array_equal(jets.label[:20], 2 + toy_jets(10, 1).label)
    with pytest.raises(DataError, match="are not"):
        concatenate([toy_jets(10, 1), replace(toy_jets(10, 2), class_names=("gluon", "quark"))])


def test_labels_without_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="signal: holds values other than 0 to 2"):
        replace(jets_of(3), label=np.full(360, 3))
    with pytest.raises(DataError, match="more classes need names"):
        JetImages.from_arrays(np.ones((3, 4, 4)), [0, 1, 2], half_width=1.0)
    named = JetImages.from_arrays(np.ones((3, 4, 4)), ["c", "a", "b"], half_width=1.0)
    assert (named.class_names, named.label.tolist()) == (("a", "b", "c"), [2, 0, 1])


def test_each_of_more_than_two_classes_has_a_column() -> None:
    table = np.column_stack([[0, 1, 2, 2], [1.0, 2, 3, 4]]).astype(np.float32)
    three = ConditionTransform.fit(table, ("label", "pt"))
    seen = three.forward(table)
    np.testing.assert_array_equal(seen[:, 2:], np.eye(3)[[0, 1, 2, 2]])
    np.testing.assert_array_equal(seen, three.forward(torch.from_numpy(table)).numpy())
    np.testing.assert_allclose(three.inverse(seen), table, rtol=1e-6)
    assert ConditionTransform.from_state_dict(three.state_dict()) == three
    two = ConditionTransform.fit(table[:2], ("label", "pt"))
    assert (two.width, two.forward(table[:2])[:, 0].tolist()) == (2, [-1.0, 1.0])
