"""The package from a script: jets at hand or in files, from a configuration to scores."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_anomaly_cli import make_jets
from test_anomaly_evaluation import both, made
from test_classes import jets_of

import anomaly
from anomaly.cli import main
from anomaly.usual import require_only
from qgan.base.errors import ConfigError, DataError
from qgan.data import write_jets


@pytest.fixture
def configuration(tmp_path: Path) -> anomaly.Configuration:
    (tmp_path / "small.yaml").write_text("threads: 1\nmodel: {options: {latent: 3, channels: 2}}\n"
                                         "training: {epochs: 2}\n")
    return anomaly.Configuration.read(tmp_path / "small.yaml")


def test_every_name_is_found_and_says_what_it_does() -> None:
    assert set(anomaly.__all__) == set(anomaly._HOMES) <= set(dir(anomaly))
    for name in anomaly.__all__:
        assert len(inspect.getdoc(getattr(anomaly, name)) or "") > 20
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = anomaly.no_such_name


def test_importing_it_loads_no_library() -> None:
    text = "import sys, anomaly; print(*{'torch', 'numpy', 'matplotlib', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_script(configuration: anomaly.Configuration, tmp_path: Path) -> None:
    """Jets in memory all the way; the same from files gives the same."""
    quarks, jets = make_jets(250, 0, True), both(100, 5)
    run = anomaly.train(configuration, data=quarks, out=tmp_path / "run", quiet=True)
    report = anomaly.score(run.path, jets, n_bootstrap=10)
    assert report.usual == "quark"
    assert "pixels above 0.1 GeV" in report.table()
    write_jets(tmp_path / "quark.h5", quarks)
    write_jets(tmp_path / "test.h5", jets)
    again = anomaly.train(configuration, data=tmp_path / "quark.h5", out=tmp_path / "again", quiet=True)
    detectors = [anomaly.load_detector(folder.path) for folder in (run, again)]
    first, second = (detector.scores(jets) for detector in detectors)
    assert set(first) == {"model", "model, density"}
    # A file holds pixels with fewer digits.
    np.testing.assert_allclose(first["model"], second["model"], rtol=0.02)
    assert anomaly.score([again.path], tmp_path / "test.h5", n_bootstrap=10).rows[0].name == report.rows[0].name
    assert next(path.name for path in anomaly.save_plots([run.path], jets, tmp_path / "plots")) == "roc.png"


def test_a_run_of_jets_at_hand_is_resumed_with_them(configuration: anomaly.Configuration, tmp_path: Path) -> None:
    quarks = make_jets(100, 0, True)
    run = anomaly.train(configuration, data=quarks, out=tmp_path / "run", quiet=True)
    configuration.training.epochs = 3
    configuration.training.schedule = "cosine"
    anomaly.train(configuration, data=quarks, out=run.path, resume=True, quiet=True)
    with pytest.raises(DataError, match="jets are no quark jets"):
        anomaly.train(configuration, data=both(50, 0), out=tmp_path / "other", quiet=True)


def test_select_and_compare(configuration: anomaly.Configuration, tmp_path: Path) -> None:
    configuration.training.epochs = 1
    other = replace(configuration, preprocessing=replace(configuration.preprocessing, scaling="max"))
    found = anomaly.select({"log": configuration, "max": other}, data=make_jets(150, 0, True), seeds=1, n_bootstrap=3,
                           quiet=True)
    assert isinstance(found, anomaly.Selection)
    assert {candidate.name for candidate in found.candidates} == {"log", "max"}
    compared = anomaly.compare([configuration], made(80, 8), both(80, 4), seeds=1, n_bootstrap=3, quiet=True)
    assert isinstance(compared, anomaly.Comparison)
    assert len(compared.cells) == 8


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.yaml: no such configuration file"):
        anomaly.Configuration.read(tmp_path / "no.yaml")


def test_several_classes_are_usual(configuration: anomaly.Configuration, tmp_path: Path) -> None:
    """Two of three are learned, the third is to be found; all that reads a run knows it."""
    jets = jets_of(3, n=100)
    usual = jets[jets.label < 2]
    configuration.data.normal = "w+qcd"
    run = anomaly.train(configuration, data=usual, out=tmp_path / "run", quiet=True)
    test = jets_of(3, n=60, seed=7)
    report = anomaly.score(run.path, test, n_bootstrap=10, plots=tmp_path / "plots")
    assert report.usual == "w+qcd"
    assert (report.about["n_usual"], report.about["n_unusual"]) == (120, 60)
    assert (tmp_path / "plots" / "scores.png").is_file()
    with pytest.raises(DataError, match=r"100 of 300 jets are no w\+qcd jets"):
        anomaly.train(configuration, data=jets, out=tmp_path / "other", quiet=True)
    with pytest.raises(DataError, match=r"holds qcd and w jets alone, expected w\+qcd jets and others"):
        anomaly.score(run.path, usual)
    with pytest.raises(DataError, match="no class 'top'"):
        require_only(both(20, 0), "quark+top")


def test_baselines_of_several_usual_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jets = jets_of(3, n=100)
    write_jets(tmp_path / "usual.h5", jets[jets.label < 2])
    write_jets(tmp_path / "test.h5", jets_of(3, n=60, seed=7))
    words = ["baselines", "--usual", "w", "qcd", "--size", "6", "--components", "2"]
    assert main([*words, "--data", str(tmp_path / "usual.h5"), "--test", str(tmp_path / "test.h5")]) == 0
    assert "w+qcd jets are usual; 120 of them and 60 others are scored" in capsys.readouterr().out
    assert main(words) == 2
    assert "holds qcd and w jets alone, expected w+qcd jets and others" in capsys.readouterr().err
