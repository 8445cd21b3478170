"""A model, and a score without training, from a package of one's own: one file, and a configuration names it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from test_anomaly_cli import make_jets
from test_anomaly_evaluation import both

import anomaly
from anomaly.cli import main
from anomaly.models import registry
from anomaly.models.registry import MODELS, TRIVIAL
from qgan.base.errors import CheckpointError, ConfigError
from qgan.data import write_jets

MODEL = '''
import torch
from anomaly.models.interface import Autoencoder
from anomaly.models.registry import MODELS, TRIVIAL


@MODELS.register("centre")
class Centre(Autoencoder):
    """How far the brightness is from what is usual, with one number to learn."""

    def __init__(self, shape, start=0.0):
        super().__init__()
        self.usual = torch.nn.Parameter(torch.tensor(start))

    def judge(self, x):
        score = (x.sum((1, 2)) - self.usual).abs()
        return score, score[:, None]

    def loss(self, x):
        return self.score(x).mean()


@TRIVIAL.register("hardest pixel")
def hardest(jets, scaled):
    return -jets.images.max((1, 2))
'''


def test_the_models_of_this_package_are_found_by_themselves() -> None:
    assert {"conv", "mlp", "filter", "quantum", "hybrid", "contrastive"} <= set(MODELS)
    assert {"pixel sum / max", "pixels above 0.1 GeV", "-ptd"} <= set(TRIVIAL)


def test_one_file_adds_a_model_and_a_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site"
    about = package / "jet_oddities-1.0.dist-info"
    about.mkdir(parents=True)
    (package / "jet_oddities.py").write_text(MODEL)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: jet-oddities\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[anomaly.models]\noddities = jet_oddities\n")
    (tmp_path / "c.yaml").write_text("threads: 1\nmodel: {name: centre, options: {start: 1.0}}\n"
                                     "training: {epochs: 2, rate: 0.1}\n")
    monkeypatch.syspath_prepend(str(package))
    # As when the program starts: nothing of other packages was looked for.
    for known in (MODELS, TRIVIAL):
        monkeypatch.setattr(known, "_complete", False)
        monkeypatch.setattr(known, "_things", dict(known._things))
    try:
        run = anomaly.train(anomaly.Configuration.read(tmp_path / "c.yaml"), data=make_jets(200, 0, True),
                            out=tmp_path / "run", quiet=True)
        report = anomaly.score(run.path, both(100, 5), n_bootstrap=5)
    finally:
        sys.modules.pop("jet_oddities", None)
    rows = {row.name: row for row in report.rows}
    assert rows["centre 12 x 12 log, 1 parameters"].auc.value > 0.8
    assert rows["hardest pixel"].kind == "trivial"


def test_a_file_beside_the_configuration_does_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "oddities_of_mine.py").write_text(MODEL)
    (tmp_path / "c.yaml").write_text("threads: 1\nplugins: [oddities_of_mine]\nmodel: {name: centre}\n"
                                     "training: {epochs: 1}\n")
    write_jets(tmp_path / "quark.h5", make_jets(100, 0, True))
    for known in (MODELS, TRIVIAL):
        monkeypatch.setattr(known, "_things", dict(known._things))
    monkeypatch.setattr(sys, "path", list(sys.path))
    words = ["train", "--config", str(tmp_path / "c.yaml"), "--data", str(tmp_path / "quark.h5"), "--quiet"]
    try:
        assert main([*words, "--out", str(tmp_path / "run")]) == 0
        assert anomaly.load_detector(tmp_path / "run").options.name == "centre"
    finally:
        sys.modules.pop("oddities_of_mine", None)
    (tmp_path / "oddities_of_mine.py").unlink()
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: plugin .*oddities_of_mine\.py: no such file"):
        anomaly.load_detector(tmp_path / "run")


def test_what_a_package_does_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODELS, "_things", dict(MODELS._things))
    with pytest.raises(ConfigError, match="anomaly model conv: there is one of this name already"):
        registry.MODELS.add("conv", MODELS["mlp"])
    with pytest.raises(ConfigError, match="expected type"):
        registry.MODELS.add("three", 3)  # type: ignore[arg-type]
