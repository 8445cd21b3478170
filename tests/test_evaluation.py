"""The evaluation as a whole: real jets pass it, and each way of being wrong is caught by the metric that should."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from small_evaluation import few_draws, small_referees
from small_training import prepared_from, small, with_delta_r
from toy_jets import toy_jets

from qgan.base.errors import DataError
from qgan.data import read_jets, write_jets
from qgan.evaluation import METRICS, Curve, Evaluation, evaluate, negative_controls
from qgan.evaluation.effort import effort
from qgan.evaluation.metrics import memorising
from qgan.evaluation.pairing import Ledger, deal, pooled
from qgan.evaluation.sample import measure
from qgan.evaluation.two_sample import auc_spread, roc_auc
from qgan.report import summary, table
from qgan.training.assembly import build_trainer, source_from

REAL = toy_jets(800, 1, "real.h5")
FAKE = toy_jets(400, 2, "fake.h5")


def known(value: float | None) -> float:
    """Of a row what it may lack: where that is missing, the test fails."""
    assert value is not None
    return value


@pytest.fixture(scope="module")
def at_floor() -> Evaluation:
    """Real jets under the name of generated ones."""
    return evaluate(REAL, FAKE, quick=True)


CONTROLS = negative_controls(FAKE, toy_jets(400, 5), seed=3)


@pytest.fixture(scope="module")
def control() -> Callable[[str], Evaluation]:
    """The quick evaluation of a control by its name, by all but referees."""
    def judged(name: str) -> Evaluation:
        with pytest.MonkeyPatch.context() as patch:
            small_referees(patch)
            return evaluate(REAL, CONTROLS[name], quick=True)
    return cache(judged)


def test_real_jets_are_at_the_floor(at_floor: Evaluation) -> None:
    w1 = [r for r in at_floor.of("w1") if r.group != "all"]
    assert len(w1) == 2 * 19
    assert np.median([r.ratio for r in w1]) == pytest.approx(1, abs=0.25)
    assert max(known(r.significance) for r in w1) < 5
    assert max(r.value for r in w1) < 0.25
    assert all(r.value < 3 * known(r.floor) for r in at_floor.of("fpd"))
    assert all(r.value > 1e-3 for r in at_floor.of("c2st_p"))
    assert all(abs(r.value - 0.5) < 0.08 for r in at_floor.of("c2st_auc"))
    assert all(known(r.ratio) < 1.5 for r in at_floor.of("mean_image"))
    assert all(known(r.ratio) < 1.6 for r in at_floor.of("closure_w1"))
    assert abs(known(at_floor.find("tagger_auc", "features").significance)) < 4


def test_every_row_has_error_and_floor(at_floor: Evaluation) -> None:
    for row in at_floor.rows:
        assert row.metric in METRICS, row
        assert np.isfinite(row.value), row
        if METRICS[row.metric].floor != "none":
            assert row.floor is not None, row
            assert row.metric == "referee_jsd" or (row.error is not None and row.error >= 0), row
    assert {r.metric for r in at_floor.rows} == set(METRICS) - {"memorising", "moved", "learning_curve"}
    w1 = at_floor.find("w1", "mass", "w")
    assert at_floor.find("w1_unit", "mass", "w").unit == "GeV"
    assert w1.unit == "sd"
    assert at_floor.find("w1_unit", "mass", "w").ratio == pytest.approx(w1.ratio)
    assert w1.n == 400
    assert at_floor.find("w1", "mass").n == 800


def test_the_mean_image_is_caught_by_all(at_floor: Evaluation, control: Callable[[str], Evaluation]) -> None:
    ev = control("mean_image")
    for metric, observable in (("w1", "nnz"), ("fpd", "features"), ("kpd", "features")):
        assert known(ev.find(metric, observable, "w").significance) > 20
    assert ev.find("variance_ratio", "", "w").value < 0.01
    assert ev.find("c2st_auc", "features", "w").value > 0.95
    assert ev.find("closure_r2", "mass", "w").value < 0.1
    # What others quote as a Frechet distance of mean images cannot see it.
    assert ev.find("mean_image", "", "w").value < 2 * known(at_floor.find("mean_image", "", "w").floor)


def test_independent_pixels_are_caught_by_trees_distance_and_width(control: Callable[[str], Evaluation]) -> None:
    ev = control("independent_pixels")
    assert known(ev.find("mean_image", "", "qcd").ratio) < 2
    assert known(ev.find("w1", "log_pixel", "qcd").ratio) < 2.5
    assert ev.find("c2st_auc", "features", "qcd").value > 0.8
    assert known(ev.find("fpd", "features", "qcd").significance) > 10
    assert known(ev.find("w1", "width", "qcd").ratio) > 3 or known(ev.find("w1", "sigma_r", "qcd").ratio) > 3


def test_shuffled_conditions_are_caught_by_closure_alone(at_floor: Evaluation,
                                                           control: Callable[[str], Evaluation]) -> None:
    ev = control("shuffled_conditions")
    for metric in ("w1", "fpd", "kpd", "mean_image", "c2st_auc"):
        for old, new in zip(at_floor.of(metric), ev.of(metric), strict=True):
            assert new.value == pytest.approx(old.value, rel=1e-6, abs=1e-9)
    for name in ("mass", "pt"):
        good, bad = (e.find("closure_resolution", name, "w") for e in (at_floor, ev))
        assert bad.value > 1.8 * good.value
        assert known(bad.ratio) > 1.8
        assert known(ev.find("closure_w1", name, "w").ratio) > 3
        assert ev.find("closure_r2", name, "w").value < 0 < at_floor.find("closure_r2", name, "w").value


def test_smeared_jets_are_caught_by_w1_and_distance(control: Callable[[str], Evaluation]) -> None:
    ev = control("smeared")
    assert known(ev.find("w1", "pt", "w").ratio) > 5
    assert known(ev.find("fpd", "features", "w").significance) > 10


def test_shifted_jets_are_caught_by_mean_image_and_distances(control: Callable[[str], Evaluation]) -> None:
    ev = control("shifted")
    assert known(ev.find("mean_image", "", "w").ratio) > 5
    assert known(ev.find("w1", "delta_r_mean", "w").ratio) > 5
    # What does not know where the jet lies cannot see it.
    assert known(ev.find("w1", "ptd", "w").ratio) < 2
    assert known(ev.find("w1", "pt", "w").ratio) < 2


def test_memorised_jets_are_caught_by_memorising_alone(control: Callable[[str], Evaluation]) -> None:
    ev = control("memorised")
    assert max(known(r.significance) for r in ev.of("w1")) < 6
    assert all(r.value > 1e-3 for r in ev.of("c2st_p"))
    training, rng = toy_jets(400, 5), np.random.default_rng(0)
    values = []
    for fake in (CONTROLS["memorised"], toy_jets(400, 6)):
        real, generated = (measure(j.only("w"), with_flow=False) for j in (REAL, fake))
        pairing = deal("w", real, generated, real, 300, 2, 10, 0, Ledger())
        values += [row.value for row in memorising.rows(pairing, training.only("w").images, rng)]
    assert values[0] < 0.05
    assert values[1] == pytest.approx(1, abs=0.1)


def test_controls_have_as_many_jets_and_need_enough_to_copy() -> None:
    assert set(CONTROLS) == {"mean_image", "independent_pixels", "shuffled_conditions", "smeared", "shifted",
                             "memorised"}
    for name, jets in CONTROLS.items():
        assert [int((jets.label == c).sum()) for c in (0, 1)] == [400, 400]
        assert jets.source == name
        assert set(jets.conditions) == set(FAKE.conditions)
    assert "memorised" not in negative_controls(FAKE)
    with pytest.raises(DataError, match="300 jets of class qcd, 400 are to be copied"):
        negative_controls(FAKE, toy_jets(300, 5))


def test_errors_and_floors_shrink_with_the_number_of_jets() -> None:
    small, large = (evaluate(REAL, FAKE.only("w"), n_per_class=n, quick=True) for n in (100, 400))
    for metric in ("w1", "mean_image"):
        floors = [np.mean([r.floor for r in e.of(metric)]) for e in (small, large)]
        errors = [np.mean([r.error for r in e.of(metric)]) for e in (small, large)]
        assert floors[0] / floors[1] == pytest.approx(2, rel=0.3)
        assert errors[0] > errors[1]


def test_the_same_seed_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    first, again, other = (evaluate(REAL, FAKE.only("w"), n_per_class=60, seed=s, quick=True).to_dict()
                           for s in (0, 0, 1))
    assert first["rows"] == again["rows"] != other["rows"]


def test_everything_on_with_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """All metrics, with as few draws, splits and pairs as will do."""
    few_draws(monkeypatch)
    ev = evaluate(toy_jets(150, 7), toy_jets(150, 8), n_per_class=150, reference=toy_jets(300, 9))
    assert {r.metric for r in ev.rows} == set(METRICS)
    told = [note for note in ev.notes if "trained on 40 real and 40 generated jets" in note]
    assert [note.split(":")[0] for note in told] == ["qcd", "w"]
    assert any("assumed to be those of the generators that ship" in note for note in ev.notes)
    assert len(ev.notes) == 4
    assert "needs the generator" in ev.notes[-1]
    assert ev.find("w1", "pt", "w").n == 150
    assert ev.find("memorising", "", "w").value == pytest.approx(1, abs=0.2)
    for metric in ("fpd", "fpd_jetnet", "kpd"):
        assert ev.find(metric, "energy_flow", "qcd").floor is not None
    for name in ("images", "unused", "used"):
        referee = ev.find("referee_auc", name, "qcd")
        assert abs(referee.value - 0.5) < 5 * auc_spread(150, 110)
        assert referee.floor is not None
        assert referee.n == 40
    assert [(r.observable, r.n) for r in ev.of("learning_curve", "w")] == [("images 20", 20), ("images 40", 40)]
    assert [(found.group, found.gradient.shape) for found in ev.evidence] == [("qcd", (12, 12)), ("w", (12, 12))]
    assert all((np.diff(found.real_score) >= 0).all() and (np.diff(found.fake_score) <= 0).all()
               for found in ev.evidence)
    assert {(c.metric, c.observable, c.group) for c in ev.curves} == {
        *(("c2st_auc", "features", g) for g in ("qcd", "w", "all")),
        *(("referee_auc", o, g) for o in ("images", "unused", "used") for g in ("qcd", "w")),
        *(("tagger_auc", o, g) for o in ("features", "images") for g in ("real", "generated")),
        *(("usefulness", o, "all") for o in ("features", "images"))}


def test_everything_on_without_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floors come from twice as many real jets, and nothing says what was memorised."""
    few_draws(monkeypatch)
    ev = evaluate(toy_jets(300, 7), toy_jets(150, 8), n_per_class=150)
    assert {r.metric for r in ev.rows} == set(METRICS) - {"memorising"}
    assert ev.find("fpd", "energy_flow", "w").floor is not None
    assert ev.find("w1", "pt", "w").n == 150


def test_images_and_classes_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    bare = replace(FAKE, conditions={})
    ev = evaluate(REAL, bare, n_per_class=100, quick=True)
    assert not [r for r in ev.rows if r.metric.startswith("closure")]
    assert any("jet_mass" in note and "left out" in note for note in ev.notes)


def test_a_file_of_images_and_classes_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another program may write it: closure and symmetry need what it does not hold, and the notes say so."""
    few_draws(monkeypatch)
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        file["image"], file["signal"] = FAKE.images, FAKE.label
        file.attrs["half_width"], file.attrs["frame"], file.attrs["class_names"] = 1.2, "canonical", ["qcd", "w"]
    ev = evaluate(REAL, read_jets(tmp_path / "theirs.h5"), n_per_class=100, quick=True)
    assert ev.groups == ["qcd", "w", "all"]
    assert {r.metric for r in ev.rows}.isdisjoint({"closure_bias", "closure_resolution", "closure_w1", "symmetry"})
    for what in ("jet_mass", "jet_eta", "training jets", "needs the generator"):
        assert any(what in note for note in ev.notes)


def test_the_order_of_jets_does_not_matter(at_floor: Evaluation) -> None:
    """Other jets are dealt into other splits, so numbers agree within their errors; sums agree to rounding."""
    order = np.random.default_rng(0).permutation(len(FAKE))
    ev = evaluate(REAL, FAKE[order], quick=True)
    for metric in ("w1", "separation", "mean_image", "closure_bias"):
        for old, new in zip(at_floor.of(metric), ev.of(metric), strict=True):
            assert new.value == pytest.approx(old.value, rel=1e-6, abs=1e-9)
    for metric in ("fpd", "kpd", "c2st_auc"):
        for old, new in zip(at_floor.of(metric), ev.of(metric), strict=True):
            assert abs(new.value - old.value) < 6 * np.hypot(known(old.error), known(new.error)) + 0.02


def test_tagger_and_usefulness(at_floor: Evaluation, control: Callable[[str], Evaluation]) -> None:
    good = at_floor.find("usefulness", "features")
    assert 0.6 < known(good.floor) <= 1
    assert good.ratio == pytest.approx(1, abs=0.06)
    assert abs(known(good.significance)) < 5
    bad = evaluate(REAL, replace(FAKE, label=1 - FAKE.label), quick=True)
    assert bad.find("usefulness", "features").value < 0.4
    assert bad.find("tagger_auc", "features").value < 0.4
    useless = control("mean_image").find("usefulness", "features")
    assert known(useless.ratio) < 0.95
    assert known(useless.significance) < -3


def test_symmetry_of_jets() -> None:
    raw = [replace(toy_jets(300, s), frame="raw") for s in (1, 2)]
    lopsided = replace(raw[1], conditions=raw[1].conditions | {"eta": np.abs(raw[1].conditions["eta"])
                                                               * np.sign(raw[1].images[:, 6:].sum((1, 2)) - 150)})
    fair = replace(raw[0], images=np.where(np.random.default_rng(0).random(600)[:, None, None] < 0.5,
                                           raw[0].images, raw[0].images[:, ::-1]))
    ev = evaluate(fair, lopsided, n_per_class=150, quick=True)
    row, real = ev.find("symmetry", "jets", "w"), ev.find("symmetry", "real jets", "w")
    assert known(row.significance) > 10
    assert known(row.ratio) > 3
    assert abs(known(real.significance)) < 5
    assert real.floor == row.floor


def test_the_symmetry_of_a_generator_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    write_jets(tmp_path / "jets.h5", with_delta_r(toy_jets(60, 1)))
    found = {}
    for symmetry in ("exact", "none"):
        configuration = small({"symmetry": symmetry})
        prepared = prepared_from(configuration, tmp_path / "jets.h5")
        trainer = build_trainer(configuration, prepared, torch.device("cpu"))
        ev = evaluate(REAL, FAKE, n_per_class=60, quick=True, generator=source_from(trainer, prepared))
        found[symmetry] = {r.group: r.value for r in ev.of("symmetry") if r.observable == "generator"}
        assert not any("needs the generator" in note for note in ev.notes)
    assert set(found["exact"]) == set(found["none"]) == {"qcd", "w"}
    assert max(found["exact"].values()) < 1e-6 < 1e-3 < min(found["none"].values())


def test_literature_bins_are_for_w_and_qcd_alone(at_floor: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    rows = [(r.observable, r.group) for r in at_floor.of("separation_literature")]
    assert sorted(rows) == sorted((o, g) for o in ("mass", "pt", "pixel") for g in ("qcd", "w"))
    others = [replace(j, class_names=("gluon", "quark")) for j in (REAL, FAKE)]
    assert not list(evaluate(*others, n_per_class=60, quick=True).of("separation_literature"))


def test_curves_are_those_of_the_rows(at_floor: Evaluation) -> None:
    for curve in at_floor.curves:
        background, signal = curve.roc()
        assert background[0] == signal[0] == 0
        assert background[-1] == signal[-1] == 1
        area = np.trapezoid(signal, background)
        assert area == pytest.approx(roc_auc(curve.background, curve.signal), abs=0.02)
    tagger = next(c for c in at_floor.curves if (c.metric, c.group) == ("tagger_auc", "generated"))
    assert roc_auc(tagger.background, tagger.signal) == pytest.approx(at_floor.find("tagger_auc", "features").value)
    constant = Curve("", "", "", np.full(5, 0.5), np.full(4, 0.5)).roc()
    assert constant[0][0] == 0
    assert constant[0][-1] == 1


def test_workers_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    one, three = (evaluate(REAL, FAKE, n_per_class=60, quick=True, workers=w).to_dict()["rows"] for w in (1, 3))
    assert one == three


def test_one_class_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    ev = evaluate(REAL, FAKE.only("w"), n_per_class=100, quick=True)
    assert ev.groups == ["w"]
    assert any("qcd" in note for note in ev.notes)


def test_conditions_that_do_not_fill_the_bins_are_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    fixed = replace(FAKE, conditions=FAKE.conditions | {"pt": np.full(len(FAKE), 270, np.float32)})
    ev = evaluate(REAL, fixed, n_per_class=100, quick=True)
    assert not [r for r in ev.of("closure_w1") if r.observable == "pt"]
    assert list(ev.of("closure_bias", "w"))
    assert any("closure_w1 of pt" in note for note in ev.notes)
    json.dumps(ev.to_dict(), allow_nan=False)


def test_too_little_or_too_different_is_refused() -> None:
    with pytest.raises(DataError, match=r"fake\.h5: grid"):
        evaluate(REAL, replace(FAKE, images=FAKE.images[:, 1:11], grid=FAKE.grid.crop((1, 11), (0, 12))))
    with pytest.raises(DataError, match=r"fake\.h5: frame"):
        evaluate(REAL, replace(FAKE, frame="raw"))
    with pytest.raises(DataError, match="30 jets"):
        evaluate(REAL, FAKE[np.r_[:30, 400:430]])
    with pytest.raises(DataError, match="no pixel above"):
        evaluate(REAL, replace(FAKE, images=np.zeros_like(FAKE.images)))
    with pytest.raises(DataError, match="shares no class"):
        evaluate(REAL.only("qcd"), FAKE.only("w"))


def test_pooled_pairs_hold_both_classes_and_no_jet_twice() -> None:
    pairings, ledger = [], Ledger()
    for name in ("qcd", "w"):
        real, fake = (measure(j.only(name), with_flow=False) for j in (REAL, FAKE))
        pairings.append(deal(name, real, fake, real, 200, 3, 4, 0, ledger))
    both = pooled(pairings, 0)
    assert both.n == 400
    assert len(both.pairs) == 2
    for a, b in [*both.pairs, *both.parts]:
        assert len(set(a)) == len(a)
        assert len(set(b)) == len(b)
        assert (a < 800).sum() == (a >= 800).sum()
        assert (b < 400).sum() == (b >= 400).sum()
    for a, b in both.nulls:
        assert len(set(a) | set(b)) == 800


def test_quick_is_less_work() -> None:
    assert effort(5000, True).n_per_class < effort(5000, False).n_per_class == 5000
    assert effort(5000, False).floors >= 20


def test_table_shows_what_the_evaluation_says(at_floor: Evaluation) -> None:
    text = table(at_floor)
    lines = text.splitlines()
    mass = next(line for line in lines if line.startswith("mass"))
    assert f"{at_floor.find('w1', 'mass', 'qcd').value:#.3g}" in mass
    assert all(any(line.startswith(m) for line in lines) for m in ("fpd", "c2st_auc", "closure_bias", "tagger_auc"))
    assert "note: Memorising" in text
    assert text.splitlines()[-1] == summary(at_floor)
    worst = at_floor.worst("w1")
    assert worst is not None
    assert f"worst W1 {worst.value:.3f} sigma ({worst.observable}, {worst.group})" in summary(at_floor)
    starts = [line.split("|")[0].strip() for line in lines[6:25]]
    assert starts[0] == worst.observable
    assert len(set(starts)) == 19


def test_table_of_several(at_floor: Evaluation) -> None:
    text = table(at_floor, replace(at_floor, fake="runs/other.h5"))
    assert "other.h5" in text
    assert text.count("fpd features") == 3
    with pytest.raises(ValueError, match="at least one"):
        table()
