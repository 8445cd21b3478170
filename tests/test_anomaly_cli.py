"""``anomaly baselines`` from files to a table and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from anomaly.cli import main
from qgan.data import write_jets
from qgan.data.grid import Grid
from qgan.data.jets import JetImages


def make_jets(n: int, seed: int, quark: bool) -> JetImages:
    """25×25 jets of a few (quark) or many (gluon) particles, the first one hard and on the axis."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, 25, 25), np.float32)
    images[:, 12, 12] = 200.0
    for _ in range(15 if quark else 40):
        rows, columns = np.clip(np.round(12 + 3 * rng.standard_cauchy((2, n))), 0, 24).astype(int)
        images[np.arange(n), rows, columns] += rng.exponential(10, n).astype(np.float32)
    return JetImages(images, np.full(n, int(quark)), {}, Grid.square(25, 0.4), "raw", ("gluon", "quark"))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    paths = {name: str(tmp_path / f"{name}.h5") for name in ("train", "quark", "gluon")}
    write_jets(paths["train"], make_jets(300, 0, True))
    write_jets(paths["quark"], make_jets(200, 1, True))
    write_jets(paths["gluon"], make_jets(250, 2, False))
    return paths


def test_scores_of_files(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scores.json"
    words = ["baselines", "--data", files["train"], "--test", files["quark"], files["gluon"], "--json", str(out)]
    assert main(words) == 0
    table = capsys.readouterr().out
    scores = {score["name"]: score for score in json.loads(out.read_text())}
    assert set(scores) == {"pixel sum / max", "pixels above 0.1 GeV", "-ptd", "PCA 4", "PCA 4, log pixels", "PCA 16",
                           "PCA 16, log pixels"}
    assert all(name in table for name in scores)
    assert (scores["PCA 4"]["n_background"], scores["PCA 4"]["n_signal"]) == (200, 250)
    # Two and a half times as many particles: every score must see it, far beyond its error.
    assert all(s["auc"]["value"] - 5 * s["auc"]["error"] > 0.5 for s in scores.values()), scores
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_the_other_class_is_refused_in_training(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for train, data, said in (("gluon", ("quark", "gluon"), "250 of 250 jets are no quark jets"),
                              ("train", ("quark",), "quark jets alone")):
        assert main(["baselines", "--data", files[train], "--test", *(files[name] for name in data)]) == 2
        err = capsys.readouterr().err
        assert err.startswith("anomaly: error: ")
        assert err.count("\n") == 1
        assert said in err


def test_help() -> None:
    assert main(["--help"]) == 0
    assert main(["baselines", "--help"]) == 0
