"""What a score knows beyond counting: weights and errors against references, and where it is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, spearmanr
from sklearn.metrics import roc_auc_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_anomaly_cli import make_jets
from test_anomaly_training import small

import anomaly
from anomaly.cli import main
from anomaly.counting import Ranked, Sample, equal_weights, judged
from anomaly.report import HEADS
from anomaly.scoring import RocCurve
from qgan.data import write_jets


def counted(n: int, seed: int, more: float = 6.0) -> Sample:
    """Unusual jets have more lit pixels and pT."""
    rng = np.random.default_rng(seed)
    usual = np.arange(2 * n) < n
    return Sample(usual, rng.poisson(np.where(usual, 20, 20 + more)), rng.normal(np.where(usual, 520, 525), 10))


def test_the_weighted_auc_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    values, usual, weights = rng.poisson(5, 500).astype(float), rng.random(500) < 0.4, rng.exponential(1, 500)
    expected = roc_auc_score(~usual, values, sample_weight=weights)
    assert Ranked(values, usual).auc(weights) == pytest.approx(expected, abs=1e-12)
    assert Ranked(values, usual).auc(np.ones(500)) == pytest.approx(RocCurve.of(values[usual], values[~usual]).auc())


def test_both_classes_get_the_usual_histogram_and_sparse_bins_nothing() -> None:
    bins = np.array([0] * 6 + [1] * 10 + [2] * 4 + [0] * 12 + [1] * 5 + [2] * 9)
    usual = np.arange(len(bins)) < 20
    weights = equal_weights(bins, usual, np.ones(len(bins)))
    for mask in (usual, ~usual):
        np.testing.assert_allclose(np.bincount(bins[mask], weights[mask]), [6, 10, 0])
    # A jet that is drawn twice counts twice.
    twice = equal_weights(bins, usual, np.where(np.arange(len(bins)) == 0, 2.0, 1.0))
    np.testing.assert_allclose(np.bincount(bins[~usual], twice[~usual]), [7, 10, 0])


def test_a_counter_knows_nothing_more_and_what_is_added_stays() -> None:
    sample = counted(4000, 1)
    counter = judged("count", sample.nnz.astype(float), sample, n_bootstrap=20)
    assert counter.auc.value > 0.8
    assert counter.equal_nnz is not None
    # Within a bin of two counts the larger one is still a little more often unusual.
    assert counter.equal_nnz.value == pytest.approx(0.5, abs=0.03)
    assert counter.follows_nnz is not None
    assert counter.follows_nnz.value == pytest.approx(1)
    rng = np.random.default_rng(2)
    pure = judged("pure", rng.normal(~sample.usual, 1), sample, n_bootstrap=50)
    assert pure.equal_nnz is not None
    assert pure.equal_nnz.value == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=4 * pure.equal_nnz.error)
    assert pure.follows_nnz is not None
    assert abs(pure.follows_nnz.value) < 4 * pure.follows_nnz.error


def test_at_equal_pt_it_is_the_same_with_other_bins() -> None:
    sample = counted(4000, 3)
    found = judged("pt", sample.pt, sample, n_bootstrap=10)
    assert found.equal_pt is not None
    assert found.auc.value > 0.6
    assert found.equal_pt.value == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("counts", [0.0, 1.0])
def test_the_error_is_that_of_repeated_samples(counts: float) -> None:
    """Also of a score that counts, whose fluctuations the weights follow."""
    rng = np.random.default_rng(4)
    values, errors = [], []
    for i in range(80):
        sample = counted(300, 100 + i)
        scores = counts * sample.nnz + rng.normal(0.5 * ~sample.usual, 1)
        one = judged("x", scores, sample, n_bootstrap=60 if i < 8 else 2).equal_nnz
        assert one is not None
        values.append(one.value)
        errors += [one.error] if i < 8 else []
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.3)


def test_the_correlation_is_spearmans_among_usual_jets() -> None:
    sample = counted(500, 5)
    values = sample.nnz + np.random.default_rng(6).normal(0, 5, 1000) + 100 * ~sample.usual
    found = judged("x", values, sample, n_bootstrap=10).follows_nnz
    assert found is not None
    assert found.value == pytest.approx(spearmanr(values[sample.usual], sample.nnz[sample.usual])[0], abs=1e-12)


def test_where_the_classes_have_nothing_in_common_there_is_no_number() -> None:
    found = judged("x", np.arange(200.0), counted(100, 7, more=200), n_bootstrap=5)
    assert found.equal_nnz is None
    assert found.equal_pt is not None
    assert judged("constant", np.ones(200), counted(100, 7), n_bootstrap=5).follows_nnz is None


def test_one_number_in_table_json_and_tensorboard(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_jets("quark.h5", make_jets(150, 0, True))
    # As many particles on both sides, half of the jets called gluon jets.
    jets = make_jets(400, 4, True)
    write_jets("test.h5", replace(jets, label=(np.arange(400) % 2).astype(jets.label.dtype)))
    anomaly.train(small({"training.epochs": 1}), data="quark.h5", out="run", quiet=True)
    assert main(["score", "run", "--test", "test.h5", "--json", "s.json", "--logdir", "log", "--plots", "p"]) == 0
    told = capsys.readouterr().out
    events = EventAccumulator("log").Reload()
    assert "at equal NNZ" in told
    assert "at equal pT" in told
    rows = json.loads(Path("s.json").read_text())["scores"]
    for row in rows:
        for name in HEADS:
            if row[name] is not None:
                assert events.Scalars(f"{name}/{row['name']}")[0].value == pytest.approx(row[name]["value"], rel=1e-5)
        assert f"{row['equal_nnz']['value']:.3f} ± {row['equal_nnz']['error']:.3f}" in told
    assert {"roc", "scores", "counting"} <= set(events.Tags()["images"])
    assert Path("p/counting.png").is_file()
    counter = next(row for row in rows if row["name"] == "pixels above 0.1 GeV")
    assert abs(counter["equal_nnz"]["value"] - 0.5) < 4 * counter["equal_nnz"]["error"] + 0.02
