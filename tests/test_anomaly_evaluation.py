"""Scores of trained models beside those that need none, over seeds; and real against generated jets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_anomaly_cli import make_jets
from test_anomaly_training import small

import anomaly
from anomaly import comparison, preparation
from anomaly.comparison import SIDES, Side, compare, side_of
from anomaly.evaluation import save_plots
from anomaly.experiment import train
from anomaly.models.conv import ConvolutionalAutoencoder
from anomaly.report import Report, ScoreRow
from anomaly.scoring import Quantity, Score
from qgan.base.errors import CheckpointError, ConfigError, DataError
from qgan.base.notes import DataNote
from qgan.data import read_jets, write_jets
from qgan.data.jets import JetImages, concatenate
from qgan.data.made import generator_of


def both(n: int, seed: int) -> JetImages:
    return concatenate([make_jets(n, seed, True), make_jets(n, seed + 1, False)])


def made(n: int, seed: int) -> JetImages:
    return replace(both(n, seed), origin={"checkpoint": "runs/gan/checkpoint.pt", "seed": seed}, source="fake.h5")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    folder = tmp_path_factory.mktemp("runs")
    write_jets(folder / "quark.h5", make_jets(250, 0, True))
    write_jets(folder / "test.h5", both(150, 5))
    for seed in (0, 1):
        train(small({"seed": seed}), data=[folder / "quark.h5"], out=folder / str(seed), quiet=True)
    return [folder / "0", folder / "1"], folder / "test.h5"


def test_a_report_over_seeds(runs: tuple[list[Path], Path]) -> None:
    folders, test = runs
    report = anomaly.score(folders, [test], emd=20, n_bootstrap=20)
    rows = {row.name: row for row in report.rows}
    model = next(row for name, row in rows.items() if name.startswith("conv 12 x 12 log"))
    assert len(model.scores) == 2
    assert model.spread is not None
    assert model.auc.value == pytest.approx(np.mean([score.auc.value for score in model.scores]))
    assert {row.kind for row in report.rows} == {"model", "trivial", "fitted"}
    assert sum(row.kind == "trivial" for row in report.rows) == 4
    assert any("EMD of 40 jets" in name for name in rows)
    assert report.about["n_usual"] == report.about["n_unusual"] == 150
    moved = next(iter(report.about["emd_radians"].values()))
    assert 0 < moved["usual"] < 0.8
    assert report.to_dict()["best_trivial"] in report.table()


def test_training_jets_are_no_test_unless_asked_for(runs: tuple[list[Path], Path], tmp_path: Path) -> None:
    folders, test = runs
    mixed = concatenate([read_jets(folders[0].parent / "quark.h5", stop=100), read_jets(test)])
    write_jets(tmp_path / "mixed.h5", mixed)
    # Of the 250 a tenth is for validation; which, the seed decides.
    with pytest.raises(DataError, match=r"mixed.h5: image: \d\d of 400 jets are among the training jets of conv 12"):
        anomaly.score(folders[0], tmp_path / "mixed.h5")
    with pytest.warns(DataNote, match=r"\d\d of 400 jets are among the training jets"):
        anomaly.score(folders[0], tmp_path / "mixed.h5", n_bootstrap=3, allow_shared=True)


def test_runs_of_different_classes_are_not_mixed(runs: tuple[list[Path], Path], tmp_path: Path) -> None:
    write_jets(tmp_path / "gluon.h5", make_jets(100, 1, False))
    train(small({"data.normal": "gluon", "training.epochs": 1}), data=[tmp_path / "gluon.h5"], out=tmp_path / "run",
          quiet=True)
    with pytest.raises(ConfigError, match="different classes, gluon and quark"):
        anomaly.score([*runs[0], tmp_path / "run"], [runs[1]])
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        anomaly.score(tmp_path, [runs[1]])


def test_jets_of_one_class_cannot_be_told_apart(runs: tuple[list[Path], Path], tmp_path: Path) -> None:
    write_jets(tmp_path / "quark.h5", make_jets(20, 1, True))
    with pytest.raises(DataError, match="holds quark jets alone, expected quark jets and others"):
        anomaly.score(runs[0], [tmp_path / "quark.h5"])


def test_pictures(runs: tuple[list[Path], Path], tmp_path: Path) -> None:
    paths = save_plots(runs[0], [runs[1]], tmp_path / "plots")
    assert [path.name for path in paths] == ["roc.png", "scores.png", "counting.png", "reconstructions_1_conv.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    for path in paths:
        # Before any jet is read.
        with pytest.raises(DataError, match=f"{path.name}: exists already"):
            anomaly.score(runs[0], tmp_path / "no_such_file.h5", plots=tmp_path / "plots")
        path.unlink()
    anomaly.score(runs[0], [runs[1]], plots=tmp_path / "plots", overwrite=True, n_bootstrap=3)
    assert (tmp_path / "plots" / "roc.png").is_file()


def test_jets_are_read_once_and_each_model_runs_over_them_once(runs: tuple[list[Path], Path], tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """With pictures, TensorBoard and both scores of each model; pictures of a few reconstructions apart."""
    read, seen = [], []

    def watched(files: list[str]) -> JetImages:
        read.append(files)
        return read_jets(files)

    def encoded(self: ConvolutionalAutoencoder, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(len(x))
        return judge(self, x)

    judge = ConvolutionalAutoencoder.judge
    monkeypatch.setattr(preparation, "read_jets", watched)
    monkeypatch.setattr(ConvolutionalAutoencoder, "judge", encoded)
    anomaly.score(runs[0], [runs[1]], plots=tmp_path / "plots", logdir=tmp_path / "log", n_bootstrap=3)
    assert len(read) == 1
    # Each is tried out with one jet when it is loaded.
    assert seen == [1, 1, 300, 300]


def row(name: str, kind: str, *aucs: float) -> ScoreRow:
    one = Quantity(1.0, 0.1)
    scores = [Score(name, Quantity(auc, 0.01), one, one, one, 100, 100) for auc in aucs]
    return ScoreRow(name, kind, scores)  # type: ignore[arg-type]


def test_the_verdict_on_models_below_the_trivial_scores() -> None:
    rows = [row("bad", "model", 0.7, 0.72), row("worse", "model", 0.3), row("good", "model", 0.9),
            row("count", "trivial", 0.8), row("sum", "trivial", 0.6), row("PCA", "fitted", 0.95)]
    said = Report("quark", rows).verdicts()
    assert len(said) == 2
    assert said[0].startswith("bad: AUC 0.710 is below the trivial score 'count', 0.800: it says nothing about jets")
    assert said[1] == "worse: AUC 0.300, no better than chance"
    assert "± 0.014 (2)" in Report("quark", rows).table()


def test_two_by_two() -> None:
    """Generated jets that are real ones, and others that are not: the table tells."""
    configuration = small({"training.epochs": 2})
    found = compare([configuration], made(200, 30), both(200, 10), seeds=2, quiet=True, n_bootstrap=10)
    assert [(c.trained, c.scored) for c in found.cells if c.score == "score"] == [(t, s) for t in SIDES for s in SIDES]
    assert all(c.spread is not None for c in found.cells)
    assert found.generator == "runs/gan/checkpoint.pt"
    assert set(found.trivial["-ptd"]) == set(SIDES)
    # The same law on both sides: the cells agree far within the errors of a few dozen jets.
    values = [c.auc.value for c in found.cells if c.score == "score"]
    assert max(values) - min(values) < 0.25
    assert found.table().count("real") >= 3


def test_few_real_jets_alone_and_with_all_generated_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: dict[str, tuple[int, int]] = {}
    few = comparison._few

    def watched(*arguments: Any) -> dict[str, Side]:
        sides = few(*arguments)
        sizes.update({name: (len(side.train), len(side.validation)) for name, side in sides.items()})
        images = [{x.tobytes() for x in side.validation.images} for side in sides.values()]
        assert images[0] == images[1], "both stop by the same real jets"
        return sides

    monkeypatch.setattr(comparison, "_few", watched)
    found = compare([small({"training.epochs": 1})], made(200, 30), both(200, 10), seeds=1, few=50, quiet=True,
                    n_bootstrap=5)
    assert sizes == {"50 real": (40, 10), "50 real + 140 generated": (180, 10)}
    assert {c.trained for c in found.cells} == {*SIDES, *sizes}
    assert "50 real + 140 generated" in found.table()
    with pytest.raises(ConfigError, match="few: 500, expected 5 to 120 real jets"):
        compare([small()], made(200, 30), both(200, 10), seeds=1, few=500, quiet=True)


def test_generated_jets_need_their_mark_and_real_ones_have_none() -> None:
    configuration = small()
    with pytest.raises(DataError, match="origin: names no checkpoint"):
        compare([configuration], both(50, 1), both(50, 2))
    with pytest.raises(DataError, match="origin: names a generator, expected real jets"):
        compare([configuration], made(50, 1), made(50, 2))
    with pytest.raises(ConfigError, match="configurations differ, gluon and quark"):
        compare([configuration, small({"data.normal": "gluon"})], made(50, 1), both(50, 2))
    merged = concatenate([made(5, 1), both(5, 2)])
    assert generator_of(merged) is None
    assert generator_of(concatenate([made(5, 1), made(5, 2)])) == "runs/gan/checkpoint.pt"


def test_a_side_keeps_the_others_for_the_test() -> None:
    jets = both(100, 3)
    side = side_of(jets, small())
    quark = jets.class_names.index("quark")
    assert set(side.train.label) == set(side.validation.label) == {quark}
    assert (len(side.train), len(side.validation)) == (60, 10)
    assert (side.test.label != quark).sum() == 100
    images = [{x.tobytes() for x in part.images} for part in (side.train, side.validation, side.test)]
    assert not (images[0] & images[1])
    assert not (images[0] & images[2])
    assert not (images[1] & images[2])
    with pytest.raises(DataError, match="holds quark jets alone"):
        side_of(make_jets(20, 0, True), small())
