"""Configurations ranked on usual jets alone: what the pseudo-anomalies are, and that nothing else is looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_anomaly_cli import make_jets
from test_anomaly_training import small

from anomaly import pseudo_anomalies as pseudo
from anomaly import selection
from anomaly.cli import main
from anomaly.configuration import Configuration
from anomaly.experiment import fitted
from anomaly.pseudo_anomalies import KINDS, pseudo_anomalies
from anomaly.scoring import RocCurve
from anomaly.selection import select
from qgan.base.errors import ConfigError, DataError, QganError
from qgan.data import embedded_jets, write_jets
from qgan.data.jets import JetImages, concatenate
from qgan.observables.arrays import nnz


@pytest.fixture(scope="module")
def quarks() -> JetImages:
    return make_jets(200, 0, True)


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of lit pixels and mean distance from the axis in pixels, (N,)."""
    place = np.arange(25) - 12
    distance = np.hypot(*np.meshgrid(place, place))
    return (images > 0).sum((1, 2)), (images * distance).sum((1, 2)) / images.sum((1, 2))


def test_every_kind_keeps_the_pt_and_repeats(quarks: JetImages) -> None:
    made, again = pseudo_anomalies(quarks, 1), pseudo_anomalies(quarks, 1)
    assert list(made) == list(KINDS) == ["overlaid", "smeared", "soft", "merged", "thinned", "groomed", "split",
                                         "rotated", "moved", "halves"]
    for kind, jets in made.items():
        np.testing.assert_allclose(jets.images.sum((1, 2)), quarks.images.sum((1, 2)), rtol=1e-5)
        np.testing.assert_array_equal(jets.images, again[kind].images)
        assert jets.images.min() >= 0
        assert jets.class_names == quarks.class_names
        assert jets.source.endswith(f", {kind}")
        # Each is another jet than the one it was made from, if it has neighbours to merge.
        changed = (np.abs(jets.images - quarks.images).sum((1, 2)) > 0).mean()
        assert changed > (0.5 if kind == "merged" else 0.9)
    assert not np.array_equal(made["soft"].images, pseudo_anomalies(quarks, 2)["soft"].images)


def test_two_jets_overlaid() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(16), 5).reshape(5, 4, 4)
    made = 2 * pseudo.overlaid(shares, np.random.default_rng(1)) - shares
    # What was added is one of the others, each of them once.
    partner = [int(np.abs(shares - other).sum((1, 2)).argmin()) for other in made]
    np.testing.assert_allclose(made, shares[partner], atol=1e-12)
    assert sorted(partner) == list(range(5))
    assert all(i != j for i, j in enumerate(partner))


def test_smeared_pixels_go_to_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = np.zeros((2000, 5, 5))
    shares[:, 2, 2] = 1
    made = pseudo.smeared(shares, np.random.default_rng(0))
    given = made[:, 2, 2] == 0.5
    assert given.mean() == pytest.approx(pseudo.SPLITTINGS, abs=0.04)
    np.testing.assert_allclose(made.sum((1, 2)), 1)
    around = made[given].mean(0)
    assert around[2, 2] == 0.5
    np.testing.assert_allclose(np.delete(around[1:4, 1:4].ravel(), 4), 0.5 / 8, atol=0.03)
    assert around.sum() == pytest.approx(around[1:4, 1:4].sum())
    monkeypatch.setattr(pseudo, "SPLITTINGS", 0.0)
    np.testing.assert_array_equal(pseudo.smeared(shares, np.random.default_rng(0)), shares)


def test_soft_pixels_lie_in_the_circle() -> None:
    added = pseudo.soft(np.zeros((4000, 25, 25)), np.random.default_rng(0))
    row, column = np.nonzero(added.sum(0))
    assert np.hypot(row - 12, column - 12).max() <= 13.3
    assert added.sum((1, 2)).mean() == pytest.approx(pseudo.SOFT_PIXELS * pseudo.SOFT_SHARE, rel=0.05)
    # Uniform: as many inside half of the radius as it has of the area.
    inner = np.hypot(*np.meshgrid(np.arange(25) - 12, np.arange(25) - 12)) < 6.25
    assert (added * inner).sum() / added.sum() == pytest.approx(0.25, abs=0.03)


def test_a_split_jet_has_as_many_pixels_elsewhere(quarks: JetImages) -> None:
    narrow = np.zeros_like(quarks.images)
    narrow[:, 8:17, 8:17] = quarks.images[:, 8:17, 8:17]
    shares = narrow / narrow.sum((1, 2), keepdims=True)
    made = pseudo.split(shares.astype(np.float64), np.random.default_rng(0))
    (before, near), (after, far) = moments(shares), moments(made)
    assert after.mean() == pytest.approx(before.mean(), rel=0.05)
    assert far.mean() > near.mean() * 1.05
    # The hardest pixel stays where it was.
    hardest = shares.reshape(200, -1).argmax(1)
    assert (made.reshape(200, -1)[np.arange(200), hardest] > 0).all()


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.keeps_nnz])
def test_as_many_pixels_are_lit(name: str) -> None:
    jets = embedded_jets("quark", "validation")[:500]
    made = pseudo_anomalies(jets, 3)[name]
    before, after = (nnz(x.images, x.grid) for x in (jets, made))
    if name == "halves":
        # The pT of the two halves is scaled to that of the jet: a pixel may cross the threshold.
        assert abs((after - before).mean()) < 0.1
        assert np.abs(after - before).mean() < 0.5
    else:
        np.testing.assert_array_equal(after, before)
    assert RocCurve.of(before, after).auc() == pytest.approx(0.5, abs=0.01)


def test_a_second_prong_turns_about_the_axis() -> None:
    shares = np.zeros((300, 25, 25))
    shares[:, 12, 12], shares[:, 12, 20], shares[:, 11, 20] = 0.6, 0.3, 0.1
    made = pseudo.rotated(shares, np.random.default_rng(0))
    assert (made[:, 12, 12] == 0.6).all()
    jet, row, column = np.nonzero(made == 0.3)
    np.testing.assert_array_equal(jet, np.arange(300))
    np.testing.assert_allclose(np.hypot(row - 12, column - 12), 8, atol=0.8)
    # By a quarter of a turn or more, but where its neighbour takes the place.
    assert (column <= 13).mean() > 0.95
    assert len(set(row)) > 10


def test_half_of_the_hardest_pixel_is_moved() -> None:
    shares = np.random.default_rng(0).dirichlet(np.full(16, 0.2), 200).reshape(200, 4, 4)
    made = pseudo.moved(shares, np.random.default_rng(1))
    change = np.sort((made - shares).reshape(200, -1))
    np.testing.assert_allclose(change[:, 0], -shares.max((1, 2)) / 2)
    np.testing.assert_allclose(change[:, -1], shares.max((1, 2)) / 2)
    np.testing.assert_allclose(change[:, 1:-1], 0)
    one = np.zeros((1, 4, 4))
    one[0, 1, 1] = 1
    np.testing.assert_array_equal(pseudo.moved(one, np.random.default_rng(1)), one)


def test_two_halves_have_as_many_pixels() -> None:
    rng = np.random.default_rng(0)
    shares = rng.random((300, 5, 5)) * (rng.random((300, 5, 5)) < 0.3)
    made = pseudo.halves(shares, np.random.default_rng(1))
    np.testing.assert_array_equal(made[:, :, :3], shares[:, :, :3])
    np.testing.assert_array_equal((made > 0).sum((1, 2)), (shares > 0).sum((1, 2)))
    assert (made[:, :, 3:] != shares[:, :, 3:]).any((1, 2)).mean() > 0.8


def test_jets_without_pt_make_no_anomalies(quarks: JetImages) -> None:
    with pytest.raises(DataError, match="1 jets, expected at least 2"):
        pseudo_anomalies(quarks[:1])
    with pytest.raises(DataError, match="all with pT above 0"):
        pseudo_anomalies(replace(quarks, images=np.zeros_like(quarks.images)))


def test_the_better_configuration_comes_first(quarks: JetImages, tmp_path: Path) -> None:
    write_jets(tmp_path / "quark.h5", quarks)
    activity = small({"model.name": "filter", "model.options": {}, "preprocessing.scaling": "sum"})
    # One principal number of a map of all pixels says less than the number of pixels.
    counting = ["overlaid", "smeared", "soft"]
    found = select({"conv": small({"training.epochs": 1}), "filter": activity}, data=[tmp_path / "quark.h5"], seeds=2,
                   kinds=counting, n_bootstrap=10, quiet=True)
    assert found.chosen.name == "filter"
    assert [c.name for c in found.candidates] == ["filter", "conv"]
    best, other = found.candidates
    assert best.criterion is not None
    assert other.behind is not None
    assert best.criterion.value == pytest.approx(np.mean([best.kinds[kind] for kind in counting]))
    assert best.criterion.value - other.behind.value == pytest.approx(other.criterion.value)  # type: ignore[union-attr]
    assert (best.behind.value, best.behind.error) == (0, 0)  # type: ignore[union-attr]
    assert other.behind.error > 0
    assert best.spread is not None
    assert found.trivial["pixels above 0.1 GeV"]["overlaid"] > 0.8
    assert "pixels above 0.1 GeV (no network)" in found.table()
    assert found.deciding == counting
    assert "(split)" in found.table()


def test_counting_does_not_decide(quarks: JetImages, tmp_path: Path) -> None:
    """By default the kinds decide that keep the number of lit pixels, and a score that counts has one half there."""
    found = select({"conv": small({"training.epochs": 1})}, data=quarks, seeds=1, n_bootstrap=3, quiet=True)
    assert found.deciding == ["split", "rotated", "moved", "halves"]
    for kind in found.deciding:
        assert found.trivial["pixels above 0.1 GeV"][kind] == pytest.approx(0.5, abs=0.08)
    with pytest.raises(ConfigError, match="there is no kind of pseudo-anomaly splitt; did you mean split"):
        select({"conv": small()}, data=quarks, kinds=["splitt"], quiet=True)


def test_no_other_jet_is_ever_read(monkeypatch: pytest.MonkeyPatch, quarks: JetImages) -> None:
    """Of the jets that ship, training and validation jets of the usual class, and nothing of the test."""
    from anomaly import preparation

    asked = []

    def embedded(name: str, split: str) -> JetImages:
        asked.append((name, split))
        return make_jets(60, len(asked), True)

    monkeypatch.setattr(preparation, "embedded_jets", embedded)
    select({"a": small({"training.epochs": 1})}, seeds=1, n_bootstrap=2, quiet=True)
    assert set(asked) == {("quark", "train"), ("quark", "validation")}


def test_a_gluon_jet_is_refused(tmp_path: Path, quarks: JetImages, capsys: pytest.CaptureFixture[str]) -> None:
    write_jets(tmp_path / "mixed.h5", concatenate([quarks, make_jets(1, 9, False)]))
    with pytest.raises(DataError, match="1 of 201 jets are no quark jets"):
        select({"a": small()}, data=[tmp_path / "mixed.h5"], quiet=True)
    (tmp_path / "a.yaml").write_text("training:\n  epochs: 1\n")
    assert main(["select", "--configs", str(tmp_path / "a.yaml"), "--data", str(tmp_path / "mixed.h5")]) == 2
    assert "1 of 201 jets are no quark jets" in capsys.readouterr().err


def test_a_training_that_fails_comes_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quarks: JetImages) -> None:
    write_jets(tmp_path / "quark.h5", quarks)
    one, other = small({"training.epochs": 1}), small({"training.epochs": 1, "training.rate": 0.5})

    def fails(configuration: Configuration, *jets: JetImages) -> object:
        if configuration.training.rate == 0.5:
            raise QganError("the circuit has collapsed")
        return fitted(configuration, *jets)

    monkeypatch.setattr(selection, "fitted", fails)
    found = select({"bad": other, "good": one}, data=[tmp_path / "quark.h5"], seeds=1, n_bootstrap=2, quiet=True)
    assert [c.name for c in found.candidates] == ["good", "bad"]
    assert found.candidates[1].criterion is None
    assert "bad: seed 0: the circuit has collapsed" in found.table()
    assert found.to_dict()["candidates"][1]["criterion"] is None
    with pytest.raises(QganError, match="every configuration failed; bad, seed 0"):
        select({"bad": other}, data=[tmp_path / "quark.h5"], seeds=1, n_bootstrap=2, quiet=True)


@pytest.mark.parametrize(("configurations", "said"), [
    ({}, "configs: expected at least one"),
    ({"a": {}, "b": {"data.normal": "gluon"}}, "the configurations differ"),
    ({"a": {"model.options": {"depth": 3}}}, "model.options.depth: unknown"),
])
def test_configurations_that_cannot_be_compared(configurations: dict[str, dict[str, object]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        select({name: small(options) for name, options in configurations.items()}, quiet=True)


def test_the_command(tmp_path: Path, quarks: JetImages, capsys: pytest.CaptureFixture[str],
                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_jets("quark.h5", quarks)
    Path("a.yaml").write_text("model:\n  options: {latent: 3, channels: 2}\n")
    Path("b.yaml").write_text("model:\n  name: filter\npreprocessing:\n  scaling: sum\n")
    words = ["--epochs", "1", "--threads", "1", "--seeds", "1", "--data", "quark.h5"]
    assert main(["select", "--configs", "a.yaml", "b.yaml", *words, "--json", "s.json"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("40 quark validation jets and as many pseudo-anomalies of each kind")
    found = json.loads(Path("s.json").read_text())
    assert found["chosen"] in ("a.yaml", "b.yaml")
    assert len(found["candidates"]) == 2
    assert all(f"{c['criterion']['value']:.3f}" in told for c in found["candidates"])
    assert main(["select", "--configs", "a.yaml", *words, "--json", "s.json"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["select", "--configs", "a.yaml", "a.yaml", *words]) == 2
    assert "configs: a.yaml is given twice" in capsys.readouterr().err
