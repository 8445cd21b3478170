"""Referees in an evaluation: which observables they see, and which jets they are trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_evaluation import few_draws
from toy_jets import toy_jets

from qgan.evaluation import evaluate

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


def test_without_training_jets_referees_divide_the_held_out_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    ev = evaluate(REAL, FAKE, n_per_class=100, quick=True)
    assert any("held-out, for want of training jets" in note for note in ev.notes)
    # A quarter of each side is kept for the test: 200 of 800 real, 100 of 400 generated jets; but no more than 2n, 3n.
    assert any("scored on 50 and 260 others" in note for note in ev.notes)
