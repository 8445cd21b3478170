"""Usual × anomaly: every model, class and seed once, kept and gone on with, beside its ceiling."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_anomaly_cli import make_jets
from test_anomaly_training import small

from anomaly import matrix as module
from anomaly.cli import main
from anomaly.matrix import Matrix, Plan, matrix
from qgan.base.errors import ConfigError, DataError
from qgan.data import write_jets
from qgan.data.jets import JetImages

PLAN = Plan(made=("overlaid", "moved"), taggers=("nnz",), seeds=2, n_bootstrap=5)


@pytest.fixture(scope="module")
def files() -> list[JetImages]:
    """Files of one class each, whose classes come in pairs of their own."""
    few, many = make_jets(150, 0, True), make_jets(150, 1, False)
    names = ("gluon", "quark")
    other = replace(make_jets(150, 2, False), class_names=("qcd_jet", "top"), label=np.ones(150, np.int64))
    return [replace(few, class_names=names), replace(many, class_names=names), other]


@pytest.fixture(scope="module")
def found(files: list[JetImages], tmp_path_factory: pytest.TempPathFactory) -> tuple[Matrix, Path]:
    out = tmp_path_factory.mktemp("matrix") / "out"
    return matrix({"mine": small({"training.epochs": 1})}, out, plan=PLAN, data=files, quiet=True), out


def test_every_pair_has_every_score(found: tuple[Matrix, Path]) -> None:
    matrix, _ = found
    assert matrix.usual == ["quark", "gluon", "top"]
    assert matrix.jets["top"] == (90, 15, 45)
    for usual in matrix.usual:
        rows = matrix.of(usual)
        assert set(rows) == {"quark", "gluon", "top", "(overlaid)", "(moved)"} - {usual}
        for anomaly, by_name in rows.items():
            assert {"mine", "mine, density", "pixels above 0.1 GeV", "-ptd", "PCA 16"} <= set(by_name)
            assert len(by_name["mine"].scores) == 2
            assert len(by_name["-ptd"].scores) == 1
            ceiling = [name for name in by_name if name.startswith("nnz, trained on")]
            assert len(ceiling) == (not anomaly.startswith("("))


def test_counting_is_seen_both_ways(found: tuple[Matrix, Path]) -> None:
    """More pixels are found, fewer are taken for usual; a tagger that knows both classes finds either."""
    matrix, _ = found
    auc = [matrix.of(a)[b]["pixels above 0.1 GeV"].auc.value for a, b in (("quark", "gluon"), ("gluon", "quark"))]
    assert auc[0] > 0.8 > 0.2 > auc[1]
    for usual, other in (("quark", "gluon"), ("gluon", "quark")):
        ceiling = next(row for name, row in matrix.of(usual)[other].items() if name.startswith("nnz"))
        assert ceiling.auc.value > 0.8
    assert matrix.of("top")["gluon"]["pixels above 0.1 GeV"].auc.value == pytest.approx(0.5, abs=0.15)
    moved = matrix.of("quark")["(moved)"]["pixels above 0.1 GeV"].figure("equal_nnz")
    assert moved is not None
    assert moved.value == pytest.approx(0.5, abs=0.02)


def test_what_is_finished_is_not_done_again(found: tuple[Matrix, Path], files: list[JetImages],
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    first, out = found

    def refused(*arguments: Any) -> None:
        raise AssertionError("a training was repeated")

    with monkeypatch.context() as context:
        context.setattr(module, "fitted", refused)
        again = matrix({"mine": small({"training.epochs": 1})}, out, plan=PLAN, data=files, quiet=True)
    assert again.to_dict() == first.to_dict()
    # Another model goes into the same folder; the same one with other options does not.
    more = matrix({"mine": small({"training.epochs": 1}), "other": small({"seed": 5, "training.epochs": 1})}, out,
                  plan=replace(PLAN, seeds=1, usual=("quark",)), data=files, quiet=True)
    assert "other" in more.of("quark")["gluon"]
    with pytest.raises(ConfigError, match="was 1 when this work began, 2 is asked for"):
        matrix({"mine": small({"training.epochs": 2})}, out, plan=PLAN, data=files, quiet=True)


def test_a_training_that_fails_is_told(files: list[JetImages], tmp_path: Path) -> None:
    still = small({"training.epochs": 1, "training.rate": 0.0, "preprocessing.scaling": "sum", "model.name": "quantum",
                   "model.options": {"circuit": {"spread": 0.0}}})
    found = matrix({"still": still}, tmp_path / "out", plan=replace(PLAN, seeds=1, usual=("quark",), taggers=()),
                   data=files[:2], quiet=True)
    assert found.cells == []
    assert found.failures[0].startswith("still, quark, seed 0: ")


@pytest.mark.parametrize(("change", "error", "said"), [
    ({"plan": replace(PLAN, usual=("w",))}, ConfigError, "usual: there are no w jets"),
    ({"plan": replace(PLAN, made=("turned",))}, ConfigError, "turned"),
    ({"plan": replace(PLAN, taggers=("none",))}, ConfigError, "none"),
    ({"plan": replace(PLAN, seeds=0)}, ConfigError, "seeds: expected at least one"),
    ({"one": True}, DataError, "holds jets of one class, expected several"),
    ({"twice": True}, DataError, "holds quark jets, as"),
])
def test_what_cannot_be(change: dict[str, Any], error: type[Exception], said: str, files: list[JetImages],
                        tmp_path: Path) -> None:
    data = files[:1] if "one" in change else [*files, files[0]] if "twice" in change else files
    with pytest.raises(error, match=said):
        matrix({"mine": small()}, tmp_path / "out", plan=change.get("plan", PLAN), data=data, quiet=True)


def test_the_command(files: list[JetImages], tmp_path: Path, capsys: pytest.CaptureFixture[str],
                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, jets in zip(("quark.h5", "gluon.h5"), files, strict=False):
        write_jets(name, jets)
    Path("c.yaml").write_text("threads: 1\nmodel:\n  options: {latent: 3, channels: 2}\n")
    words = ["matrix", "--configs", "c.yaml", "--data", "quark.h5", "gluon.h5", "--made", "overlaid", "--taggers",
             "nnz", "--seeds", "1", "--epochs", "1", "--bootstrap", "5", "--out", "out"]
    assert main([*words, "--json", "m.json", "--plots", "plots"]) == 0
    told = capsys.readouterr().out
    assert "gluon jets are usual" in told
    assert "AUC at equal NNZ" in told
    cells = json.loads(Path("m.json").read_text())["cells"]
    assert {(cell["usual"], cell["anomaly"]) for cell in cells} == {
        ("quark", "gluon"), ("quark", "(overlaid)"), ("gluon", "quark"), ("gluon", "(overlaid)")}
    assert {path.name for path in Path("plots").iterdir()} == {"matrix.png", "matrix_equal_nnz.png"}
    assert main([*words, "--json", "m.json"]) == 2
    assert "--overwrite" in capsys.readouterr().err
