"""Referees in an evaluation: which observables they see, and which jets they are trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_evaluation import few_draws
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.evaluation import Reference, evaluate
from qgan.taggers import TAGGERS, Fitted, Labelled, Setting, Tagger

REAL = toy_jets(800, 1, "real.h5")
FAKE = toy_jets(400, 2, "fake.h5")


def test_used_and_unused_observables_are_those_of_the_jets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in an observable is that of the list which the generator's losses put it on."""
    few_draws(monkeypatch)
    moved = replace(FAKE, images=np.roll(FAKE.images, 1, axis=1))
    known, unknown = (evaluate(REAL, replace(moved, origin={"uses": uses}), n_per_class=100, quick=True)
                      for uses in (["centroid_eta", "delta_r_mean"], ["ptd"]))
    names = [{r.observable for r in e.of("w1_unused", "w")} for e in (known, unknown)]
    assert names[1] - names[0] == {"centroid_eta", "delta_r_mean"}
    assert names[0] - names[1] == {"ptd"}
    shuffled = {r.observable for r in known.of("importance", "w")}
    assert {"used: centroid_eta", "unused: ptd"} < shuffled
    ratio = unknown.find("w1_unused", "centroid_eta", "w").ratio
    assert ratio is not None
    assert ratio > 5
    assert not any("assumed" in note for note in (*known.notes, *unknown.notes))


def test_other_taggers_are_referees_beside_the_network_on_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of particles see pixels; each has a floor, a number of training jets and a curve."""
    few_draws(monkeypatch)
    softer = replace(FAKE, images=FAKE.images * 0.5)
    ev = evaluate(REAL, softer, n_per_class=100, quick=True, referees=("pt_sum", "trees"))
    rows = {row.observable: row for row in ev.of("referee_auc") if row.group == "w"}
    assert list(rows) == ["images", "pt_sum", "trees", "unused", "used"]
    assert rows["pt_sum"].value > 0.99
    assert rows["trees"].value > 0.8
    for row in rows.values():
        assert row.n == 40
        assert row.floor is not None
        assert 0.2 < row.floor < 0.8
    assert {curve.observable for curve in ev.curves if curve.metric == "referee_auc"} == set(rows)
    with pytest.raises(ConfigError, match=r"there is no tagger trees2; did you mean trees\?"):
        evaluate(REAL, FAKE, referees=("trees2",))


def test_referees_are_trained_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    asked: dict[str, set[str]] = {}

    def watched(name: str, tagger: Tagger) -> Tagger:
        def fit(training: Labelled, validation: Labelled | None, setting: Setting) -> Fitted:
            asked.setdefault(name, set()).add(str(setting.device))
            return tagger.fit(training, validation, replace(setting, device="cpu"))

        return replace(tagger, fit=fit)

    monkeypatch.setattr(TAGGERS, "_things", {name: watched(name, tagger) for name, tagger in TAGGERS.items()})
    monkeypatch.setattr("qgan.evaluation.effort.resolve_device", lambda name: torch.device(name))
    yardstick = Reference.of(REAL, n_per_class=100, quick=True, device="cuda:1", referees=("pt_sum",))
    yardstick.judge(FAKE, metrics=["referee_auc", "tagger_auc"], workers=1)
    assert asked == {name: {"cuda:1"} for name in ("resnet", "pt_sum", "trees")}
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="device 'gpu': unknown, expected auto, cpu, cuda"):
        evaluate(REAL, FAKE, device="gpu")


def test_without_training_jets_referees_divide_the_held_out_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    ev = evaluate(REAL, FAKE, n_per_class=100, quick=True)
    assert any("held-out, for want of training jets" in note for note in ev.notes)
    # A quarter of each side is kept for the test: 200 of 800 real, 100 of 400 generated jets; but no more than 2n, 3n.
    assert any("scored on 50 and 260 others" in note for note in ev.notes)
